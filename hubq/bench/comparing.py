"""Comparing two runs of a benchmark: what changed beyond noise, and what beyond a limit.

Each variant is compared in every cell (a workload, or a step of a server's load) by one speed, in
one of two ways:

- `ratio`: its speed relative to the baseline's of the same round. What the machine did that day
  hit both, so that two days may be compared, or two machines.
- `speed`: the speed as it is. It shows what slowed the baseline and all variants alike, and also
  every difference between two days and two machines.

Unless one is asked for, `ratio` decides on variants, and `speed` on the baseline, which has no
other; but where machines differ or one was busy, `speed` decides nothing.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from hubq.bench.differing import Difference, alike, differences
from hubq.bench.runs import Bench, Entry, Run
from hubq.bench.sitting import CAPPED
from hubq.model.recipe import BASELINE
from hubq.model.suite import Engine
from hubq.stats import ALPHA, CAPPED_ALPHA, holm
from hubq.stats.rounds import common_of
from hubq.stats.shifts import Shift, shift

On = Literal["auto", "ratio", "speed"]
Basis = Literal["ratio", "speed"]
Verdict = Literal["slower", "faster", "same", "unclear", "broken"]

LIMIT = 0.05
LATENCY = "e2e_seconds"
_SUBJECT = {
    "weights_bytes": "weights_bytes",
    "disk_bytes": "disk_bytes",
    "cache_tokens": "kv_cache_tokens",
}
_ROOM = "kv_cache_tokens"
_Cells = dict[tuple[str, Engine, str], tuple[Bench, Entry]]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A cell in two runs.

    Attributes:
        variant, engine: what was timed, in what.
        place: `WORKLOAD`, or `WORKLOAD/STEP`.
        quantity: the speed that is compared.
        basis: which of the two decided; none where neither could.
        ratio, speed: what changed of the speed relative to the baseline's, and of the speed itself;
            none where a run has no such number.
        holm: the p of what decided, corrected for all cells; none where nothing did.
        level: up to which p it is beyond noise: 5 %, or 0.1 % where rounds of one of the two ended
            at their cap.
        verdict: `slower` or `faster` beyond noise; `same` where a change as large as the limit is
            ruled out; `broken` where it was measured before and cannot be any more; else `unclear`.
        beyond: whether it is broken, or slower beyond noise and by more than the limit.
        why: why it is broken, or why nothing could decide.
    """

    variant: str
    engine: Engine
    place: str
    quantity: str
    basis: Basis | None = None
    ratio: Shift | None = None
    speed: Shift | None = None
    holm: float | None = None
    level: float = ALPHA
    verdict: Verdict = "unclear"
    beyond: bool = False
    why: str = ""

    @property
    def shift(self) -> Shift | None:
        """What decided; where nothing did, what there is."""
        decided = {"ratio": self.ratio, "speed": self.speed}
        return decided[self.basis] if self.basis else self.ratio or self.speed


