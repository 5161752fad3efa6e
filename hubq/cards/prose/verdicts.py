"""Prose about differences, made from the statistics and from nothing else.

A sentence is only written where the data decide; where they do not, the sentence says so.
"""

from __future__ import annotations

from collections.abc import Sequence

from hubq.cards.ledger import DELTA, Ledger, escape_pointer
from hubq.cards.prose.wording import interval, listed
from hubq.cards.tables.scores import Difference
from hubq.model.recipe import BASELINE


def verdicts(ledger: Ledger, variant: str, found: Sequence[Difference]) -> tuple[str, ...]:
    """Return sentences on how a variant differs from the baseline, what it loses first.

    Tasks on which the baseline is no better than guessing are left to the footnotes.
    """
    usable = [difference for difference in found if not difference.floor]
    by = {kind: [d for d in usable if d.verdict == kind] for kind in _ORDER}
    sentences = [_loss(ledger, variant, difference) for difference in by["loss"]]
    sentences += [_gain(ledger, variant, difference) for difference in by["gain"]]
    sentences += [_noise(variant, difference) for difference in by["noise"]]
    sentences += _hints(ledger, variant, by["hint"])
    sentences += _within(variant, by["within"], len(found))
    sentences += _open(variant, by["open"])
    return tuple(sentences)


def overall(ledger: Ledger, variant: str) -> str:
    """Return the sentence on the mean over all tasks; empty when there is no such mean."""
    place = f"/averages/{escape_pointer(variant)}"
    entry = ledger.document["averages"].get(variant)
    if entry is None or BASELINE not in ledger.document["averages"]:
        return ""
    delta = ledger.own(f"average_delta.{variant}", f"{place}/delta", DELTA)
    low = ledger.own(f"average_low.{variant}", f"{place}/low", DELTA)
    high = ledger.own(f"average_high.{variant}", f"{place}/high", DELTA)
    span = interval(ledger, low, high)
    every = entry["tasks"] == len(ledger.document["scores"])
    tasks = "Over all tasks together" if every else "Over all tasks above the floor together"
    if entry["low"] <= 0 <= entry["high"]:
        return f"{tasks}, {variant} cannot be told apart from {BASELINE}: {delta} points ({span})."
    side = "below" if entry["delta"] < 0 else "above"
    return f"{tasks}, {variant} is {side} {BASELINE}: {delta} points ({span})."


_ORDER = ("loss", "gain", "noise", "hint", "within", "open")


def _loss(ledger: Ledger, variant: str, found: Difference) -> str:
    text = (
        f"On {found.task}, {variant} loses {found.delta.size} points against {BASELINE} "
        f"({interval(ledger, found.low, found.high)})"
    )
    if found.non_inferior:
        text += f", which is less than the {found.margin} points that were declared to matter"
    return f"{text}."


def _gain(ledger: Ledger, variant: str, found: Difference) -> str:
    return (
        f"On {found.task}, {variant} scores {found.delta.size} points above {BASELINE} "
        f"({interval(ledger, found.low, found.high)}), which quantizing does not explain."
    )


def _noise(variant: str, found: Difference) -> str:
    return (
        f"On {found.task}, {variant} differs from {BASELINE} by {found.delta} points, which is no "
        f"more than two runs of {BASELINE} differ."
    )


def _hints(ledger: Ledger, variant: str, found: Sequence[Difference]) -> list[str]:
    sentences = []
    for side in ("loss", "gain"):
        hints = [d for d in found if (d.delta.value < 0) == (side == "loss")]
        if not hints:
            continue
        names = listed(
            f"{d.task} ({d.delta} points, {interval(ledger, d.low, d.high)})" for d in hints
        )
        sentences.append(
            f"On {names} there {'is a hint' if len(hints) == 1 else 'are hints'} of a {side} of "
            f"{variant}; by the correction for the number of comparisons it may be chance."
        )
    return sentences


def _within(variant: str, found: Sequence[Difference], count: int) -> list[str]:
    sentences = []
    for margin in {d.margin.shown: d.margin for d in found}.values():
        tasks = [d.task for d in found if d.margin.shown == margin.shown]
        names = "every task" if len(tasks) == count > 1 else listed(tasks)
        sentences.append(
            f"On {names}, any loss of {variant} is smaller than the {margin} points "
            "that were declared before the run to matter."
        )
    return sentences


def _open(variant: str, found: Sequence[Difference]) -> list[str]:
    if not found:
        return []
    if len(found) == 1:
        only = found[0]
        return [
            (
                f"On {only.task}, these {only.items} items cannot separate {variant} from "
                f"{BASELINE}; a loss of up to {only.low.size} points is not excluded."
            )
        ]
    names = listed(f"{d.task} ({d.low.size} points)" for d in found)
    return [
        (
            f"These items cannot separate {variant} from {BASELINE} on {names}; "
            "in parentheses stands the loss that is not excluded."
        )
    ]
