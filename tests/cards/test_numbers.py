"""Every number on a card is a claim, and every claim is borne out by the file it names."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from hubq.cards.family import Family
from hubq.cards.gathering import card_facts
from hubq.cards.rendering import render_card, render_report
from hubq.cards.show import trace
from hubq.model.card import Evidence
from hubq.model.recipe import BASELINE
from tests.cards.factory import Factory

_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
_BLOCKS = ("summary", "choice", "scores", "speed", "size", "making", "certificate", "caveats")
Templates = tuple[Path, ...]


def blocks_of(text: str) -> str:
    """Return the measured blocks of a card."""
    return "\n".join(
        text.partition(f"<!-- hubq:begin {name} -->")[2].partition(f"<!-- hubq:end {name} -->")[0]
        for name in _BLOCKS
    )


def without_names(text: str, family: Family) -> str:
    """Return text without code, addresses, names, and what the environment stack says."""
    text = re.sub(r"`[^`]*`|\]\([^)]*\)", "", text)
    facts = card_facts(family, "GPTQ-Int4")
    names = {BASELINE, "bfloat16", family.source.name, "16 bits", "SHA-256"}
    names |= {task.name for task in family.tasks} | set(family.published)
    names |= {facts.hardware, *(made.hardware for made in facts.making.values())}
    names |= {library for made in facts.making.values() for library in made.libraries}
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, "")
    return text


@pytest.mark.parametrize("kind", ["family", "gappy"])
def test_every_number_is_a_claim(
    request: pytest.FixtureRequest, templates: Templates, kind: str
) -> None:
    family: Family = request.getfixturevalue(kind)
    files = render_card(family, "GPTQ-Int4", templates)
    claims = msgspec.json.decode(files["hubq.json"], type=Evidence).claims
    known = {number for claim in claims for number in _NUMBER.findall(claim.shown)}
    text = without_names(blocks_of(files["README.md"].decode()), family)
    numbers = _NUMBER.findall(text)
    assert len(numbers) > 140
    assert [number for number in numbers if number not in known] == []


@pytest.mark.parametrize("variant", ["GPTQ-Int8", "GPTQ-Int4", "AWQ", ""])
def test_every_claim_is_borne_out_by_its_file(
    whole: Factory, family: Family, templates: Templates, tmp_path: Path, variant: str
) -> None:
    files = render_card(family, variant, templates) if variant else render_report(family, templates)
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    evidence = msgspec.json.decode(files["hubq.json"], type=Evidence)

    def folder_of(key: str) -> Path | None:
        return tmp_path if key == "self" else whole.store.folder(key)

    traces = [trace(evidence, claim.id, folder_of) for claim in evidence.claims]
    assert [found for found in traces if not found.agrees] == []
    assert all(found.stage for found in traces)


def test_claim_ids_are_unique(family: Family, templates: Templates) -> None:
    files = render_report(family, templates)
    claims = msgspec.json.decode(files["hubq.json"], type=Evidence).claims
    assert len({claim.id for claim in claims}) == len(claims)


def test_a_delta_is_the_difference_of_the_scores_before_rounding(family: Family) -> None:
    claims = {claim.id: claim for claim in card_facts(family, "AWQ").claims}
    score, base = claims["score.AWQ.NanoMulti_VAL"], claims["score.BF16.NanoMulti_VAL"]
    assert claims["delta.AWQ.NanoMulti_VAL"].value == pytest.approx(score.value - base.value)
