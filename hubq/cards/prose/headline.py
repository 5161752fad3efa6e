"""The headline: which variant for whom, in one or two sentences, as far as the statistics tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hubq.cards.prose.choice import Choice
from hubq.cards.prose.costs import REGIMES, Cost, paces
from hubq.cards.prose.wording import grouped, listed
from hubq.model.recipe import BASELINE

SAME_SIZE = 0.02
"""Weights that differ by no more than this share of the baseline's are of the same size."""


def headline_of(
    choices: Sequence[Choice], costs: Mapping[str, Sequence[Cost]], shares: Mapping[str, float]
) -> str:
    """Return which variant is for whom.

    Args:
        choices: the quantized variants.
        costs: variant -> what it costs on each workload.
        shares: variant -> its weights' size as a share of the baseline's, where known.
    """
    said = (_kept(choices, costs, shares), _lost(choices), _open(choices))
    return " ".join(filter(None, said))


def _kept(
    choices: Sequence[Choice], costs: Mapping[str, Sequence[Cost]], shares: Mapping[str, float]
) -> str:
    """Return which variant keeps within the margin, the smallest of them; or that none was."""
    keeping = [choice for choice in choices if choice.keeps_all]
    if keeping:
        least = min(shares.get(c.variant, 1.0) for c in keeping)
        picks = [c for c in keeping if shares.get(c.variant, 1.0) <= least + SAME_SIZE]
        names = " or ".join(f"**{c.variant}**" for c in picks)
        sizes = listed(f"{c.share} %" for c in picks if c.share)
        size = f", with {sizes} of {BASELINE}'s weights" if sizes else ""
        slow = _slow([costs[c.variant] for c in picks])
        which = "It is" if len(picks) == 1 else "They are"
        return (
            f"Where no more than the margin may be lost, take {names}: any loss is within it on "
            f"{picks[0].tasks}{size}.{f' {which} slower than {BASELINE} {slow}.' if slow else ''}"
        )
    if not any(choice.safe or choice.unclear or choice.losses for choice in choices):
        return ""
    kept = [f"**{c.variant}** on {listed(c.safe)}" for c in choices if c.safe]
    if not kept:
        return "No variant was shown to stay within the margin on any task."
    return (
        f"No variant was shown to stay within the margin on {choices[0].tasks}; any loss is within "
        f"it for {listed(kept)}."
    )


def _slow(costs: Sequence[Sequence[Cost]]) -> str:
    """Return where every one of some variants is slower than the baseline; empty for nowhere."""
    if all(paces(found) == "slower" for found in costs):
        return "here"
    slow = (r for r in REGIMES if all(paces(found, r) == "slower" for found in costs))
    return next((f"{REGIMES[regime]} here" for regime in slow), "")


def _lost(choices: Sequence[Choice]) -> str:
    """Return which variants to keep away from which work."""
    losing = grouped((listed(c.losses), f"**{c.variant}**") for c in choices if c.losses)
    avoid = listed(f"{listed(names)} for work like {tasks}" for tasks, names in losing.items())
    return f"Avoid {avoid}: losses were shown there." if avoid else ""


def _open(choices: Sequence[Choice]) -> str:
    """Return which variants were shown neither to lose nor to keep within the margin, and where."""
    unclear = grouped(
        (listed(c.unclear), f"**{c.variant}**") for c in choices if c.unclear and not c.losses
    )
    told = [f"{listed(names)} on {tasks}" for tasks, names in unclear.items()]
    return f"No loss was shown of {listed(told)}, and none is excluded there." if told else ""
