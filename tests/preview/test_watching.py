from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from hubq.preview.cards import Cards, FaultyTemplate
from hubq.preview.server import PreviewServer
from hubq.preview.site import Site
from tests.preview.releases import NAME, TEMPLATES, Pages

pytestmark = pytest.mark.long


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Return a folder for templates of one's own."""
    folder = tmp_path / "templates"
    (folder / "partials").mkdir(parents=True)
    return folder


@pytest.fixture
def folders(own: Path, tmp_path: Path) -> tuple[Path, Path]:
    """Return that folder and a copy of the bundled one, which nobody edits."""
    return own, Path(shutil.copytree(TEMPLATES[0], tmp_path / "bundled"))


def test_a_change_of_a_template_is_seen_and_shown(
    runs: Path, own: Path, folders: tuple[Path, Path]
) -> None:
    cards = Cards(runs, NAME, folders)
    before, state = cards.card("AWQ"), cards.state
    assert cards.state == state
    assert cards.card("AWQ") is before
    (own / "partials" / "caveats.md.j2").write_text("A sentence of mine.\n")
    assert cards.state != state
    assert "A sentence of mine." in cards.card("AWQ").text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("one\n{{ nothing_here }}\n", (2, "'nothing_here' is undefined")),
        ("one\ntwo\n{% if %}\n", (3, "Expected an expression")),
        ("{{ 1 + none }}\n", (1, "TypeError: unsupported operand")),
        ("one\n{{ ''.__class__.__mro__ }}\n", (2, "unsafe")),
    ],
)
def test_a_wrong_template_is_told_with_its_line(
    runs: Path, folders: tuple[Path, Path], text: str, told: tuple[int, str]
) -> None:
    line, said = told
    (folders[0] / "partials" / "caveats.md.j2").write_text(text)
    with pytest.raises(FaultyTemplate) as caught:
        Cards(runs, NAME, folders).card("AWQ")
    fault = caught.value.fault
    assert (fault.file, fault.line) == ("templates/partials/caveats.md.j2", line)
    assert said in fault.message
    assert dict(fault.excerpt)[line] == text.splitlines()[line - 1]


def test_pages_show_a_wrong_template_and_recover(
    runs: Path, own: Path, folders: tuple[Path, Path]
) -> None:
    path = own / "partials" / "caveats.md.j2"
    with PreviewServer(Site(runs, NAME, folders)) as server, Pages(server.url) as pages:
        path.write_text("{{ <b> }}\n")
        for address in ("/cards/AWQ", "/cards/AWQ/diff"):
            answer = pages.get(address)
            assert answer.status_code == 500
            assert "templates/partials/caveats.md.j2</code>, line 1" in answer.text
            assert "{{ &lt;b&gt; }}" in answer.text
        assert "A template cannot be filled in" in pages.text("/")
        assert "A template cannot be filled in" in pages.text("/compare")
        path.unlink()
        assert "A template cannot be filled in" not in pages.text("/")
        pages.text("/cards/AWQ")


def test_a_result_that_comes_while_it_is_served_is_on_the_cards(
    runs: Path, tmp_path: Path, folders: tuple[Path, Path]
) -> None:
    copy = tmp_path / "runs"
    shutil.copytree(runs, copy)
    cards = Cards(copy, NAME, folders)
    folder = cards.opened.family.folders["bench/AWQ"]
    folder.rename(folder.with_suffix(".away"))
    state = cards.state
    assert "bench/AWQ" not in cards.opened.family.results
    assert cards.card("AWQ").footnotes
    folder.with_suffix(".away").rename(folder)
    assert cards.state != state
    assert not any("Not run" in str(note) for note in cards.card("AWQ").footnotes)


@contextlib.contextmanager
def events(url: str) -> Iterator[Iterator[str]]:
    with httpx2.Client() as client, client.stream("GET", f"{url}/_events", timeout=20) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        yield (line for line in stream.iter_lines() if line.startswith("data: "))


def test_listeners_are_told_and_a_stop_does_not_wait_for_them(
    runs: Path, own: Path, folders: tuple[Path, Path]
) -> None:
    server = PreviewServer(Site(runs, NAME, folders)).start()
    with events(server.url) as told:
        first = next(told)
        assert first.removeprefix("data: ") == server.shown.state
        (own / "partials" / "caveats.md.j2").write_text("Mine.\n")
        assert next(told) != first
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        stopping.join(10)
        assert not stopping.is_alive()
