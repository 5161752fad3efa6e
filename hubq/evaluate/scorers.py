"""Scorers: how right an answer is, from 0 to 1, each from the paper that defines it."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from hubq.evaluate.extraction import normalise, parse_number

ANLS_THRESHOLD = 0.5


def anls(output: str, golds: Sequence[str], threshold: float = ANLS_THRESHOLD) -> float:
    """Return the Normalised Levenshtein Similarity of an answer to the nearest right answer.

    Biten et al., "Scene Text Visual Question Answering", ICCV 2019 (arXiv:1905.13648), equation 1:
    s = 1 - NL when NL < 0.5 and 0 otherwise, where NL is the edit distance over the length of the
    longer string; the largest over all right answers counts. The mean over items is ANLS.
    Case and runs of spaces are normalised before the distance AND before the length is taken: two
    public harnesses divide by the raw length, and give eight newlines 0.625 against `343`.

    Args:
        output: what the model said.
        golds: every right answer; at least one.
        threshold: NL from which an answer is worth nothing.
    """
    said = normalise(output)
    return max(_similarity(said, normalise(gold), threshold) for gold in golds) if said else 0.0


def _similarity(said: str, gold: str, threshold: float) -> float:
    longest = max(len(said), len(gold))
    # The distance is at least the difference in length: runaway answers are not worth computing.
    if abs(len(said) - len(gold)) >= threshold * longest:
        return 0.0
    distance = edit_distance(said, gold) / longest
    return 1.0 - distance if distance < threshold else 0.0


def edit_distance(first: str, second: str) -> int:
    """Return the Levenshtein distance: insertions, deletions and substitutions of characters.

    The two-row form of Wagner and Fischer, J. ACM 21(1), 1974.
    """
    above = list(range(len(second) + 1))
    for row, left in enumerate(first, 1):
        current = [row]
        for column, top in enumerate(second, 1):
            changed = above[column - 1] + (left != top)
            current.append(min(changed, above[column] + 1, current[-1] + 1))
        above = current
    return above[-1]


def exact_match(output: str, golds: Sequence[str]) -> float:
    """Return 1 when an answer equals a right answer but for case and spaces, else 0."""
    said = normalise(output)
    return float(any(said == normalise(gold) for gold in golds))


def numeric_match(number: Fraction, gold: str) -> float:
    """Return 1 when a number equals the right one, else 0.

    A right answer written with decimals is met by a number that rounds to it at that many decimals
    (MathVista's rule of precision, Lu et al., ICLR 2024, arXiv:2310.02255); one without must be met
    exactly (`5.0` meets `5`).

    Args:
        number: what the model said, as extracted.
        gold: the right number as the file writes it.

    Raises:
        ValueError: the right answer is no number.
    """
    right = parse_number(gold)
    if right is None:
        raise ValueError(f"not a number: {gold!r}")
    mantissa, _, exponent = gold.strip().lower().partition("e")
    decimals = len(mantissa.partition(".")[2])
    if not decimals:
        return float(number == right)
    half = Fraction(1, 2) * Fraction(10) ** (int(exponent or 0) - decimals)
    return float(abs(number - right) <= half)
