from __future__ import annotations

import msgspec

from hubq.cards.facts import card_facts
from hubq.cards.family import Family
from tests.cards.factory import Factory
from tests.cards.nano import loaded_recipe


def caveat(family: Family, title: str) -> str:
    found = [text for text in card_facts(family, "AWQ").caveats if text.startswith(f"**{title}")]
    return found[0] if found else ""


def test_a_subset_is_called_one(family: Family) -> None:
    assert "400 items of NanoDocs_VAL" in caveat(family, "Subsets")


def test_whole_sets_need_no_such_caveat(whole: Factory) -> None:
    loaded = loaded_recipe()
    tasks = tuple(msgspec.structs.replace(task, limit=None) for task in loaded.suite.tasks)
    suite = msgspec.structs.replace(loaded.suite, tasks=tasks)
    family = whole.family(loaded=msgspec.structs.replace(loaded, suite=suite))
    assert caveat(family, "Subsets") == ""


def test_unparsed_answers_are_counted(family: Family) -> None:
    assert caveat(family, "Answers").endswith(": 0.5 % for AWQ on NanoMath_MINI.")


def test_answers_of_siblings_are_left_to_their_cards(family: Family) -> None:
    found = card_facts(family, "GPTQ-Int4").troubles
    assert found == ()


def test_a_speed_of_a_cpu_is_no_speed_of_a_gpu(family: Family) -> None:
    assert "CPU" in caveat(family, "Speed")


def test_small_sets_say_what_they_can_detect(family: Family) -> None:
    assert "is found with a probability below 80 %" in caveat(family, "Small sets")


def test_missing_cells_are_announced(gappy: Family) -> None:
    found = card_facts(gappy, "GPTQ-Int4").caveats[0]
    assert found.startswith("**Not everything was measured.**")
    assert "pending, failed and OOM" in found


def test_text_calibration_of_a_model_that_sees_is_named(whole: Factory) -> None:
    calibration = msgspec.structs.replace(loaded_recipe().recipe.calibration, modality="text")
    family = whole.family(loaded=loaded_recipe(calibration=calibration))
    assert "no images" in caveat(family, "Calibration")
    assert caveat(whole.family(), "Calibration") == ""
