"""The words of a claim are found in the sentences that make one, and in no others."""

from __future__ import annotations

import pytest

from hubq.audit import claims
from hubq.audit.prose import Sentence


def said(text: str) -> Sentence:
    return Sentence(written=text, line=1)


@pytest.mark.parametrize(
    "text",
    [
        "GPTQ is lossless.",
        "INT4 keeps\nover 99% of it.",
        "W8A8 falls\nbehind the BF16 model.",
        "Differences of 8-bit weights are noise.",
        "The accuracy is within 1 % of it.",
    ],
)
def test_a_sentence_with_a_variant_and_a_word_of_comparing_may_claim(text: str) -> None:
    assert claims.claims(said(text))


@pytest.mark.parametrize("text", ["GPTQ was used.", "It beats them all.", "Run it with vLLM."])
def test_others_claim_nothing(text: str) -> None:
    assert not claims.claims(said(text))


@pytest.mark.parametrize(
    ("text", "much"),
    [
        ("Differences below 0.5 points are noise.", "0.5"),
        ("Anything within ±1 % is not meaningful.", "1"),
        ("Gaps of less than 2-point size are a tie.", "2"),
        ("Scores below 0.5 points. The rest is noise.", None),
        ("There is noise below the surface.", None),
    ],
)
def test_what_is_called_noise_is_a_number_of_points(text: str, much: str | None) -> None:
    found = claims.noise(said(text))
    assert (found["much"] if found else None) == much


@pytest.mark.parametrize(
    ("text", "much", "unit"),
    [
        ("It stays within 0.5 points of BF16.", "0.5", "points"),
        ("All are Within 1% of it.", "1", "%"),
        ("Within 2 pp, always.", "2", "pp"),
    ],
)
def test_a_distance_has_a_unit(text: str, much: str, unit: str) -> None:
    found = claims.within(said(text))
    assert found
    assert (found["much"], found["unit"]) == (much, unit)


@pytest.mark.parametrize("text", ["It ends within 3 days.", "It is without 1% of them."])
def test_other_distances_are_none(text: str) -> None:
    assert not claims.within(said(text))


@pytest.mark.parametrize(
    ("text", "much"),
    [
        ("It recovers over 99.5% of the score.", "99.5"),
        ("It RETAINS at least 98 % of it.", "98"),
        ("Quality is preserved to >=97% of it.", "97"),
        ("It keeps 99% of it.", None),
        ("It keeps the head. Over 99% of it is quantized.", None),
    ],
)
def test_what_is_kept_is_a_share_with_a_bound(text: str, much: str | None) -> None:
    found = claims.keeps(said(text))
    assert (found["much"] if found else None) == much


@pytest.mark.parametrize(
    ("text", "is_lossless", "unhedged"),
    [
        ("INT8 is lossless.", True, True),
        ("INT8 is nearly lossless.", True, False),
        ("INT8 is near-lossless.", True, False),
        ("INT8 has no accuracy loss.", True, True),
        ("INT8 has no significant accuracy loss.", True, False),
        ("It runs without any quality degradation.", True, True),
        ("The loss is negligible.", False, False),
    ],
)
def test_a_claim_of_no_loss_may_be_hedged(text: str, is_lossless: bool, unhedged: bool) -> None:
    assert claims.is_lossless(said(text)) == is_lossless
    assert claims.is_unhedged(said(text)) == unhedged


@pytest.mark.parametrize(
    "text",
    [
        "No accuracy loss was measured.",
        "No loss has been found so far.",
        "It is faster without loss, and its latency halves.",
        "Lossless compression of the archive.",
    ],
)
def test_a_loss_that_was_not_shown_or_is_of_something_else_is_no_claim(text: str) -> None:
    assert not claims.is_lossless(said(text))


@pytest.mark.parametrize(
    ("text", "ahead"),
    [
        ("AWQ outperforms GPTQ on MMLU.", True),
        ("AWQ is better than GPTQ.", True),
        ("AWQ has a higher average score than GPTQ.", True),
        ("AWQ trails GPTQ on MMLU.", False),
        ("AWQ falls below GPTQ.", False),
        ("AWQ gets lower scores than GPTQ.", False),
    ],
)
def test_a_comparison_says_who_is_ahead_and_of_what(text: str, ahead: bool) -> None:
    assert claims.compares(said(text))
    pattern, other = (claims.BEATS, claims.TRAILS)[:: 1 if ahead else -1]
    found = pattern.search(text)
    assert found
    assert found["rest"].strip().startswith("GPTQ")
    assert not other.search(text)


@pytest.mark.parametrize("text", ["AWQ and GPTQ are alike.", "A higher score is better."])
def test_a_sentence_without_a_second_side_compares_nothing(text: str) -> None:
    assert not claims.compares(said(text))


@pytest.mark.parametrize(
    ("text", "base"),
    [("the BF16 model", True), (" its unquantised twin", True), ("the GPTQ model", False)],
)
def test_the_second_side_may_be_the_model_in_full_precision(text: str, base: bool) -> None:
    assert bool(claims.BASE.match(text)) == base


@pytest.mark.parametrize(
    ("text", "some"),
    [
        ("lossless on multilingual tasks", True),
        ("lossless on most benchmarks", True),
        ("lossless, except on MMLU", True),
        ("lossless on all benchmarks", False),
        ("lossless across the tasks", False),
        ("lossless on every task that was run", True),
    ],
)
def test_a_sentence_may_speak_of_some_benchmarks_only(text: str, some: bool) -> None:
    assert bool(claims.SOME.search(text)) == some
