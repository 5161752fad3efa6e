from __future__ import annotations

import pytest

from hubq.cards.family import NOT_RUN, Family
from hubq.cards.gathering import card_facts
from hubq.errors import BadInput
from hubq.model.card import CellState
from hubq.model.gap import Gap
from hubq.model.marks import plain
from tests.cards.factory import Factory
from tests.cards.nano import loaded_recipe


def test_a_stage_answers_for_those_that_rest_on_it(whole: Factory) -> None:
    why = Gap(state=CellState.FAILED, reason="rows differ")
    family = whole.family(gaps={"quantize/AWQ": why})
    for stage in ("score/AWQ/NanoMath_MINI", "bench/AWQ", "quantize/AWQ"):
        assert family.gap(stage).reason == "Quantizing failed: rows differ"
    assert family.gap("score/BF16/NanoMath_MINI") is NOT_RUN


def test_a_sitting_answers_for_the_timings_that_rest_on_it(whole: Factory) -> None:
    why = Gap(state=CellState.OOM, reason="no room")
    family = whole.family(gaps={"bench/sitting": why, "bench/sitting/vllm": why})
    for stage in ("bench/AWQ", "bench/BF16", "bench/AWQ/vllm", "bench/sitting"):
        assert family.gap(stage).reason == "Timing ran out of memory: no room"
    other = whole.family(gaps={"bench/sitting/vllm": why})
    assert other.gap("bench/AWQ") is NOT_RUN


def test_the_nearest_reason_counts(whole: Factory) -> None:
    near = Gap(state=CellState.OOM, reason="too large")
    far = Gap(state=CellState.FAILED, reason="rows differ")
    family = whole.family(gaps={"quantize/AWQ": far, "generate/AWQ/NanoMath_MINI": near})
    found = family.gap("score/AWQ/NanoMath_MINI")
    assert found.state is CellState.OOM
    assert found.reason == "Answering the items ran out of memory: too large"


def test_a_gap_that_came_of_another_is_told_as_that_one(whole: Factory) -> None:
    root = Gap(state=CellState.FAILED, reason="rows differ")
    skipped = Gap(
        state=CellState.FAILED, reason="quantize/AWQ: rows differ", because="quantize/AWQ"
    )
    family = whole.family(gaps={"quantize/AWQ": root, "bench/AWQ": skipped})
    assert family.gap("bench/AWQ").reason == "Quantizing failed: rows differ"


def test_a_pending_stage_is_not_said_to_have_failed(whole: Factory) -> None:
    gap = Gap(state=CellState.PENDING, reason="queued")
    assert whole.family(gaps={"bench/AWQ": gap}).gap("bench/AWQ") is gap


def test_margins_of_single_tasks_go_before_the_recipes(whole: Factory) -> None:
    family = whole.family(loaded=loaded_recipe(margins={"NanoText_VAL": 5.0}))
    assert family.margin("NanoText_VAL") == 5.0
    assert family.margin("NanoMath_MINI") == 2.0


def test_the_card_names_tasks_with_margins_of_their_own(whole: Factory) -> None:
    family = whole.family(loaded=loaded_recipe(margins={"NanoText_VAL": 5.0}))
    assert plain(card_facts(family, "AWQ").margins_text) == (
        "2.00 points on NanoDocs_VAL, NanoMath_MINI, NanoChoice_DEV and NanoMulti_VAL and "
        "5.00 points on NanoText_VAL"
    )


def test_controls_are_not_published(family: Family) -> None:
    assert family.published == ("GPTQ-Int8", "GPTQ-Int4", "AWQ")
    assert family.controls == ("RTN-Int3",)


def test_an_unknown_variant_is_bad_input(family: Family) -> None:
    with pytest.raises(BadInput, match="no variant 'X'"):
        family.spec("X")