class Amount(msgspec.Struct, frozen=True, kw_only=True):
    """An amount of memory in two runs, each read once.

    Attributes:
        variant, engine: whose it is.
        place: the workload; empty for the whole variant.
        quantity: `peak_memory_bytes`, `weights_bytes`, `disk_bytes`, `kv_cache_tokens`.
        before, after: bytes, or tokens.
        beyond: whether it grew by more than the limit (tokens that fit: shrank).
    """

    variant: str
    engine: Engine
    place: str
    quantity: str
    before: int
    after: int
    beyond: bool


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """What changed from one run to another.

    Attributes:
        before, after: the runs' names.
        on: what was asked to decide.
        limit, memory_limit: as fractions.
        changes: of cells that both runs have.
        amounts: of memory.
        differences: what else is not the same in the two.
        only_before, only_after: cells of one run alone, each `VARIANT PLACE (ENGINE)`.
        busy: run (`before`, `after`) -> what was said of a busy machine.
        beyond: how many changes and amounts are beyond the limits.
        schema: of this value as JSON.
    """

    before: str
    after: str
    on: On
    limit: float
    memory_limit: float
    changes: tuple[Change, ...]
    amounts: tuple[Amount, ...]
    differences: tuple[Difference, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    busy: dict[str, tuple[str, ...]]
    beyond: int
    schema: Literal[1] = 1


def compare(
    before: Run,
    after: Run,
    *,
    limit: float = LIMIT,
    memory_limit: float = LIMIT,
    on: On = "auto",
) -> Comparison:
    """Compare two runs.

    Args:
        before: the earlier run.
        after: the later run.
        limit: the share of its speed that a cell may lose, or that a latency may grow by.
        memory_limit: the share by which memory may grow.
        on: what decides.
    """
    old, new = _cells(before), _cells(after)
    both = {at: (*old[at], *new[at]) for at in old if at in new and _same_work(old[at], new[at])}
    changes = _judged([_change(*pair, on) for pair in both.values()], limit)
    amounts = (*_held(old, new, memory_limit), *_peaks(both.values(), memory_limit))
    found = [one for pair in _benches(old, new) for one in differences(*pair)]
    return Comparison(
        before=before.name,
        after=after.name,
        on=on,
        limit=limit,
        memory_limit=memory_limit,
        changes=changes,
        amounts=amounts,
        differences=tuple({(one.what, one.before, one.after): one for one in found}.values()),
        only_before=_without(old, both),
        only_after=_without(new, both),
        busy={"before": _busy(old), "after": _busy(new)},
        beyond=sum(one.beyond for one in changes) + sum(one.beyond for one in amounts),
    )


def worse_by(change: Change) -> float | None:
    """Return the share of its speed that a cell lost, or that its latency grew by."""
    if change.shift is None:
        return None
    factor = change.shift.factor
    return factor - 1 if change.quantity == LATENCY else 1 - factor


def _cells(run: Run) -> _Cells:
    return {
        (bench.variant, bench.engine, entry.place): (bench, entry)
        for bench in run.benches
        for entry in bench.document.workloads
    }


def _same_work(before: tuple[Bench, Entry], after: tuple[Bench, Entry]) -> bool:
    """Say whether a cell was measured before, on the same tokens, pictures and load."""
    return before[1].state == "measured" and before[1].asked == after[1].asked


def _without(cells: _Cells, both: Mapping[tuple[str, Engine, str], object]) -> tuple[str, ...]:
    return tuple(
        f"{variant} {place} ({engine})"
        for (variant, engine, place), (_, entry) in cells.items()
        if entry.state == "measured" and (variant, engine, place) not in both
    )


def _benches(old: _Cells, new: _Cells) -> list[tuple[Bench, Bench]]:
    """Return the pairs of the same variant on the same engine."""
    earlier = {(bench.variant, bench.engine): bench for bench, _ in old.values()}
    later = {(bench.variant, bench.engine): bench for bench, _ in new.values()}
    return [(earlier[at], later[at]) for at in earlier if at in later]


def _busy(cells: _Cells) -> tuple[str, ...]:
    said = [sentence for bench, _ in cells.values() for sentence in bench.document.conditions.busy]
    return tuple(dict.fromkeys(said))


def _change(old: Bench, before: Entry, new: Bench, after: Entry, on: On) -> Change:
    """Return a cell's change, not yet judged."""
    change = Change(
        variant=new.variant, engine=new.engine, place=after.place, quantity=after.primary
    )
    if after.state != "measured":
        why = f"{after.state}: {after.why}" if after.why else after.state
        return msgspec.structs.replace(change, verdict="broken", beyond=True, why=why)
    common = _common(before), _common(after)
    ratio = _shift(_ratios(before), _ratios(after), [math.sqrt(2) * one for one in common])
    speed = _shift(_speeds(before), _speeds(after), common)
    basis, why = _basis(old, new, ratio, speed, on)
    level = CAPPED_ALPHA if CAPPED in (before.stopped, after.stopped) else ALPHA
    replace = msgspec.structs.replace
    return replace(change, ratio=ratio, speed=speed, basis=basis, why=why, level=level)


def _speeds(entry: Entry) -> list[float]:
    return [one.own.get(entry.primary, 0.0) for one in entry.rounds]


def _ratios(entry: Entry) -> list[float]:
    """Return a speed relative to the baseline's, of the rounds that both took part in."""
    pairs = [
        (one.own.get(entry.primary, 0.0), one.baseline.get(entry.primary, 0.0))
        for one in entry.rounds
        if one.baseline is not None
    ]
    return [own / other if other else 0.0 for own, other in pairs]


def _common(entry: Entry) -> float:
    """Return the standard deviation of what the rounds of one model share, being one load's."""
    return common_of([one.process for one in entry.rounds], entry.load_spread)


def _shift(
    before: Sequence[float], after: Sequence[float], common: Sequence[float]
) -> Shift | None:
    """Return what changed; none where there is nothing, or a round answered nothing."""
    if not after or min([*before, *after], default=0) <= 0:
        return None
    return shift(before, after, (common[0], common[1]))


def _basis(
    old: Bench, new: Bench, ratio: Shift | None, speed: Shift | None, on: On
) -> tuple[Basis | None, str]:
    """Return what decides, or why nothing can."""
    if on != "speed" and ratio is not None:
        return ("ratio", "") if ratio.p is not None else (None, "a single round")
    if on == "ratio":
        own = new.variant == BASELINE
        return None, "it is the baseline" if own else "no round has the baseline too"
    if speed is None:
        return None, "a round has no speed"
    unfair = "" if on == "speed" else _unfair(old, new)
    if unfair or speed.p is None:
        return None, unfair or "a single round"
    return "speed", ""


def _unfair(old: Bench, new: Bench) -> str:
    """Return why the speeds of two runs by themselves say nothing of each other."""
    same = alike(old, new)
    if same is None:
        return "the machine of a run is not known"
    if not same:
        return "the machines differ"
    if old.document.conditions.busy or new.document.conditions.busy:
        return "a machine was busy or slowed down"
    return ""


def _judged(changes: Sequence[Change], limit: float) -> tuple[Change, ...]:
    """Return changes with p corrected over those that something decides, and verdicts."""
    decided = [one for one in changes if one.basis is not None and one.shift is not None]
    values = [one.shift.p for one in decided if one.shift is not None]
    corrected = holm([p for p in values if p is not None])
    known = {id(one): p for one, p in zip(decided, corrected, strict=True)}
    return tuple(_verdict(one, known.get(id(one)), limit) for one in changes)


def _verdict(change: Change, p: float | None, limit: float) -> Change:
    found = change.shift
    if p is None or found is None or found.low is None or found.high is None:
        return change
    loss = worse_by(change) or 0.0
    verdict: Verdict = "unclear"
    if p <= change.level and loss != 0:
        verdict = "slower" if loss > 0 else "faster"
    elif found.low >= 1 - limit and found.high <= 1 + limit:
        verdict = "same"
    beyond = verdict == "slower" and loss > limit
    return msgspec.structs.replace(change, holm=p, verdict=verdict, beyond=beyond)


def _held(old: _Cells, new: _Cells, limit: float) -> Iterator[Amount]:
    """Yield what each variant holds, whatever it works on."""
    for before, after in _benches(old, new):
        for part, quantity in _SUBJECT.items():
            was = getattr(before.document.subject, part)
            now = getattr(after.document.subject, part)
            if was is None or now is None:
                continue
            lost = was - now if quantity == _ROOM else now - was
            yield Amount(
                variant=after.variant,
                engine=after.engine,
                place="",
                quantity=quantity,
                before=was,
                after=now,
                beyond=lost > limit * was,
            )


def _peaks(both: Collection[tuple[Bench, Entry, Bench, Entry]], limit: float) -> Iterator[Amount]:
    """Yield the peaks of workloads; a step's memory is its whole workload's, and told once."""
    seen = set()
    for _, before, bench, after in both:
        was, now = before.memory, after.memory
        place = (bench.variant, bench.engine, after.name)
        # Two ways to read memory give two amounts of the same thing.
        if not was or not now or was["kind"] != now["kind"] or place in seen:
            continue
        seen.add(place)
        yield Amount(
            variant=bench.variant,
            engine=bench.engine,
            place=after.name,
            quantity="peak_memory_bytes",
            before=was["peak_bytes"],
            after=now["peak_bytes"],
            beyond=now["peak_bytes"] - was["peak_bytes"] > limit * was["peak_bytes"],
        )
