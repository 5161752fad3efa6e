from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hubq.localhub.server import LocalHub
from hubq.localhub.storage import Storage
from hubq.markdown.blocks import seal
from hubq.preview.cards import Card
from hubq.preview.published import Publications, Published, Standing
from hubq.preview.server import PreviewServer
from hubq.preview.site import Site
from tests.preview.releases import NAME, TEMPLATES, Pages

pytestmark = pytest.mark.long

REPO = "hubq/nano-qwen2-vl-AWQ"


@pytest.fixture
def own(runs: Path, tmp_path: Path) -> Iterator[Site]:
    """Return a preview of a copy of the release, whose embedded Hub may be written to."""
    shutil.copytree(runs, tmp_path / "runs")
    site = Site(tmp_path / "runs", NAME, TEMPLATES)
    yield site
    site.close()


def publish(site: Site, text: str) -> None:
    storage = Storage(site.cards.runs_dir / "hub", durable=False)
    repo = storage.create_repo(REPO, author="local")
    files = {**site.cards.files("AWQ"), "README.md": text.encode()}
    entries = {name: storage.store_file(content) for name, content in files.items()}
    repo.advance("main", entries, author="local", title="Published")


def standing(site: Site, text: str | None = None) -> tuple[Standing, Card]:
    card = site.cards.card("AWQ")
    if text is not None:
        publish(site, text)
    return site.push(card).standing, card


def test_a_card_that_was_never_published_is_new(own: Site) -> None:
    assert standing(own)[0] is Standing.NEW


def test_the_same_card_is_unchanged(own: Site) -> None:
    assert standing(own, own.cards.card("AWQ").text)[0] is Standing.UNCHANGED


def test_people_s_own_text_is_no_change(own: Site) -> None:
    text = own.cards.card("AWQ").text + "\n## Mine\n\nMy own words.\n"
    assert standing(own, text)[0] is Standing.UNCHANGED
    assert own.push(own.cards.card("AWQ")).text == text


def test_an_edited_block_is_left_and_said(own: Site) -> None:
    text = own.cards.card("AWQ").text.replace("Its weights take", "Its weights weigh")
    found, card = standing(own, text)
    assert found is Standing.EDITED
    push = own.push(card)
    assert push.text == text
    assert push.summary == (("note", "left as edited: summary"),)
    assert "block summary is left" in push.remarks[0][1]


def test_the_page_shows_people_s_own_text_and_still_links_the_card_s_numbers(own: Site) -> None:
    card = own.cards.card("AWQ")
    all_links = own.html(card).count('class="claim"')
    publish(own, card.text.replace("Its weights take", "Its weights weigh") + "\nMy words.\n")
    html = own.html(card, own.push(card))
    assert "My words." in html
    assert "Its weights weigh" in html
    edited = own.html(card).partition("<h2")[0].count('class="claim"')
    assert html.count('class="claim"') == all_links - edited


def test_broken_markers_are_said_and_nothing_is_hidden(own: Site) -> None:
    text = own.cards.card("AWQ").text.replace("<!-- hubq:end summary -->", "")
    _, card = standing(own, text)
    push = own.push(card)
    assert push.summary[0][0] == "bad"
    assert "cannot be edited safely" in push.summary[0][1]
    assert push.comparison is not None
    assert push.comparison.added == 1


def test_a_changed_card_shows_what_changes(own: Site) -> None:
    card = own.cards.card("AWQ")
    assert own.push(card).comparison is None
    publish(own, seal(card.text.replace("Its weights take", "Its weights weigh")))
    push = own.push(card)
    assert push.standing is Standing.CHANGED
    assert push.comparison is not None
    changed = [
        "".join(piece.text for piece in line.new if piece.changed)
        for stretch in push.comparison.stretches
        for line in stretch.lines
        if line.kind == "changed"
    ]
    assert "take" in changed
    assert push.comparison.added == push.comparison.removed == len(changed) == 2
    with PreviewServer(own) as server, Pages(server.url) as pages:
        for view in ("unified", "split"):
            html = pages.text(f"/cards/AWQ/diff?view={view}")
            assert "<del>weigh</del>" in html
            assert "<ins>take</ins>" in html
            assert 'class="fold"' in html
        assert 'standing-changed">changed' in pages.text("/")


def test_a_hub_that_cannot_be_reached_is_said_and_asked_in_the_background(tmp_path: Path) -> None:
    answered = threading.Event()
    hub = LocalHub(tmp_path / "hub", durable=False)
    with hub:
        repo = hub.storage.create_repo("a/b", author="local")
        entry = hub.storage.store_file(b"# Here\n")
        repo.advance("main", {"README.md": entry}, author="local", title="x")
        found = Publications(hub.url, tmp_path, offline=False, changed=answered.set)
        assert found.get("a/b").asking
        assert answered.wait(20)
        assert found.get("a/b").text == "# Here\n"
    offline = Publications(hub.url, tmp_path, offline=True, changed=answered.set)
    assert offline.get("a/b") == Published(problem="not asked: --offline")


def test_a_release_without_a_hub_has_nothing_to_compare_with(tmp_path: Path) -> None:
    nowhere = Publications("", tmp_path, offline=False, changed=lambda: None)
    assert nowhere.get("a/b").problem
    empty = Publications("local", tmp_path, offline=False, changed=lambda: None)
    assert empty.get("a/b") == Published()
    assert not any(tmp_path.iterdir())
