from __future__ import annotations

from typing import Any

import msgspec
import pytest

from hubq.cards.comparison import compare
from hubq.cards.family import Family
from hubq.cards.gathering import card_facts
from hubq.cards.ledger import Ledger
from hubq.cards.prose.guidance import Advice, Guidance, guidance_of
from hubq.model.codec import pretty
from hubq.model.marks import plain, unmark
from tests.cards.reading import texts

NAMES = ("GPTQ-Int8", "GPTQ-Int4", "AWQ")


@pytest.fixture(scope="module")
def document(whole: Any) -> dict[str, Any]:
    """Return a comparison to change: what the statistics say decides, and nothing else."""
    return compare(whole.family(), NAMES)


def guided(family: Family, document: dict[str, Any], names: tuple[str, ...] = NAMES) -> Guidance:
    ledger = Ledger(family, pretty(document).encode())
    return guidance_of(family, ledger, names, "GPTQ-Int4")


def changed(document: dict[str, Any], **parts: Any) -> dict[str, Any]:
    copy: dict[str, Any] = msgspec.json.decode(pretty(document))
    return copy | parts


def row(guidance: Guidance, variant: str) -> Advice:
    (found,) = [advice for advice in guidance.advice if advice.variant == variant]
    return found


def test_the_headline_names_a_variant_for_a_purpose_and_whom_to_warn(family: Family) -> None:
    assert plain(card_facts(family, "GPTQ-Int4").guidance.headline) == (
        "Where no more than the margin may be lost, take **GPTQ-Int8**: any loss is within it on "
        "every task, with 70.5 % of BF16's weights. It is slower than BF16 here. Avoid "
        "**GPTQ-Int4** for work like NanoMath_MINI and **AWQ** for work like NanoDocs_VAL, "
        "NanoMulti_VAL and NanoText_VAL: losses were shown there."
    )


def test_every_variant_and_the_baseline_have_a_row(family: Family) -> None:
    found = card_facts(family, "GPTQ-Int4").guidance
    assert [advice.variant for advice in found.advice] == ["BF16", *NAMES]
    assert [advice.variant for advice in found.advice if advice.this] == ["GPTQ-Int4"]


def test_a_shown_loss_is_a_reason_against_and_the_margin_one_for(
    family: Family, document: dict[str, Any]
) -> None:
    found = row(guided(family, document), "GPTQ-Int4")
    assert "work like NanoChoice_DEV: any loss is within the margin there" in texts(found.choose)
    assert "work like NanoMath_MINI (7.00 points): a loss was shown there" in texts(found.avoid)
    assert found.choice is not None
    assert found.choice.unclear == ("NanoDocs_VAL", "NanoMulti_VAL", "NanoText_VAL")


def test_a_difference_alone_gives_no_reason(family: Family, document: dict[str, Any]) -> None:
    scores = changed(document)["scores"]
    for entry in scores.values():
        for pair in entry["variants"].values():
            pair |= {"verdict": "open", "non_inferiority": "inconclusive"}
    found = guided(family, changed(document, scores=scores, margins=[], speed={}, pareto=[]))
    said = [*row(found, "GPTQ-Int8").choose, *row(found, "GPTQ-Int8").avoid]
    assert said == []
    assert plain(found.headline).startswith("No variant was shown to stay within the margin on any")
    assert plain(found.headline).endswith("and none is excluded there.")
    assert "no variant was shown to stay within the margin there" in row(found, "BF16").choose[0]


def test_a_missing_task_keeps_a_variant_from_being_safe_on_all(
    family: Family, document: dict[str, Any]
) -> None:
    scores = changed(document)["scores"]
    del scores["NanoText_VAL"]["variants"]["GPTQ-Int8"]
    found = guided(family, changed(document, scores=scores))
    assert plain(found.headline).startswith("No variant was shown to stay within the margin on ev")
    assert row(found, "BF16").avoid == ()


def test_tasks_at_the_floor_decide_nothing(family: Family, document: dict[str, Any]) -> None:
    scores = changed(document)["scores"]
    for entry in scores.values():
        entry["floor"] = True
    found = guided(family, changed(document, scores=scores))
    assert found.headline == ""
    assert found.undecided == ()
    assert not any("work like" in clause for advice in found.advice for clause in advice.choose)


