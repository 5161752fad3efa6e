from __future__ import annotations

import msgspec

from hubq.cards.family import Family
from hubq.cards.gathering import card_facts
from tests.cards.factory import Factory
from tests.cards.nano import STACK
from tests.cards.reading import texts


def benched(whole: Factory, speeds: dict[str, tuple[float, float, float]]) -> Family:
    """Return a family whose speeds are given as median, slowest and fastest."""
    family = whole.family()
    for name, (value, low, high) in speeds.items():
        result = family.results[f"bench/{name}"]
        measures = tuple(
            msgspec.structs.replace(m, value=value, low=low, high=high)
            if m.name.startswith("tokens_per_second/")
            else m
            for m in result.measures
        )
        family.results[f"bench/{name}"] = msgspec.structs.replace(result, measures=measures)
    return family


def avoided(family: Family, variant: str) -> tuple[str, ...]:
    found = card_facts(family, "AWQ").guidance.advice
    return next(texts(advice.avoid) for advice in found if advice.variant == variant)


def chosen(family: Family, variant: str) -> tuple[str, ...]:
    found = card_facts(family, "AWQ").guidance.advice
    return next(texts(advice.choose) for advice in found if advice.variant == variant)


def test_slower_than_the_baseline_is_said_in_words(family: Family) -> None:
    assert "speed counts: slower than BF16 here" in avoided(family, "GPTQ-Int8")
    assert "speed counts: every variant is slower here" in chosen(family, "BF16")
    found = texts(card_facts(family, "AWQ").guidance.costs)
    assert found[0].startswith("Slower than BF16 here: GPTQ-Int8 (0.56× on text and image),")


def test_speeds_whose_repeats_overlap_give_no_reason(whole: Factory) -> None:
    family = benched(whole, {"AWQ": (190.0, 170.0, 300.0)})
    assert not any("speed" in clause for clause in avoided(family, "AWQ"))
    assert "speed counts: every variant is slower here" not in chosen(family, "BF16")


def test_a_speed_without_repeats_gives_no_reason(whole: Factory) -> None:
    family = whole.family()
    result = family.results["bench/BF16"]
    bare = tuple(msgspec.structs.replace(m, low=None, high=None) for m in result.measures)
    family.results["bench/BF16"] = msgspec.structs.replace(result, measures=bare)
    assert not any("speed" in clause for clause in avoided(family, "GPTQ-Int8"))


def test_a_faster_variant_is_for_those_who_want_speed(whole: Factory) -> None:
    family = benched(whole, {"AWQ": (400.0, 390.0, 410.0)})
    assert "speed counts: faster than BF16 here" in chosen(family, "AWQ")
    found = texts(card_facts(family, "AWQ").guidance.costs)
    assert found[1].startswith("Faster than BF16 here: AWQ (")


def test_a_saving_of_memory_that_vanishes_is_said(family: Family) -> None:
    assert "peak memory counts: it hardly falls here" in avoided(family, "AWQ")
    said = texts(card_facts(family, "AWQ").guidance.costs)[-1]
    assert said.startswith("Although the weights are smaller, peak memory hardly falls here")
    assert "GPTQ-Int8 (99.5 % on text and 99.6 % on image)" in said


def memory(whole: Factory, value: float) -> Family:
    family = whole.family()
    for name in ("GPTQ-Int8", "GPTQ-Int4", "AWQ"):
        result = family.results[f"bench/{name}"]
        measures = tuple(
            msgspec.structs.replace(m, value=value)
            if m.name.startswith("peak_memory_bytes/")
            else m
            for m in result.measures
        )
        family.results[f"bench/{name}"] = msgspec.structs.replace(result, measures=measures)
    return family


def test_memory_that_rises_is_a_reason_for_the_baseline(whole: Factory) -> None:
    family = memory(whole, 900e6)
    assert "peak memory counts: it is higher here" in avoided(family, "AWQ")
    assert "peak memory counts: every variant's is higher here" in chosen(family, "BF16")


def test_memory_that_falls_with_the_weights_is_not_mentioned(whole: Factory) -> None:
    family = memory(whole, 300e6)
    assert not any("memory" in clause for clause in avoided(family, "AWQ"))
    assert not any("memory" in text for text in texts(card_facts(family, "AWQ").guidance.costs))


def test_other_hardware_is_not_held_against_the_baseline(whole: Factory) -> None:
    hardware = msgspec.structs.replace(STACK.hardware, cpu="Another CPU")
    stack = msgspec.to_builtins(msgspec.structs.replace(STACK, hardware=hardware))
    family = whole.family()
    elsewhere = msgspec.structs.replace(
        family, environments=family.environments | {"bench/AWQ": stack}
    )
    assert not any("counts: slower" in clause for clause in avoided(elsewhere, "AWQ"))
    assert "speed counts: slower than BF16 here" in avoided(elsewhere, "GPTQ-Int8")
