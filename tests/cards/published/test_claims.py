"""Every number of a report is a claim, and every claim is borne out by the file it names."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from hubq.cards.published.sheets import Source
from hubq.cards.show import trace
from hubq.markdown.escaping import escape
from hubq.model.card import Evidence
from hubq.model.marks import replace_marks, unmark
from tests.cards.published.reports import (
    DATA,
    KEY,
    QWEN3_SIZES,
    facts_of,
    files_of,
    kept,
    marked_of,
    table_bytes,
)

PAGES = ["qwen2-vl.md", "red-hat.html", "speed-ups.md", "vlmq.md", "qwen3.md"]


def sizes(page: str) -> dict[str, int]:
    return QWEN3_SIZES if page == "qwen3.md" else {}


def names_of(source: Source) -> list[str]:
    """Return every text of a page that is no number, and what a report calls its tables."""
    texts = [source.given, source.page[:12], source.imported, escape(source.imported)]
    for table in source.tables:
        texts += [table.heading, *table.notes.values(), *table.heads]
        for found in table.measures:
            texts += [found.variant, found.task, found.group, *found.labels]
            texts += [found.variant.rstrip("†‡♣"), found.task.rstrip("†‡♣"), found.unit]
            texts += [f"{found.task.rstrip('♣')} {found.shown}"]
            texts += [part.strip() for part in found.task.split(" / ")]
            texts += [] if found.value is not None else [found.shown]
    told = {text for text in (*texts, *map(escape, texts)) if re.search(r"\d", text)}
    return sorted(told, key=len, reverse=True)


@pytest.mark.parametrize("page", PAGES)
def test_every_number_stands_inside_the_mark_of_its_claim(page: str) -> None:
    source = kept(page, sizes(page))
    bare = replace_marks(marked_of(source), lambda _claim, _shown: "")
    for name in names_of(source):
        bare = bare.replace(name, "")
    bare = re.sub(
        r"[Tt]able \d+|SHA-256|hubq 0\.0|^\| \d+ \||row \d+", "", bare, flags=re.MULTILINE
    )
    # A picture's numbers are claims too; the text in its place has no room for marks.
    bare = re.sub(r"<picture>.*?</picture>|\]\(charts/[^)]*\)", "", bare, flags=re.DOTALL)
    assert [line for line in bare.splitlines() if re.search(r"\d", line)] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_claim_is_borne_out_by_its_file(page: str, tmp_path: Path) -> None:
    files = files_of(kept(page, sizes(page)))
    imported = tmp_path / "import"
    imported.mkdir()
    text = (DATA / page).read_text(encoding="utf-8")
    (imported / "table.json").write_bytes(table_bytes(text, page, sizes(page)))
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    evidence = msgspec.json.decode(files["hubq.json"], type=Evidence)
    folders = {"self": tmp_path, KEY: imported}
    # Each trace reads its file again, so of the many claims of a large table some are traced.
    some = evidence.claims[:: 1 + len(evidence.claims) // 100]
    traces = [trace(evidence, claim.id, folders.get) for claim in some]
    assert [(t.claim.id, t.problem) for t in traces if not t.agrees] == []
    assert all(found.stage for found in traces)
    assert len({claim.id for claim in evidence.claims}) == len(evidence.claims)


@pytest.mark.parametrize("page", PAGES)
def test_a_mark_holds_what_its_claim_shows(page: str) -> None:
    source = kept(page, sizes(page))
    shown = {claim.id: claim.shown for claim in facts_of(source).claims}
    text, spots = unmark(marked_of(source))
    assert spots
    for spot in spots:
        printed = text[spot.start : spot.end]
        assert printed in (shown[spot.claim], shown[spot.claim].lstrip("+\N{MINUS SIGN}")), spot


def test_footnotes_have_their_twins() -> None:
    evidence = msgspec.json.decode(files_of(kept("qwen3.md"))["hubq.json"], type=Evidence)
    states = [note["state"] for note in evidence.footnotes]
    assert states == ["oom", "running", "suspect"]
    assert all(note["cells"] for note in evidence.footnotes)
