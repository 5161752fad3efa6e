"""Whatever the facts are, a card is made, its tables are whole, and nothing is injected."""

from __future__ import annotations

import itertools
import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from hubq.cards.family import Family
from hubq.cards.gathering import card_facts
from hubq.cards.scripts import scripts_of
from hubq.cards.snippets import SNIPPETS_FILE, snippet_stage
from hubq.errors import BadInput
from hubq.markdown.blocks import find_blocks
from hubq.markdown.frontmatter import check
from hubq.model.card import Evidence
from hubq.model.marks import BEGIN, END, MIDDLE, mark, unmark
from hubq.model.result import Measure
from hubq.model.stage import Kind
from tests.cards.drawing import HOSTILE, World, drawn_family, worlds
from tests.cards.factory import Factory
from tests.cards.pages import (
    elements,
    files_of,
    hosts,
    marked,
    page_of,
    prose,
    text_of,
    uneven_tables,
)
from tests.rows import some

Templates = tuple[Path, ...]
Worlds = tuple[World, ...]
DRAWS = int(os.environ.get("HUBQ_CARD_DRAWS", "3"))
"""How many families are drawn; each is rendered twice, in tame and in hostile words."""
UNESCAPED = re.compile(r"(?<!\\)\{[{%#]")
OURS = {":", "https:huggingface.co", "https:a.example", "https:b.example"}


@pytest.fixture(scope="module")
def tame(tmp_path_factory: pytest.TempPathFactory) -> Worlds:
    count = min(DRAWS, 3) if DRAWS < 100 else 8
    return worlds(tmp_path_factory.mktemp("tame"), count, hostile=False)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory, tame: Worlds) -> Worlds:
    folder = tmp_path_factory.mktemp("hostile")
    return worlds(folder, len(tame), hostile=True, scored=tame)


def variant_of(family: Family, seed: int) -> str:
    """Return a variant that has a card, or none for the report."""
    made = [name for name in family.published if f"quantize/{name}" in family.results]
    return [*made, ""][seed % (len(made) + 1)]


@pytest.mark.parametrize("seed", range(DRAWS))
def test_a_card_of_any_facts_is_whole_and_holds_nothing_foreign(
    tame: Worlds, hostile: Worlds, templates: Templates, seed: int
) -> None:
    calm = drawn_family(seed, tame, hostile=False)
    wild = drawn_family(seed, hostile, hostile=True)
    variant = variant_of(calm, seed)
    files = files_of(wild, variant, templates)
    text, twin = text_of(files), text_of(files_of(calm, variant, templates))
    assert elements(page_of(text)) == elements(page_of(twin))
    assert uneven_tables(text) == []
    assert uneven_tables(twin) == []
    assert hosts(page_of(text)) <= OURS
    assert [b.name for b in find_blocks(text)] == [b.name for b in find_blocks(twin)]
    assert not any(sign in text for sign in (BEGIN, MIDDLE, END))
    assert UNESCAPED.search(prose(text)) is None
    evidence = msgspec.json.decode(files["hubq.json"], type=Evidence)
    assert not any(
        mark(claim.id, "").strip(BEGIN + MIDDLE + END) in text for claim in evidence.claims
    )
    if variant:
        assert check(text)[0] == []
    else:
        assert "<script" not in files["report.html"].decode().lower()


@pytest.mark.parametrize("seed", range(0, DRAWS, 6))
def test_marks_of_hostile_texts_are_no_marks(
    hostile: Worlds, templates: Templates, seed: int
) -> None:
    family = drawn_family(seed, hostile, hostile=True)
    variant = variant_of(family, seed)
    facts = files_of(family, variant, templates)["hubq.json"]
    known = {claim.id for claim in msgspec.json.decode(facts, type=Evidence).claims}
    assert {spot.claim for spot in unmark(marked(family, variant, templates))[1]} <= known


def with_snippets(family: Family, folder: Path, text: str, words: Callable[[int], str]) -> Family:
    """Return a family whose snippets printed some words, or failed with them."""
    states = itertools.cycle(("ran", "failed", "checked", "not-run"))
    number = itertools.count()
    scripts = [
        {
            "kind": script.kind,
            "seconds": 1.0,
            "fences": [
                {
                    "sha256": fence.sha256,
                    "language": fence.language,
                    "title": words(next(number)),
                    "state": next(states),
                    "said": words(next(number)),
                }
                for fence in script.fences
            ],
        }
        for script in scripts_of(text)
    ]
    folder.mkdir()
    (folder / SNIPPETS_FILE).write_text(json.dumps({"scripts": scripts}))
    stage_id = snippet_stage("AWQ", "transformers")
    result = msgspec.structs.replace(family.results["certify/AWQ"], measures=(), facts={})
    return msgspec.structs.replace(
        family,
        results=family.results | {stage_id: result},
        folders=family.folders | {stage_id: folder},
    )


@pytest.mark.parametrize("hostile_first", some(range(0, len(HOSTILE), 4), 2))
def test_what_snippets_print_is_text(
    whole: Factory, templates: Templates, tmp_path: Path, hostile_first: int
) -> None:
    family = whole.family()
    text = text_of(files_of(family, "AWQ", templates))
    calm = with_snippets(family, tmp_path / "calm", text, lambda number: f"word {number}")
    wild = with_snippets(
        family,
        tmp_path / "wild",
        text,
        lambda number: f"{HOSTILE[(hostile_first + number) % len(HOSTILE)]} {number}",
    )
    shown, twin = (text_of(files_of(each, "AWQ", templates)) for each in (wild, calm))
    assert "word 1" in twin
    assert elements(page_of(shown)) == elements(page_of(twin))
    assert hosts(page_of(shown)) <= OURS
    assert not any(sign in shown for sign in (BEGIN, MIDDLE, END))


def test_a_number_that_is_none_never_reaches_a_card(
    whole: Factory, templates: Templates, tmp_path: Path
) -> None:
    own = Factory(tmp_path)
    measure = Measure(
        name="score", value=float("nan"), unit="fraction", n=1, file="x.json", pointer="/x"
    )
    result = msgspec.structs.replace(
        whole.results["bench/AWQ"], key="ab" * 32, measures=(measure,), files={}
    )
    work = own.store.work(result.key)
    (work / "x.json").write_text('{"x": NaN}')
    with pytest.raises(BadInput, match="damaged"):
        own.store.commit(work, result)
    assert result.stage.kind is Kind.BENCH
    assert card_facts(whole.family(), "AWQ").claims
