from __future__ import annotations

from pathlib import Path

import msgspec

from hubq.cards.family import Family
from hubq.cards.gathering import card_facts
from hubq.model.suite import JudgeSpec
from tests.cards.factory import Factory, made_up_samples
from tests.cards.nano import loaded_recipe
from tests.cards.reading import texts


def caveat(family: Family, title: str) -> str:
    found = [
        text for text in texts(card_facts(family, "AWQ").caveats) if text.startswith(f"**{title}")
    ]
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
    found = texts(card_facts(gappy, "GPTQ-Int4").caveats)[0]
    assert found.startswith("**Not everything was measured.**")
    assert "pending, failed and OOM" in found


def test_text_calibration_of_a_model_that_sees_is_named(whole: Factory) -> None:
    calibration = msgspec.structs.replace(loaded_recipe().recipe.calibration, modality="text")
    family = whole.family(loaded=loaded_recipe(calibration=calibration))
    assert "no images" in caveat(family, "Calibration")
    assert caveat(whole.family(), "Calibration") == ""


def test_the_noise_floor_is_said(family: Family) -> None:
    assert "1 of 100 questions of NanoDocs_VAL" in caveat(family, "Noise floor")


def test_a_baseline_that_was_asked_once_has_no_noise_floor(whole: Factory) -> None:
    family = whole.family()
    for name in [name for name in family.results if name.endswith("/repeat")]:
        del family.results[name]
    assert caveat(family, "Noise floor") == ""


def test_the_baseline_in_its_own_precision_is_said(tmp_path: Path) -> None:
    factory = Factory(tmp_path).everything()
    factory.score("BF16", "NanoMath_MINI/native", made_up_samples("BF16", "NanoMath_MINI"))
    said = caveat(factory.family(), "Precision")
    assert "on NanoMath_MINI (0.00)" in said
    assert "NanoDocs_VAL" not in said


def test_an_upstream_harness_is_named_apart(whole: Factory) -> None:
    loaded = loaded_recipe()
    first, *rest = loaded.suite.tasks
    other = msgspec.structs.replace(first, harness="lm-eval", harness_task="gsm8k")
    suite = msgspec.structs.replace(loaded.suite, tasks=(other, *rest))
    family = whole.family(loaded=msgspec.structs.replace(loaded, suite=suite))
    harnesses = [t for t in texts(card_facts(family, "AWQ").caveats) if t.startswith("**Harness")]
    assert len(harnesses) == 2
    assert "NanoDocs_VAL is from lm-eval" in harnesses[1]


def test_a_judge_is_named_with_what_it_read_and_what_rules_give(whole: Factory) -> None:
    loaded = loaded_recipe()
    first, *rest = loaded.suite.tasks
    judge = JudgeSpec(model="reader-1", endpoint="http://localhost/v1", kind="vllm")
    judged = msgspec.structs.replace(first, judge=judge)
    suite = msgspec.structs.replace(loaded.suite, tasks=(judged, *rest))
    family = whole.family(loaded=msgspec.structs.replace(loaded, suite=suite))
    scores = family.folders["score/BF16/NanoDocs_VAL"] / "scores.json"
    kept = scores.read_text()
    told = {
        **msgspec.json.decode(kept),
        "judge": {"asked": 7, "failures": 1, "unreadable": 2},
        "by_rules": {"score": {"value": 0.5}},
    }
    try:
        scores.write_bytes(msgspec.json.encode(told))
        said = caveat(family, "Judge")
    finally:
        scores.write_text(kept)
    assert "reader-1 (vllm) was asked about 7 answers" in said
    assert "By rules alone BF16 scores 50.00" in said
    assert caveat(whole.family(), "Judge") == ""
