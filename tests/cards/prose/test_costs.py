from __future__ import annotations

from hubq.cards.family import Family
from hubq.cards.gathering import card_facts
from tests.cards.reading import texts
from tests.cards.timings import measured_as, paced

NAMES = ("GPTQ-Int8", "GPTQ-Int4", "AWQ")


def avoided(family: Family, variant: str) -> tuple[str, ...]:
    found = card_facts(family, "AWQ").guidance.advice
    return next(texts(advice.avoid) for advice in found if advice.variant == variant)


def chosen(family: Family, variant: str) -> tuple[str, ...]:
    found = card_facts(family, "AWQ").guidance.advice
    return next(texts(advice.choose) for advice in found if advice.variant == variant)


def costs(family: Family) -> tuple[str, ...]:
    return texts(card_facts(family, "AWQ").guidance.costs)


def test_slower_than_the_baseline_is_said_in_words(family: Family) -> None:
    slower = "speed for single requests counts: slower than BF16 here"
    assert slower in avoided(family, "GPTQ-Int8")
    every = "speed for single requests counts: every variant is slower here"
    assert every in chosen(family, "BF16")
    assert costs(family)[0] == (
        "Slower than BF16 for single requests: GPTQ-Int8 (0.56× on text and image), "
        "GPTQ-Int4 (0.85× on text and image) and AWQ (0.90× on text and image)."
    )


def test_what_chance_explains_gives_no_reason(family: Family) -> None:
    moved = paced(family, "AWQ", 0.98, 0.2)
    assert not any("speed" in clause for clause in avoided(moved, "AWQ"))
    assert not any("every variant is slower" in clause for clause in chosen(moved, "BF16"))


def test_a_single_round_gives_no_reason(family: Family) -> None:
    moved = paced(family, "GPTQ-Int8", 0.56, None)
    assert not any("speed" in clause for clause in avoided(moved, "GPTQ-Int8"))


def test_a_faster_variant_is_for_those_who_want_speed(family: Family) -> None:
    moved = paced(family, "AWQ", 1.9, 1e-6)
    faster = "speed for single requests counts: faster than BF16 here"
    assert faster in chosen(moved, "AWQ")
    assert costs(moved)[1] == (
        "Faster than BF16 for single requests: AWQ (1.90× on text and image)."
    )


def test_where_only_some_workloads_are_faster_they_are_named(family: Family) -> None:
    moved = paced(family, "AWQ", 1.9, 1e-6, place="/text")
    assert "speed for single requests counts: faster than BF16 here on text" in chosen(moved, "AWQ")
    assert "speed for single requests counts: slower than BF16 here on image" in avoided(
        moved, "AWQ"
    )


def test_single_requests_and_load_are_told_apart(served: Family) -> None:
    moved = paced(served, "AWQ", 1.4, 1e-6, engine="vllm", place="/max")
    moved = paced(moved, "AWQ", 1.3, 1e-6, engine="vllm", place="/c4")
    moved = paced(moved, "AWQ", 1.2, 1e-6, engine="vllm", place="/r2.5")
    assert "speed under load counts: faster than BF16 here" in chosen(moved, "AWQ")
    assert "speed for single requests counts: slower than BF16 here" in avoided(moved, "AWQ")
    found = costs(moved)
    assert (
        "Faster than BF16 under load in vLLM: AWQ (1.30× on chat with 4 at a time and 1.40× on"
        in (found[3])
    )
    assert any(
        text.startswith("Faster than BF16 at a rate of requests in vLLM, by the time to the last")
        and "AWQ (0.83× on chat at 2.5 a second)" in text
        for text in found
    )


def test_the_headline_says_for_which_requests_its_pick_is_slower(served: Family) -> None:
    assert "It is slower than BF16 here." in card_facts(served, "AWQ").guidance.headline
    moved = paced(served, "GPTQ-Int8", 1.4, 1e-6, engine="vllm", place="/max")
    headline = card_facts(moved, "AWQ").guidance.headline
    assert "It is slower than BF16 for single requests here." in headline


def test_a_saving_of_memory_that_vanishes_is_said(family: Family) -> None:
    assert "peak memory counts: it hardly falls here" in avoided(family, "AWQ")
    said = costs(family)[-1]
    assert said.startswith("Although the weights are smaller, peak memory hardly falls here")
    assert "GPTQ-Int8 (99.5 % on text and 99.6 % on image)" in said


def memory(family: Family, value: float) -> Family:
    for name in NAMES:
        family = measured_as(family, name, "peak_memory_bytes/", value)
    return family


def test_memory_that_rises_is_a_reason_for_the_baseline(family: Family) -> None:
    moved = memory(family, 900e6)
    assert "peak memory counts: it is higher here" in avoided(moved, "AWQ")
    assert "peak memory counts: every variant's is higher here" in chosen(moved, "BF16")


def test_memory_that_falls_with_the_weights_is_not_mentioned(family: Family) -> None:
    moved = memory(family, 300e6)
    assert not any("memory" in clause for clause in avoided(moved, "AWQ"))
    assert not any("memory" in text for text in costs(moved))