def test_a_task_at_the_floor_is_left_out_of_every_task(
    family: Family, document: dict[str, Any]
) -> None:
    scores = changed(document)["scores"]
    scores["NanoMulti_VAL"]["floor"] = True
    found = guided(family, changed(document, scores=scores))
    assert "any loss is within it on every task above the floor" in plain(found.headline)


def test_same_bits_are_told_apart_only_where_the_items_do(
    family: Family, document: dict[str, Any]
) -> None:
    found = guided(family, document)
    better = "work like NanoMulti_VAL: better than AWQ there"
    assert better in row(found, "GPTQ-Int4").choose
    assert "work like NanoMulti_VAL: GPTQ-Int4 is better there" in row(found, "AWQ").avoid
    (said,) = texts(found.undecided)
    assert said == (
        "On NanoDocs_VAL, NanoMath_MINI, NanoChoice_DEV and NanoText_VAL, 400 items each cannot "
        "separate GPTQ-Int4 from AWQ."
    )


def test_one_task_that_cannot_separate_two_is_said_in_one_sentence(
    family: Family, document: dict[str, Any]
) -> None:
    (pair,) = changed(document)["margins"]
    pair["tasks"] = {"NanoMath_MINI": pair["tasks"]["NanoMath_MINI"]}
    found = guided(family, changed(document, margins=[pair]))
    assert texts(found.undecided) == (
        "These 400 items cannot separate GPTQ-Int4 from AWQ on NanoMath_MINI.",
    )


def test_without_a_comparison_of_pairs_nothing_is_said_of_them(
    family: Family, document: dict[str, Any]
) -> None:
    whole = changed(document)
    del whole["margins"]
    assert guided(family, whole).undecided == ()


def front(low: float) -> list[dict[str, Any]]:
    """Return a Pareto front on which GPTQ-Int4, with a score of at least `low`, beats AWQ."""
    size = {"value": 1.0, "better": "less"}
    axes = {
        "AWQ": {"score": {"value": 0.6, "low": 0.58, "high": 0.62}, "bytes": size},
        "GPTQ-Int4": {"score": {"value": 0.7, "low": low, "high": 0.72}, "bytes": size},
        "RTN-Int3": {"score": {"value": 0.9, "low": 0.9, "high": 0.9}, "bytes": size},
    }
    by = {"AWQ": ["GPTQ-Int4", "RTN-Int3"], "GPTQ-Int4": [], "RTN-Int3": []}
    return [{"name": n, "dominated_by": by[n], "axes": axes[n]} for n in axes]


def test_what_is_off_the_pareto_front_names_what_is_in_front(
    family: Family, document: dict[str, Any]
) -> None:
    found = guided(family, changed(document, pareto=front(low=0.68)))
    assert row(found, "AWQ").avoid[-1] == (
        "GPTQ-Int4 will do: a better mean score beyond noise, and no worse in size as measured"
    )


def test_a_mean_that_is_higher_by_chance_puts_nobody_in_front(
    family: Family, document: dict[str, Any]
) -> None:
    found = guided(family, changed(document, pareto=front(low=0.61)))
    assert not any("will do" in clause for clause in row(found, "AWQ").avoid)


def test_weights_of_nearly_one_size_are_of_one_size(
    family: Family, document: dict[str, Any]
) -> None:
    found = guided(family, document)
    assert "size counts most: the smallest weights, with AWQ" in row(found, "GPTQ-Int4").choose
    assert not any("smallest" in clause for clause in row(found, "GPTQ-Int8").choose)


def test_variants_that_were_not_made_have_no_row(gappy: Family) -> None:
    found = card_facts(gappy, "GPTQ-Int4").guidance
    assert [advice.variant for advice in found.advice] == ["BF16", "GPTQ-Int8", "GPTQ-Int4"]


def test_a_family_of_which_nothing_was_made_gets_no_guidance(
    family: Family, document: dict[str, Any]
) -> None:
    found = guided(family, document, names=())
    assert (found.headline, found.advice) == ("", ())


def test_every_number_of_the_guidance_is_marked(family: Family) -> None:
    found = card_facts(family, "AWQ").guidance
    clauses = [clause for advice in found.advice for clause in (*advice.choose, *advice.avoid)]
    for text in (found.headline, *found.undecided, *found.costs, *clauses):
        shown, spots = unmark(text)
        printed = "".join(shown[spot.start : spot.end] for spot in spots)
        for name in (*NAMES, "BF16"):
            shown = shown.replace(name, "")
        assert sum(map(str.isdigit, shown)) == sum(map(str.isdigit, printed))
