"""Guidance: which variant for whom, from the statistics alone, silent where they cannot decide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from hubq.cards.family import Family
from hubq.cards.ledger import Ledger
from hubq.cards.prose.choice import Choice, choices_of
from hubq.cards.prose.costs import REGIMES, Cost, cost_sentences, costs_of, paces
from hubq.cards.prose.headline import SAME_SIZE, headline_of
from hubq.cards.prose.pairs import PairLead, leads_of, undecided_pairs
from hubq.cards.prose.wording import listed
from hubq.model.recipe import BASELINE

_AXES = {"bytes": "size", "speed": "speed"}
"""The axes of the Pareto front besides the score."""


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the decision matrix.

    Attributes:
        variant: its name, the baseline's too.
        this: whether the card is this variant's.
        choose: when to choose it: marked clauses, none where the data give no reason.
        avoid: when to avoid it, likewise.
        choice: what it costs and was shown to lose; none for the baseline.
    """

    variant: str
    this: bool
    choose: tuple[str, ...]
    avoid: tuple[str, ...]
    choice: Choice | None = None


class Guidance(msgspec.Struct, frozen=True, kw_only=True):
    """What the statistics, the margin, the Pareto front, sizes and speed say of the choice.

    Attributes:
        headline: one or two sentences: which variant for whom.
        advice: the decision matrix.
        undecided: what these items cannot tell apart, in sentences.
        costs: what must be known of speed and memory, in sentences.
    """

    headline: str
    advice: tuple[Advice, ...]
    undecided: tuple[str, ...]
    costs: tuple[str, ...] = ()


class _Known(msgspec.Struct, frozen=True, kw_only=True):
    """What all rows of the matrix rest on; `beaten` is variant -> who is better."""

    choices: tuple[Choice, ...]
    costs: Mapping[str, tuple[Cost, ...]]
    leads: tuple[PairLead, ...]
    smallest: tuple[str, ...]
    beaten: Mapping[str, tuple[str, str]]


def guidance_of(family: Family, ledger: Ledger, names: tuple[str, ...], this: str) -> Guidance:
    """Return the guidance on the named variants, of which those that were quantized count."""
    choices = choices_of(family, ledger, names, this)
    if not choices:
        return Guidance(headline="", advice=(), undecided=())
    made = tuple(choice.variant for choice in choices)
    tasks = tuple(task.name for task in family.tasks)
    known = _Known(
        choices=choices,
        costs={name: costs_of(family, ledger, name) for name in made},
        leads=leads_of(ledger, made, tasks),
        smallest=_smallest(ledger, choices),
        beaten=_beaten(ledger, choices),
    )
    return Guidance(
        headline=headline_of(choices, known.costs, _bytes(ledger)),
        advice=(_baseline(known), *(_variant(known, choice) for choice in choices)),
        undecided=undecided_pairs(ledger, made, tasks),
        costs=cost_sentences(known.costs),
    )


def _baseline(known: _Known) -> Advice:
    return Advice(
        variant=BASELINE,
        this=False,
        choose=tuple(_for_the_baseline(known)),
        avoid=tuple(_against_the_baseline(known)),
    )


def _for_the_baseline(known: _Known) -> Iterator[str]:
    lost = _everywhere([set(c.losses) for c in known.choices], known.choices)
    if lost:
        yield f"work like {listed(lost)}: every variant was shown to lose there"
    kept = {task for c in known.choices for task in c.safe}
    compared = dict.fromkeys(t for c in known.choices for t in (*c.losses, *c.unclear))
    open_ = [task for task in compared if task not in kept and task not in lost]
    if open_:
        yield f"work like {listed(open_)}: no variant was shown to stay within the margin there"
    for regime, where in REGIMES.items():
        if all(paces(known.costs[c.variant], regime) == "slower" for c in known.choices):
            yield f"speed {where} counts: every variant is slower here"
    costs = [cost for c in known.choices for cost in known.costs[c.variant] if cost.memory]
    if costs and all(cost.more for cost in costs):
        yield "peak memory counts: every variant's is higher here"


def _against_the_baseline(known: _Known) -> Iterator[str]:
    keeping = [c for c in known.choices if c.keeps_all]
    if keeping:
        yield (
            f"size counts: any loss of {listed(c.variant for c in keeping)} is within the margin "
            f"on {keeping[0].tasks}, with smaller weights"
        )
    yield from _dominated(known, BASELINE)


def _variant(known: _Known, choice: Choice) -> Advice:
    return Advice(
        variant=choice.variant,
        this=choice.this,
        choose=tuple(_for(known, choice)),
        avoid=tuple(_against(known, choice)),
        choice=choice,
    )


