"""Every number on a card is a claim, and every claim is borne out by the file it names."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from hubq.cards.family import Family
from hubq.cards.gathering import card_facts, report_facts
from hubq.cards.show import trace
from hubq.model.card import Evidence
from hubq.model.marks import replace_marks, unmark
from tests.cards.factory import Factory
from tests.cards.pages import files_of, marked, nameless
from tests.cards.timings import priced

Templates = tuple[Path, ...]


@pytest.mark.parametrize("kind", ["family", "gappy", "served"])
@pytest.mark.parametrize("variant", ["GPTQ-Int8", "GPTQ-Int4", "AWQ", ""])
def test_every_number_stands_inside_the_mark_of_its_claim(
    request: pytest.FixtureRequest, templates: Templates, kind: str, variant: str
) -> None:
    family: Family = request.getfixturevalue(kind)
    if variant and f"quantize/{variant}" not in family.results:
        return
    facts = card_facts(family, variant) if variant else report_facts(family)
    text = marked(family, variant, templates)
    bare = replace_marks(text, lambda _claim, _shown: "")
    left = [line for line in nameless(bare, family, facts).splitlines() if re.search(r"\d", line)]
    assert left == []
    assert len(unmark(text)[1]) > 140


@pytest.mark.parametrize("variant", ["GPTQ-Int8", "GPTQ-Int4", "AWQ", ""])
def test_a_mark_holds_what_its_claim_shows(
    family: Family, templates: Templates, variant: str
) -> None:
    facts = card_facts(family, variant) if variant else report_facts(family)
    shown = {claim.id: claim.shown for claim in facts.claims}
    text, spots = unmark(marked(family, variant, templates))
    for spot in spots:
        printed = text[spot.start : spot.end]
        assert printed in (shown[spot.claim], shown[spot.claim].lstrip("+\N{MINUS SIGN}")), spot


@pytest.mark.parametrize("variant", ["GPTQ-Int8", "GPTQ-Int4", "AWQ", ""])
def test_every_claim_is_borne_out_by_its_file(
    whole: Factory, family: Family, templates: Templates, tmp_path: Path, variant: str
) -> None:
    files = files_of(family, variant, templates)
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    evidence = msgspec.json.decode(files["hubq.json"], type=Evidence)

    def folder_of(key: str) -> Path | None:
        return tmp_path if key == "self" else whole.store.folder(key)

    traces = [trace(evidence, claim.id, folder_of) for claim in evidence.claims]
    assert [found for found in traces if not found.agrees] == []
    assert all(found.stage for found in traces)


@pytest.mark.parametrize("variant", ["AWQ", ""])
def test_every_claim_of_a_served_family_is_borne_out_by_its_file(
    whole_served: Factory, served: Family, templates: Templates, tmp_path: Path, variant: str
) -> None:
    files = files_of(priced(served), variant, templates)
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    evidence = msgspec.json.decode(files["hubq.json"], type=Evidence)

    def folder_of(key: str) -> Path | None:
        return tmp_path if key == "self" else whole_served.store.folder(key)

    traces = [trace(evidence, claim.id, folder_of) for claim in evidence.claims]
    assert [found for found in traces if not found.agrees] == []
    assert len(traces) > 700


def test_claim_ids_are_unique(family: Family, templates: Templates) -> None:
    files = files_of(family, "", templates)
    claims = msgspec.json.decode(files["hubq.json"], type=Evidence).claims
    assert len({claim.id for claim in claims}) == len(claims)


def test_a_delta_is_the_difference_of_the_scores_before_rounding(family: Family) -> None:
    claims = {claim.id: claim for claim in card_facts(family, "AWQ").claims}
    score, base = claims["score.AWQ.NanoMulti_VAL"], claims["score.BF16.NanoMulti_VAL"]
    assert claims["delta.AWQ.NanoMulti_VAL"].value == pytest.approx(score.value - base.value)
