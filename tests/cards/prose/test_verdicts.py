from __future__ import annotations

from hubq.cards.family import Family
from hubq.cards.gathering import card_facts, report_facts
from hubq.cards.prose.wording import listed
from tests.cards.reading import texts


def sentences(family: Family, variant: str) -> tuple[str, ...]:
    return texts(card_facts(family, variant).verdicts[0].sentences)


def test_a_loss_is_said_with_its_interval(family: Family) -> None:
    assert sentences(family, "GPTQ-Int4")[0] == (
        "On NanoMath_MINI, GPTQ-Int4 loses 7.00 points against BF16 (95 % CI −9.92 to −4.08)."
    )


def test_where_every_task_is_within_the_margin_one_sentence_says_so(family: Family) -> None:
    (only,) = sentences(family, "GPTQ-Int8")
    assert only.startswith("On every task, any loss of GPTQ-Int8 is smaller than the 2.00 points")


def test_where_the_items_decide_nothing_no_order_is_claimed(family: Family) -> None:
    assert (
        "On NanoChoice_DEV, these 400 items cannot separate AWQ from BF16; a loss of up to 4.12 "
        "points is not excluded."
    ) in sentences(family, "AWQ")


def test_hints_are_called_hints(family: Family) -> None:
    hint = next(text for text in sentences(family, "GPTQ-Int4") if "hint" in text)
    assert "NanoDocs_VAL (−2.25 points" in hint
    assert "may be chance" in hint


def test_the_average_is_silent_when_a_task_is_missing(gappy: Family) -> None:
    assert card_facts(gappy, "GPTQ-Int4").verdicts[0].overall == ""


def test_every_variant_of_the_report_has_its_verdict(family: Family) -> None:
    found = report_facts(family).verdicts
    assert [verdict.variant for verdict in found] == [*family.published, *family.controls]
    assert "is below BF16" in found[-1].overall


def test_enumerations_read_as_english() -> None:
    assert [listed([]), listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