def _for(known: _Known, choice: Choice) -> Iterator[str]:
    if choice.keeps_all:
        yield f"work like any of these tasks: any loss is within the margin on {choice.tasks}"
    elif choice.safe:
        yield f"work like {listed(choice.safe)}: any loss is within the margin there"
    for other, tasks in _led(known, choice.variant, ahead=True).items():
        yield f"work like {listed(tasks)}: better than {other} there"
    if choice.variant in known.smallest:
        others = [name for name in known.smallest if name != choice.variant]
        yield f"size counts most: the smallest weights{f', with {listed(others)}' * bool(others)}"
    yield from _paced(known, choice, "faster")


def _against(known: _Known, choice: Choice) -> Iterator[str]:
    if choice.shown:
        lost = listed(f"{d.task} ({d.delta.size} points)" for d in choice.shown)
        yield f"work like {lost}: a loss was shown there"
    for other, tasks in _led(known, choice.variant, ahead=False).items():
        yield f"work like {listed(tasks)}: {other} is better there"
    yield from _paced(known, choice, "slower")
    costs = [cost for cost in known.costs[choice.variant] if cost.memory]
    if costs and not any(cost.kept for cost in costs):
        more = all(cost.more for cost in costs)
        yield f"peak memory counts: it {'is higher' if more else 'hardly falls'} here"
    yield from _dominated(known, choice.variant)


def _paced(known: _Known, choice: Choice, pace: str) -> Iterator[str]:
    for regime, words in REGIMES.items():
        costs = [cost for cost in known.costs[choice.variant] if cost.regime == regime]
        found = [cost.where for cost in costs if cost.pace == pace]
        if found:
            where = "" if len(found) == len(costs) else f" on {listed(found)}"
            yield f"speed {words} counts: {pace} than {BASELINE} here{where}"


def _dominated(known: _Known, variant: str) -> Iterator[str]:
    if variant in known.beaten:
        by, axes = known.beaten[variant]
        yield f"{by} will do: a better mean score beyond noise, and no worse in {axes} as measured"


def _led(known: _Known, variant: str, *, ahead: bool) -> dict[str, list[str]]:
    """Return the other variant of the same bits -> the tasks on which one is shown to be better."""
    found: dict[str, list[str]] = {}
    for lead in known.leads:
        mine, other = (lead.better, lead.worse) if ahead else (lead.worse, lead.better)
        if mine == variant:
            found.setdefault(other, []).append(lead.task)
    return found


def _everywhere(found: Sequence[set[str]], choices: Sequence[Choice]) -> list[str]:
    """Return the tasks that are in every set, in the order of the first variant's."""
    shared = set.intersection(*found)
    return [task for task in choices[0].losses if task in shared]


def _bytes(ledger: Ledger) -> dict[str, float]:
    return {
        name: entry["share"]
        for name, entry in ledger.document["sizes"].items()
        if entry.get("share") is not None
    }


def _smallest(ledger: Ledger, choices: Sequence[Choice]) -> tuple[str, ...]:
    """Return the variants whose weights are the smallest, where not all are of one size."""
    shares = _bytes(ledger)
    known = {c.variant: shares[c.variant] for c in choices if shares.get(c.variant)}
    if not known or len(known) < len(choices):
        return ()
    least = min(known.values())
    found = tuple(name for name, share in known.items() if share <= least + SAME_SIZE)
    return found if len(found) < len(choices) or len(choices) == 1 else ()


def _beaten(ledger: Ledger, choices: Sequence[Choice]) -> dict[str, tuple[str, str]]:
    """Return the variants off the Pareto front -> who is in front, and in what besides the score.

    A score that is higher by chance puts nobody in front here: the intervals must be apart.
    """
    names = {BASELINE, *(c.variant for c in choices)}
    scores = {s["name"]: s["axes"]["score"] for s in ledger.document["pareto"]}
    found = {}
    for standing in ledger.document["pareto"]:
        name = standing["name"]
        by = [
            other
            for other in standing["dominated_by"]
            if other in names and _apart(scores[other], scores[name])
        ]
        if name in names and by:
            axes = listed(word for axis, word in _AXES.items() if axis in standing["axes"])
            found[name] = (" or ".join(by), axes)
    return found


def _apart(better: Mapping[str, float | None], worse: Mapping[str, float | None]) -> bool:
    low, high = better.get("low"), worse.get("high")
    return low is not None and high is not None and low > high
