"""Telling: what the difference of two printed scores over the same questions can say.

Published scores come without items, so a difference is known to be more than chance always, never,
or if few enough answers changed (`hubq.stats.tell`). It counts as decided when it is more than
chance even at the highest share of changed answers that detectable differences are given for.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from hubq import stats
from hubq.cards.published.cells import difference, points_shape
from hubq.cards.published.notebook import SHARE, Notebook, step
from hubq.cards.published.sheets import Block, Place
from hubq.model.card import Claim

Kind = Literal["decided", "open", "chance", "unknown"]
NOT_RECOVERED = "cannot be recovered"
MOST_CHANGED = max(stats.DISCORDANCES)


class Tell(msgspec.Struct, frozen=True, kw_only=True):
    """What can be told of one difference.

    Attributes:
        task: of both scores.
        first, second: the variants; the difference is second - first.
        kind: `decided`; `open` where it hangs on how many answers changed; `chance` where it is too
            small however few did; `unknown` where the page does not say enough.
        gain: whether the second is higher.
        delta: in points, signed.
        limit: the share of changed answers under which it is more than chance; none where it hangs
            on none.
        why: why nothing can be told.
    """

    task: str
    first: str
    second: str
    kind: Kind
    gain: bool
    delta: Claim
    limit: Claim | None = None
    why: str = ""


def tells(book: Notebook, block: Block) -> tuple[Tell, ...]:
    """Return what can be told of each variant's difference to the baseline on each task."""
    found = [
        tell(book, block, (block.baseline, line.name), task)
        for line in block.variants
        for task in block.of("score")
        if block.baseline and line.name != block.baseline
    ]
    return tuple(one for one in found if one is not None)


def tell(book: Notebook, block: Block, names: tuple[str, str], task: str) -> Tell | None:
    """Return what can be told of two variants on a task; none where a score is missing."""
    first, second = (block.score(name, task) for name in names)
    if first is None or second is None:
        return None
    path = f"{block.path}/tells/{step(task)}/{step(names[1])}/{step(names[0])}"
    value = difference(second, first)
    said = Tell(
        task=task,
        first=names[0],
        second=names[1],
        kind="unknown",
        gain=value > 0,
        delta=book.derived(f"{path}/delta", value, points_shape(first, second, signed=True)),
        why=_doubt(block, names) or unknown(first) or unknown(second),
    )
    one, two = read(first), read(second)
    if said.why or one is None or two is None or one.n != two.n:
        why = said.why or "the two are not over the same questions"
        return msgspec.structs.replace(said, why=why)
    found = stats.tell(one, two)
    limit = found.discordance
    kind: Kind = "chance" if found.told == "never" else "open"
    if found.told == "always" or (limit is not None and limit >= MOST_CHANGED):
        kind = "decided"
    claim = None if limit is None else book.derived(f"{path}/limit", min(limit, 1), SHARE)
    return msgspec.structs.replace(said, kind=kind, limit=claim)


def _doubt(block: Block, names: tuple[str, str]) -> str:
    suspect = {name for (name, _), place in block.cells.items() if place.found.state == "suspect"}
    return "the page itself calls it suspect" if suspect & set(names) else ""


SIZE_UNKNOWN = "how many questions it is over is not known"


def unknown(place: Place) -> str:
    """Return why nothing can be told of a score; empty where something can."""
    known = place.found.certainty
    if known is None or known.n is None:
        return SIZE_UNKNOWN
    if known.what != "count":
        return known.said.removeprefix(NOT_RECOVERED).lstrip(": ")
    return "" if known.counts else "no number of right answers to so many questions is printed so"


def read(place: Place) -> stats.Printed | None:
    """Return a score as the statistics read it; none where its questions are not known."""
    known, found = place.found.certainty, place.found
    if known is None or known.n is None or known.what != "count" or found.value is None:
        return None
    scale = 100.0 if found.scale == "percent" else 1.0
    return stats.read(f"{found.value:.{found.decimals}f}", known.n, scale=scale)
