"""Choosing a variant: what each costs and what it was shown to lose, from the statistics alone."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from hubq.cards.family import Family
from hubq.cards.ledger import DELTA, RATE, Ledger, escape_pointer
from hubq.cards.tables.scores import Difference, differences
from hubq.model.card import Claim


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """One variant as a choice.

    Attributes:
        variant: its name.
        this: whether the card is this variant's.
        share: its weights' size in percent of the baseline's; none when unknown.
        delta, low, high: the average difference in points and its interval; none unless every task
            was measured.
        losses: the tasks on which a loss was shown.
        safe: those on which any loss is smaller than the margin.
        unclear: the other tasks that were compared.
        missing: the tasks above the floor on which it was not compared with the baseline.
        shown: the differences behind `losses`.
        tasks: those that could show a loss, in words: `every task above the floor`.
    """

    variant: str
    this: bool
    share: Claim | None
    delta: Claim | None
    low: Claim | None
    high: Claim | None
    losses: tuple[str, ...]
    safe: tuple[str, ...]
    unclear: tuple[str, ...]
    missing: tuple[str, ...] = ()
    shown: tuple[Difference, ...] = ()
    tasks: str = "every task"

    @property
    def keeps_all(self) -> bool:
        """Whether any loss is smaller than the margin on every task that could show one."""
        return bool(self.safe) and not (self.losses or self.unclear or self.missing)


def choices_of(
    family: Family, ledger: Ledger, names: tuple[str, ...], this: str
) -> tuple[Choice, ...]:
    """Return the variants that were quantized, as choices."""
    return tuple(
        _choice(family, ledger, name, this)
        for name in names
        if f"quantize/{name}" in family.results
    )


def _choice(family: Family, ledger: Ledger, name: str, this: str) -> Choice:
    compared = differences(family, ledger, name)
    found = [d for d in compared if not d.floor]
    lost = tuple(d for d in found if d.verdict == "loss")
    known = {d.task for d in compared}
    share = f"/sizes/{escape_pointer(name)}/share"
    average = f"/averages/{escape_pointer(name)}"
    scores = ledger.document["scores"]
    return Choice(
        variant=name,
        this=name == this,
        share=ledger.maybe(f"share.{name}", share, RATE),
        delta=ledger.maybe(f"average_delta.{name}", f"{average}/delta", DELTA),
        low=ledger.maybe(f"average_low.{name}", f"{average}/low", DELTA),
        high=ledger.maybe(f"average_high.{name}", f"{average}/high", DELTA),
        losses=_tasks(lost),
        safe=_tasks(d for d in found if d.verdict != "loss" and d.non_inferior),
        unclear=_tasks(d for d in found if d.verdict != "loss" and not d.non_inferior),
        missing=tuple(
            task.name
            for task in family.tasks
            if task.name not in known and not scores[task.name]["floor"]
        ),
        shown=lost,
        tasks="every task above the floor" if _any_floor(ledger) else "every task",
    )


def _any_floor(ledger: Ledger) -> bool:
    return any(entry["floor"] for entry in ledger.document["scores"].values())


def _tasks(found: Iterable[Difference]) -> tuple[str, ...]:
    return tuple(difference.task for difference in found)
