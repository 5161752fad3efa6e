"""Caveats: what a reader must know before using the numbers, worked out from the run itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hubq.cards.family import Family
from hubq.cards.footnotes import state_word
from hubq.cards.ledger import COUNT, LEVEL, PERCENT, POINTS, Ledger, escape_pointer
from hubq.cards.prose.conditions import conditions_of
from hubq.cards.prose.wording import grouped, listed
from hubq.cards.speeds import bench_stage, engines_of, missing_cells
from hubq.cards.tables.scores import Trouble
from hubq.model.recipe import BASELINE

_CEILING = 0.98
"""A baseline score from which on a task has next to no items left to lose."""

_TROUBLE_WORDS = {
    "unparsed": "could not be parsed and count as wrong",
    "empty": "were empty and count as wrong",
    "truncated": "were cut at the token limit",
}


def caveats_of(
    family: Family,
    ledger: Ledger,
    names: tuple[str, ...],
    shown: tuple[str, ...],
    found: Sequence[Trouble],
) -> tuple[str, ...]:
    """Return the caveats of a card, those on scores first, then those on how they came about.

    Each is a few short sentences.

    Args:
        family: what the card speaks of.
        ledger: where the numbers in the caveats are entered.
        names: the variants in the card's tables, without the baseline.
        shown: those whose small differences matter: the card's own one, or all published ones.
        found: the answers that could not be scored as meant.
    """
    sources = (
        _missing(family, names),
        _subsets(family, ledger),
        _small(family, ledger, shown),
        _floors(family, ledger),
        _ceilings(family, ledger),
        _troubles(found),
        _noise(family, ledger),
        _thin(family, ledger, shown),
        conditions_of(family, ledger, names),
    )
    return tuple(caveat for source in sources for caveat in source)


def _missing(family: Family, names: tuple[str, ...]) -> Iterator[str]:
    timed = [(name, engine) for engine in engines_of(family) for name in (BASELINE, *names)]
    stages = [bench_stage(*one) for one in timed]
    stages += [f"score/{n}/{t.name}" for n in (BASELINE, *names) for t in family.tasks]
    gaps = [family.gap(stage) for stage in stages if stage not in family.results]
    gaps += [gap for one in timed for gap in missing_cells(family, *one).values()]
    if gaps:
        states = dict.fromkeys(state_word(gap.state) for gap in gaps)
        yield (
            f"**Not everything was measured.** Cells that say {listed(states)} hold no number; "
            "their footnotes say why."
        )


def _subsets(family: Family, ledger: Ledger) -> Iterator[str]:
    counts = []
    for task in family.tasks:
        stage = f"score/{BASELINE}/{task.name}"
        if task.limit is not None and stage in family.results:
            items = ledger.items(f"n.{task.name}", stage, "score")
            counts.append((str(items), task.name))
    drawn = grouped(counts)
    if drawn:
        draws = listed(f"{items} items of {listed(names)}" for items, names in drawn.items())
        yield (
            f"**Subsets.** Scores are on seeded draws ({draws}), not on whole sets; they are not "
            "comparable with scores on whole sets."
        )


def _small(family: Family, ledger: Ledger, shown: tuple[str, ...]) -> Iterator[str]:
    weak = []
    for task in family.tasks:
        entry = ledger.document["scores"][task.name]
        pairs = {name: entry["variants"].get(name, {}) for name in shown}
        seen = {n: p["detectable"] for n, p in pairs.items() if p.get("detectable")}
        worst = max(seen, key=lambda name: (seen[name], name), default="")
        if worst and seen[worst] > entry["margin"]:
            task_place, place = escape_pointer(task.name), escape_pointer(worst)
            claim = ledger.own(
                f"detectable.{worst}.{task.name}",
                f"/scores/{task_place}/variants/{place}/detectable",
                POINTS,
            )
            weak.append(f"{claim} points on {task.name}")
    if weak:
        power = ledger.own("power", "/power", LEVEL)
        yield (
            f"**Small sets.** A true difference smaller than {listed(weak)} is found with a "
            f"probability below {power} %; a missing mark is no proof of equality."
        )


def _floors(family: Family, ledger: Ledger) -> Iterator[str]:
    floors = []
    for task in family.tasks:
        if ledger.document["scores"][task.name]["floor"]:
            place = f"/scores/{escape_pointer(task.name)}/chance"
            chance = ledger.own(f"chance.{task.name}", place, PERCENT)
            floors.append(f"{task.name} (guessing scores {chance})")
    if floors:
        yield (
            f"**Floor.** {BASELINE} is within reach of guessing on {listed(floors)}. Such a task "
            "cannot show a loss; it is left out of averages."
        )


def _ceilings(family: Family, ledger: Ledger) -> Iterator[str]:
    for task in family.tasks:
        stage = f"score/{BASELINE}/{task.name}"
        result = family.results.get(stage)
        if result is not None and result.measure("score").value >= _CEILING:
            score = ledger.measure(f"score.{BASELINE}.{task.name}", stage, "score", PERCENT)
            yield (
                f"**Ceiling.** {BASELINE} scores {score} on {task.name}: the task is all but "
                "solved, and small damage does not show on it."
            )


def _troubles(found: Sequence[Trouble]) -> Iterator[str]:
    for kind, words in _TROUBLE_WORDS.items():
        rates = [f"{t.rate} % for {t.variant} on {t.task}" for t in found if t.kind == kind]
        if rates:
            yield f"**Answers.** Some answers {words}: {listed(rates)}."


def _noise(family: Family, ledger: Ledger) -> Iterator[str]:
    """Say what a second run of the baseline, in batches of another size, moved."""
    counts = []
    moved = 0.0
    for task in family.tasks:
        if ledger.document["scores"][task.name].get("noise"):
            place = f"/scores/{escape_pointer(task.name)}/noise"
            flips = ledger.own(f"noise_flips.{task.name}", f"{place}/measured/flips", COUNT)
            items = ledger.own(f"noise_items.{task.name}", f"{place}/measured/n", COUNT)
            counts.append((f"{flips} of {items} questions of", task.name))
            moved += flips.value
    told = grouped(counts)
    if told:
        yield (
            f"**Noise floor.** Run again in batches of another size, {BASELINE} itself changed its "
            f"score on {listed(f'{count} {listed(names)}' for count, names in told.items())}."
            + (" So many flips of a variant say nothing." if moved else "")
        )


def _thin(family: Family, ledger: Ledger, shown: tuple[str, ...]) -> Iterator[str]:
    """Say which intervals rest on too little to be exact."""
    thin = {
        name: [
            task.name
            for task in family.tasks
            if ledger.document["scores"][task.name]["variants"].get(name, {}).get("warning")
        ]
        for name in shown
    }
    told = [f"{name} on {listed(tasks)}" for name, tasks in thin.items() if tasks]
    if told:
        yield (
            "**Thin data.** Few items differ, or few images carry them, for "
            f"{'; '.join(told)}. These intervals are approximate."
        )
