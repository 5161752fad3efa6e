"""The tables of a card, parsed back, are the claims of its evidence to the printed digit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from hubq.cards.family import Family
from hubq.cards.gathering import card_facts, report_facts
from hubq.cards.show import shown_agrees
from hubq.evaluate.formats.cells import GridCell
from hubq.evaluate.formats.grids import read_grids
from hubq.evaluate.formats.printed import read_cell, read_number
from hubq.markdown.frontmatter import parse
from hubq.model.card import Claim, Evidence
from hubq.model.marks import Spot, unmark
from tests.cards.pages import files_of, marked, text_of, without_names
from tests.rows import some

Templates = tuple[Path, ...]
NUMBER = re.compile(r"\d")
CODE = re.compile(r"`([^`]+)`")
PIPE = re.compile(r"(?<!\\)\|")
READ = ("score.", "delta.", "speed.", "memory.", "size.", "average.")
"""The claims of score, speed and size tables, whose cells the reader of tables takes apart."""
CASES = [
    *[("family", variant) for variant in ("AWQ", "GPTQ-Int8", "GPTQ-Int4", "")],
    *[("gappy", variant) for variant in ("GPTQ-Int8", "GPTQ-Int4", "")],
]


def claims_of(files: dict[str, bytes]) -> dict[str, Claim]:
    evidence = msgspec.json.decode(files["hubq.json"], type=Evidence)
    return {claim.id: claim for claim in evidence.claims}


def cells_of(text: str, spots: tuple[Spot, ...]) -> Iterator[tuple[GridCell, str, list[Spot]]]:
    """Yield each cell of each table as it is parsed, as it is written, and its marks."""
    lines = text.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    for grid in read_grids(text, "markdown"):
        assert grid.line is not None
        for number, row in enumerate(grid.rows):
            at = grid.line - 1 + number + (number > 0)
            bars = [found.start() for found in PIPE.finditer(lines[at])]
            assert len(bars) == len(row) + 1, lines[at]
            for cell, begin, end in zip(row, bars, bars[1:], strict=False):
                within = range(starts[at] + begin, starts[at] + end)
                written = text[within.start : within.stop]
                yield cell, written, [spot for spot in spots if spot.start in within]


@pytest.mark.parametrize(("kind", "variant"), some(CASES, 3))
def test_every_number_of_every_table_is_the_claim_that_its_place_says(
    request: pytest.FixtureRequest, templates: Templates, kind: str, variant: str
) -> None:
    family: Family = request.getfixturevalue(kind)
    facts = card_facts(family, variant) if variant else report_facts(family)
    claims = claims_of(files_of(family, variant, templates))
    text, spots = unmark(marked(family, variant, templates))
    found = 0
    for cell, written, here in cells_of(text, spots):
        rest = cell.text
        for code in sorted(CODE.findall(written), key=len, reverse=True):
            rest = rest.replace(code, "")
        rest = without_names(rest, family, facts)
        for spot in here:
            printed = text[spot.start : spot.end]
            assert printed.lstrip("+\N{MINUS SIGN}") == claims[spot.claim].shown.lstrip(
                "+\N{MINUS SIGN}"
            )
            before, there, rest = rest.partition(printed)
            assert there, (cell.text, spot)
            assert not NUMBER.search(before), (cell.text, spot)
            found += 1
        assert not NUMBER.search(rest), cell.text
    assert found > 100


@pytest.mark.parametrize(("kind", "variant"), some(CASES, 3))
def test_scores_speeds_and_sizes_are_read_back_to_the_digit(
    request: pytest.FixtureRequest, templates: Templates, kind: str, variant: str
) -> None:
    family: Family = request.getfixturevalue(kind)
    claims = claims_of(files_of(family, variant, templates))
    text, spots = unmark(marked(family, variant, templates))
    printed, read = set(), set()
    for cell, _, here in cells_of(text, spots):
        printed |= {spot.claim for spot in here}
        says = read_cell(cell.text, cell.marks)
        numbers = [*says.values, *([says.delta] if says.delta else [])]
        if says.state != "measured" or len(numbers) != len(here):
            continue
        for number, spot in zip(numbers, here, strict=True):
            shown = read_number(claims[spot.claim].shown)
            assert shown is not None
            assert (number.value, number.decimals) == (shown.value, shown.decimals)
            assert shown_agrees(claims[spot.claim].shown, claims[spot.claim].value)
            read.add(spot.claim)
    wanted = {claim for claim in printed if claim.startswith(READ)}
    assert len(wanted) > 20
    assert wanted - read == set()


@pytest.mark.parametrize(("kind", "variant"), some([case for case in CASES if case[1]], 3))
def test_the_scores_of_the_front_matter_are_claims(
    request: pytest.FixtureRequest, templates: Templates, kind: str, variant: str
) -> None:
    files = files_of(request.getfixturevalue(kind), variant, templates)
    shown = {claim.id: claim.shown for claim in claims_of(files).values()}
    entries = parse(text_of(files)).data.get("model-index", [])
    for result in (result for entry in entries for result in entry["results"]):
        told = f"score.{variant}.{result['dataset']['name']}"
        for metric in result["metrics"]:
            assert f"{metric['value']:.2f}" == shown[told]
