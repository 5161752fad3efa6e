from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest

from hubq.cards.family import Family
from hubq.cards.rendering import render_card
from hubq.cards.show import describe, shown_agrees, trace
from hubq.errors import BadInput
from hubq.model.card import Claim, Evidence
from tests.cards.factory import Factory
from tests.rows import each_row

CLAIM = "score.AWQ.NanoMath_MINI"


@pytest.fixture
def evidence(family: Family, templates: tuple[Path, ...]) -> Evidence:
    data = render_card(family, "AWQ", templates)["hubq.json"]
    return msgspec.json.decode(data, type=Evidence)


def test_a_number_is_found_where_its_claim_says(whole: Factory, evidence: Evidence) -> None:
    found = trace(evidence, CLAIM, whole.store.folder)
    assert found.agrees
    assert found.found == 0.6825
    assert found.stage == "score/AWQ/NanoMath_MINI"
    text = describe(found)
    assert "score.AWQ.NanoMath_MINI: 68.25 percent" in text
    assert "found            0.6825 × 100" in text
    assert text.endswith("  agrees\n")


def test_a_changed_file_is_found_out(whole: Factory, evidence: Evidence, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(whole.folders["score/AWQ/NanoMath_MINI"], copy)
    (copy / "scores.json").write_text('{"score": {"value": 0.99}}')
    found = trace(evidence, CLAIM, lambda _key: copy)
    assert not found.agrees
    assert "not the file that the card was made from" in describe(found)


def test_a_missing_file_and_a_missing_result_are_told_apart(
    evidence: Evidence, tmp_path: Path
) -> None:
    assert trace(evidence, CLAIM, lambda _key: tmp_path).problem == "scores.json is missing"
    assert trace(evidence, CLAIM, lambda _key: None).problem == "the result is not at hand"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"pointer": "/nowhere"}, "nothing at /nowhere"),
        ({"pointer": "/score"}, "no number at /score"),
        ({"value": 70.0}, "another number"),
        ({"shown": "68.3"}, ""),
        ({"shown": "69.25"}, "no rounding"),
    ],
)
def test_a_claim_that_does_not_hold_says_why(
    whole: Factory, evidence: Evidence, changes: dict[str, object], problem: str
) -> None:
    claims = tuple(
        msgspec.structs.replace(claim, **changes) if claim.id == CLAIM else claim
        for claim in evidence.claims
    )
    found = trace(msgspec.structs.replace(evidence, claims=claims), CLAIM, whole.store.folder)
    assert problem in found.problem
    assert found.agrees == (not problem)


def test_a_line_of_a_file_of_lines_can_be_pointed_to(whole: Factory, evidence: Evidence) -> None:
    result = whole.results["score/AWQ/NanoMath_MINI"]
    claim = Claim(
        id="x",
        shown="1",
        value=1.0,
        unit="count",
        key=result.key,
        file="samples.jsonl",
        pointer="/0/score",
        sha256=result.files["samples.jsonl"].sha256,
    )
    found = trace(msgspec.structs.replace(evidence, claims=(claim,)), "x", whole.store.folder)
    assert found.agrees == (found.found == 1.0)
    assert found.path is not None
    assert found.path.name == "samples.jsonl"


def test_an_unknown_claim_offers_those_like_it(evidence: Evidence) -> None:
    with pytest.raises(BadInput) as caught:
        trace(evidence, "score.AWQ.MMMU", lambda _key: None)
    assert "score.AWQ.NanoDocs_VAL" in caught.value.remedy


@each_row(
    ("shown", "value", "agrees"),
    [
        ("75.15", 75.1500001, True),
        ("75.15", 75.156, False),
        ("−3.10", -3.1, True),
        ("+0.25", 0.25, True),
        ("0.00", -0.0, True),
        ("1,536", 1536.0, True),
        ("<0.001", 0.0004, True),
        ("<0.001", 0.002, False),
        ("0.05", 0.05, True),
    ],
)
def test_printed_characters_are_a_rounding_of_the_number(
    shown: str, value: float, agrees: bool
) -> None:
    assert shown_agrees(shown, value) is agrees
