from __future__ import annotations

from pathlib import Path

from hubq.cards.family import Family
from hubq.cards.gathering import card_facts
from hubq.cards.rendering import render_card
from tests.cards.reading import texts
from tests.cards.timings import told


def said(family: Family) -> tuple[str, ...]:
    return texts(card_facts(family, "AWQ").speed.remarks)


def test_nothing_doubtful_is_nothing_said(family: Family, served: Family) -> None:
    assert said(family) == ()
    serving = card_facts(served, "AWQ").serving
    assert serving is not None
    assert serving.remarks == ()


def test_a_busy_machine_is_said_next_to_the_table(
    family: Family, templates: tuple[Path, ...]
) -> None:
    busy = ["Other processes took 1.2 cores on average."]
    moved = told(told(family, "AWQ", busy=busy), "BF16", busy=busy)
    (remark,) = said(moved)
    assert remark.startswith(
        "**Busy machine.** Other processes took 1.2 cores on average. Turns hit all variants alike"
    )
    text = render_card(moved, "AWQ", templates, charts=False)["README.md"].decode()
    table = text.partition("### Speed\n")[2].partition("Plain transformers")[0]
    assert "> **Busy machine.** Other processes took 1.2 cores" in table


def test_of_the_same_said_again_the_most_counts(family: Family) -> None:
    busy = [f"Others took {cores} of 2 cores." for cores in (0.4, 1.25, 0.9)]
    (remark,) = said(told(family, "AWQ", busy=[*busy, "The clocks fell."]))
    assert remark.startswith(
        "**Busy machine.** Others took 1.25 of 2 cores. The clocks fell. Turns"
    )


def test_a_workload_that_hit_the_cap_of_rounds_is_named(family: Family) -> None:
    stopped = {"text": "most", "image": "narrow"}
    (remark,) = said(told(family, "BF16", stopped=stopped))
    assert remark == (
        "**Cap of rounds.** text stopped at the most that the recipe allows, 15 rounds, before "
        "they had every ratio to within 2 %: a difference is said there where p is under 0.1 %."
    )


def test_a_load_that_hit_the_cap_is_named_in_words(served: Family) -> None:
    moved = told(served, "AWQ", "vllm", stopped={"chat/c4": "most", "chat/max": "most"})
    serving = card_facts(moved, "AWQ").serving
    assert serving is not None
    (remark,) = texts(serving.remarks)
    assert remark.startswith(
        "**Cap of rounds.** chat (4 at a time) and chat (all 12 at once) stopped"
    )


def test_a_speed_that_never_settled_is_named_with_its_variant(family: Family) -> None:
    moved = told(family, "AWQ", settled={"text": False, "image": False})
    (remark,) = said(told(moved, "GPTQ-Int8", settled={"text": True, "image": False}))
    assert remark == (
        "**Warm-up.** After 10 runs the speed had not settled for image of GPTQ-Int8 and text and "
        "image of AWQ."
    )


def test_what_others_say_of_a_machine_is_escaped(family: Family) -> None:
    (remark,) = said(told(family, "AWQ", busy=["<b>stress</b> ran"]))
    assert "<b>" not in remark
    assert "stress" in remark
