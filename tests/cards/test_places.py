"""Evidence says where a card prints each of its claims, in the README as it is published."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from hubq.cards.comparison import compare
from hubq.cards.family import Family, read_environments
from hubq.cards.places import OUTSIDE, places_of
from hubq.cards.rendering import render_card, render_report
from hubq.markdown.blocks import find_blocks
from hubq.model.card import Evidence
from hubq.model.codec import canonical, digest
from hubq.model.marks import mark, unmark
from hubq.model.recipe import LoadedRecipe, Recipe
from hubq.model.source import Source
from hubq.model.suite import Suite
from hubq.model.workload import Workloads
from tests.cards.factory import Factory
from tests.cards.pages import marked
from tests.rows import some

Templates = tuple[Path, ...]

VARIANTS = ["GPTQ-Int8", "GPTQ-Int4", "AWQ"]


def made(family: Family, variant: str, templates: Templates) -> tuple[str, Evidence]:
    files = render_card(family, variant, templates, charts=False)
    return files["README.md"].decode(), msgspec.json.decode(files["hubq.json"], type=Evidence)


@pytest.mark.parametrize("kind", ["family", "gappy"])
@pytest.mark.parametrize("variant", some(VARIANTS, 2))
def test_at_each_place_stands_what_its_claim_shows(
    request: pytest.FixtureRequest, templates: Templates, kind: str, variant: str
) -> None:
    family: Family = request.getfixturevalue(kind)
    if f"quantize/{variant}" not in family.results:
        return
    text, evidence = made(family, variant, templates)
    shown = {claim.id: claim.shown for claim in evidence.claims}
    blocks = {block.name: block.text for block in find_blocks(text)}
    for name, places in evidence.places.items():
        for offset, claim in places:
            size = shown[claim].lstrip("+\N{MINUS SIGN}")
            forms = (shown[claim], size)
            assert blocks[name].startswith(forms, offset), (name, offset, claim)


@pytest.mark.parametrize("variant", some(VARIANTS, 2))
def test_every_number_that_a_card_prints_has_a_place(
    family: Family, templates: Templates, variant: str
) -> None:
    text, evidence = made(family, variant, templates)
    places = {(claim, name) for name, found in evidence.places.items() for _, claim in found}
    bare, spots = unmark(marked(family, variant, templates))
    blocks = find_blocks(bare)
    for spot in spots:
        block = next(b for b in blocks if b.text_start <= spot.start < b.text_end)
        assert (spot.start - block.text_start, spot.claim) in evidence.places[block.name]
    assert len(places) > 140
    assert OUTSIDE not in evidence.places
    for found in evidence.places.values():
        assert list(found) == sorted(found)
    for alt in re.findall(r'alt="([^"]*)"', text):
        start = next(b for b in find_blocks(text) if b.name == "charts").text.index(alt)
        numbers = re.finditer(r"(?<![\w.,])[+−]?\d+\.\d+", alt)
        known = {offset for offset, _ in evidence.places["charts"]}
        assert all(start + number.start() in known for number in numbers)


def test_the_report_has_places_too(family: Family, templates: Templates) -> None:
    files = render_report(family, templates, charts=False)
    evidence = msgspec.json.decode(files["hubq.json"], type=Evidence)
    text, shown = files["report.md"].decode(), {c.id: c.shown for c in evidence.claims}
    found = [place for places in evidence.places.values() for place in places]
    assert len(found) > 140
    outside = evidence.places.get(OUTSIDE, ())
    assert all(text.startswith((shown[c], shown[c].lstrip("+−")), at) for at, c in outside)


def test_places_count_characters_after_the_opening_marker() -> None:
    text = (
        f"é {mark('a', '1')}\n<!-- hubq:begin x -->\né {mark('b', '2')}, {mark('c', '3')}\n"
        f"<!-- hubq:end x -->\n{mark('d', '4')}\n"
    )
    outside = ((2, "a"), (text.replace(mark("a", "1"), "1").index("hubq:end"), "d"))
    found = places_of(text)
    assert found["x"] == ((2, "b"), (5, "c"))
    assert [claim for _, claim in found[OUTSIDE]] == [claim for _, claim in outside]
    bare = unmark(text)[0]
    assert [bare[at] for at, _ in found[OUTSIDE]] == ["1", "4"]


def test_the_evidence_says_where_the_siblings_are_and_what_is_missing(
    gappy: Family, templates: Templates
) -> None:
    _, evidence = made(gappy, "GPTQ-Int4", templates)
    assert evidence.family == gappy.repos
    assert (evidence.command, evidence.site) == (gappy.command, gappy.site)
    assert evidence.gaps
    for stage, gap in evidence.gaps.items():
        assert (gap["state"], gap["reason"]) == (gappy.gaps[stage].state, gappy.gaps[stage].reason)
    left = {stage for stage in gappy.gaps if not stage.startswith(("push/", "verify/", "card/"))}
    controls = {stage for stage in left if "RTN-Int3" in stage}
    assert evidence.gaps.keys() == left - controls


def test_a_comparison_is_computed_again_from_the_evidence_alone(
    whole: Factory, family: Family, templates: Templates
) -> None:
    files = render_card(family, "AWQ", templates, charts=False)
    evidence = msgspec.json.decode(files["hubq.json"], type=Evidence)
    recipe = dict(evidence.recipe)
    assert recipe.pop("digest") == digest(recipe)
    suite, workloads = recipe.pop("suite"), recipe.pop("workloads")
    loaded = LoadedRecipe(
        recipe=msgspec.convert({**recipe, "suite": "s", "workloads": "w"}, Recipe),
        suite=msgspec.convert(suite, Suite),
        workloads=msgspec.convert(workloads, Workloads),
        origin="",
        folder="",
    )
    stages = {result["stage"]: key for key, result in evidence.results.items()}
    known = {"name": evidence.source["name"], "digest": evidence.source["digest"]}
    folders = {stage: whole.store.folder(key) for stage, key in stages.items()}
    again = Family(
        source=Source(**known, path="", config={}, files=evidence.source["files"]),
        loaded=loaded,
        results={stage: whole.store.load(key) for stage, key in stages.items()},
        folders=folders,
        gaps={},
        repos=evidence.family,
        command=evidence.command,
        version=evidence.hubq,
        environments=read_environments(folders),
        site=evidence.site,
        overlaps=evidence.overlaps,
    )
    found = compare(again, again.published)
    assert msgspec.json.decode(files["comparison.json"]) == msgspec.json.decode(canonical(found))
