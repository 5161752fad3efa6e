from __future__ import annotations

import pytest

from hubq.cards.family import NOT_RUN, Family, Gap
from hubq.errors import BadInput
from hubq.model.card import CellState
from tests.cards.factory import Factory
from tests.cards.nano import loaded_recipe


def test_a_stage_answers_for_those_that_rest_on_it(whole: Factory) -> None:
    why = Gap(state=CellState.FAILED, reason="It failed.")
    family = whole.family(gaps={"quantize/AWQ": why})
    assert family.gap("score/AWQ/NanoMath_MINI") is why
    assert family.gap("bench/AWQ") is why
    assert family.gap("score/BF16/NanoMath_MINI") is NOT_RUN


def test_the_nearest_reason_counts(whole: Factory) -> None:
    near = Gap(state=CellState.OOM, reason="Too large.")
    far = Gap(state=CellState.FAILED, reason="It failed.")
    family = whole.family(gaps={"quantize/AWQ": far, "generate/AWQ/NanoMath_MINI": near})
    assert family.gap("score/AWQ/NanoMath_MINI") is near


def test_margins_of_single_tasks_go_before_the_recipes(whole: Factory) -> None:
    family = whole.family(loaded=loaded_recipe(margins={"NanoText_VAL": 5.0}))
    assert family.margin("NanoText_VAL") == 5.0
    assert family.margin("NanoMath_MINI") == 2.0


def test_controls_are_not_published(family: Family) -> None:
    assert family.published == ("GPTQ-Int8", "GPTQ-Int4", "AWQ")
    assert family.controls == ("RTN-Int3",)


def test_an_unknown_variant_is_bad_input(family: Family) -> None:
    with pytest.raises(BadInput, match="no variant 'X'"):
        family.spec("X")
