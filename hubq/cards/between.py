"""Between variants: every two of a family against each other, item by item, and what follows.

Margins, ranks, spreads, best methods and calibrations all rest on one set of pairs. What is called
better here has a p under 0.05 after Holm's correction over all pairs on all tasks, so it holds
whichever pair is picked out afterwards, and is beyond the noise floor.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import combinations, pairwise
from typing import Any

import msgspec

from hubq import stats
from hubq.cards.family import Family
from hubq.cards.kept import differences, kept, mean_over_tasks
from hubq.model.recipe import BASELINE, VariantSpec

#: Larger groups of the same bits are told apart by their ranks, not pair by pair.
MOST_MARGINS = 3
_LEFT_OUT = ("recovery", "recovery_low", "recovery_high")
Entry = dict[str, Any]


class Pairs:
    """Every two of some variants on every task, and on the mean over tasks.

    Attributes:
        names: the variants, in the recipe's order.
        tasks: task -> (first, second) -> the difference first - second.
        averages: (first, second) -> the same of the mean over tasks, for those of the same bits.
        compared: how many differences of tasks the correction runs over.
    """

    def __init__(self, family: Family, scores: Mapping[str, Entry], names: tuple[str, ...]) -> None:
        self.names = names
        self.tasks = {
            task.name: _on_task(family, task.name, scores[task.name], names)
            for task in family.tasks
        }
        found = [entry for pairs in self.tasks.values() for entry in pairs.values()]
        self.compared = sum(entry["comparable"] for entry in found)
        _correct(found)
        self.averages: dict[tuple[str, str], Entry] = {}

    def average_over(self, family: Family, tasks: tuple[str, ...], names: tuple[str, ...]) -> None:
        """Add the differences of the mean over some tasks that all named variants were scored on.

        Variants of other bits are not held against each other, and those that are not comparable
        on one of the tasks have no difference.
        """
        for first, second in combinations((n for n in self.names if n in names), 2):
            if family.spec(first).bits != family.spec(second).bits:
                continue
            entries = [self.tasks[task].get((first, second)) for task in tasks]
            if entries and all(entry and entry["comparable"] for entry in entries):
                places = [(kept(family, second, t), kept(family, first, t)) for t in tasks]
                both = tuple((one, other) for one, other in places if one and other)
                self.averages[first, second] = _mean(mean_over_tasks(both))
        _correct(list(self.averages.values()))

    def of(self, task: str, first: str, second: str) -> Entry | None:
        """Return the difference first - second on a task, in whichever order; none if unknown."""
        return oriented(self.tasks[task], first, second)

    def document(self) -> Entry:
        """Return the pairs as they stand in `comparison.json`."""
        return {
            "compared": self.compared,
            "tasks": {task: _nested(pairs) for task, pairs in self.tasks.items()},
            "averages": _nested(self.averages),
        }


def oriented(pairs: Mapping[tuple[str, str], Entry], first: str, second: str) -> Entry | None:
    """Return the difference first - second of a pair that may be kept the other way round."""
    if (first, second) in pairs:
        return pairs[first, second]
    if (second, first) not in pairs:
        return None
    entry = pairs[second, first]
    if not entry["comparable"]:
        return entry
    turned = {"first": "second", "second": "first"}
    changed: Entry = {
        "delta": -entry["delta"],
        "low": -entry["high"],
        "high": -entry["low"],
    }
    if "leader" in entry:
        changed["leader"] = turned.get(entry["leader"], entry["leader"])
    if "lost" in entry:
        changed |= {"lost": entry["gained"], "gained": entry["lost"]}
    return entry | changed


def margins(family: Family, pairs: Pairs) -> list[Entry]:
    """Return the pairs of variants of the same, fewest bits with their differences by task."""
    found = []
    for group in _of_same_bits(family, pairs.names):
        for first, second in combinations(group, 2):
            tasks = {
                task: _turned_ahead(entry)
                for task in pairs.tasks
                if (entry := pairs.of(task, first, second)) is not None
            }
            if tasks:
                bits = family.spec(first).bits
                found.append({"first": first, "second": second, "bits": bits, "tasks": tasks})
    return found


def _turned_ahead(entry: Entry) -> Entry:
    """Return a pair with the interval of the one ahead minus the other beside that of the first."""
    if not entry["comparable"]:
        return entry
    low, high = entry["low"], entry["high"]
    if entry["delta"] < 0:
        low, high = -high, -low
    return {**entry, "ahead_low": low, "ahead_high": high}


def _of_same_bits(family: Family, names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the group of fewest bits that holds two methods; none where it is a crowd."""
    groups: dict[int, list[VariantSpec]] = {}
    for name in names:
        spec = family.spec(name)
        groups.setdefault(spec.bits, []).append(spec)
    for bits in sorted(groups):
        group = groups[bits]
        if len({how_made(spec) for spec in group}) > 1:
            if len(group) <= MOST_MARGINS:
                yield tuple(spec.name for spec in group)
            return


def how_made(spec: VariantSpec) -> tuple[Any, ...]:
    """Return all that decides a variant but its calibration rows and its name."""
    return (
        *(spec.method, spec.bits, spec.group_size, spec.desc_act, spec.sym),
        *(spec.damp, spec.alpha, spec.backend, spec.environment),
    )


def ranks(family: Family, pairs: Pairs) -> Entry:
    """Return task -> the variants from the best down, each with the gap to the next.

    A gap is none where the two are not comparable, and for the last.
    """
    found: Entry = {}
    for task in pairs.tasks:
        stages = {name: f"score/{name}/{task}" for name in pairs.names}
        scores = {
            name: family.results[stage].measure("score").value
            for name, stage in stages.items()
            if stage in family.results
        }
        order = sorted(scores, key=lambda name: (-scores[name], name))
        if len(order) > 1:
            steps = [_step(pairs, task, leader, after) for leader, after in pairwise(order)]
            found[task] = [*steps, {"variant": order[-1], "gap": None}]
    return found


def _step(pairs: Pairs, task: str, leader: str, follower: str) -> Entry:
    entry = pairs.of(task, leader, follower)
    gap = None
    if entry is not None and entry["comparable"]:
        gap = {name: entry[name] for name in ("delta", "low", "high", "p", "holm")}
        gap |= {"to": follower, "sure": entry["leader"] == "first"}
    return {"variant": leader, "gap": gap}


def spreads(family: Family, scores: Mapping[str, Entry], pairs: Pairs) -> list[Entry]:
    """Return how far apart the baseline and the variants are on each task, the widest first.

    The two ends were picked for being far apart; what is said of them is what is said of them among
    all pairs: of two variants by `Pairs`, of a variant and the baseline by the table of scores.
    """
    table = {}
    for task in family.tasks:
        stages = {name: f"score/{name}/{task.name}" for name in (BASELINE, *pairs.names)}
        row = {
            name: family.results[stage].measure("score").value
            for name, stage in stages.items()
            if stage in family.results
        }
        if len(row) > 1:
            table[task.name] = row
    return [_spread(spread, scores, pairs) for spread in stats.sensitivity(table)]


def _spread(spread: stats.Spread, scores: Mapping[str, Entry], pairs: Pairs) -> Entry:
    plain: Entry = msgspec.to_builtins(spread)
    entry = scores[spread.task]
    known = {(name, BASELINE): found for name, found in entry["variants"].items()}
    pair = oriented({**known, **pairs.tasks[spread.task]}, spread.highest, spread.lowest)
    if pair is None or not pair["comparable"]:
        return {**plain, "low": None, "high": None, "holm": None, "sure": None}
    shown = pair.get("verdict") in ("loss", "gain") and not entry["floor"]
    return {
        **plain,
        "low": pair["low"],
        "high": pair["high"],
        "holm": pair["holm"],
        "sure": shown or pair.get("leader", "open") != "open",
    }


def calibrations(family: Family, pairs: Pairs) -> list[Entry]:
    """Return the groups of variants that differ in their calibration rows alone.

    Each holds its first variant, and for the others the difference to it on each task and on the
    mean over tasks.
    """
    groups: dict[tuple[Any, ...], list[VariantSpec]] = {}
    for name in pairs.names:
        spec = family.spec(name)
        groups.setdefault(how_made(spec), []).append(spec)
    found = []
    for specs in groups.values():
        if len({msgspec.json.encode(spec.calibration) for spec in specs}) < 2:
            continue
        first = next((spec.name for spec in specs if spec.calibration is None), specs[0].name)
        rest = [spec.name for spec in specs if spec.name != first]
        found.append(
            {
                "first": first,
                "others": {
                    name: {
                        "tasks": {task: pairs.of(task, name, first) for task in pairs.tasks},
                        "average": oriented(pairs.averages, name, first),
                    }
                    for name in rest
                },
            }
        )
    return found


def _on_task(
    family: Family, task: str, entry: Entry, names: tuple[str, ...]
) -> dict[tuple[str, str], Entry]:
    """Return the pairs of the variants that were scored on a task."""
    places = [one for name in names if (one := kept(family, name, task)) is not None]
    found: dict[tuple[str, str], Entry] = {}
    for position, second in enumerate(places):
        if position:
            for name, pair in differences(second, tuple(places[:position])).items():
                found[name, second.name] = _told(pair, entry)
    return {key: found[key] for key in combinations([one.name for one in places], 2)}


def _told(pair: stats.Paired | stats.NotComparable, entry: Entry) -> Entry:
    """Return one pair as it stands in the file, without what needs the correction."""
    if isinstance(pair, stats.NotComparable):
        return {"comparable": False, "reason": pair.reason}
    if pair.low is None:
        return {"comparable": False, "reason": "all items share one image or text"}
    plain = {k: v for k, v in msgspec.to_builtins(pair).items() if k not in _LEFT_OUT}
    found = stats.detectable(pair)
    return {
        "comparable": True,
        **plain,
        "detectable": found.value if found and not found.is_bound else None,
        "floor": entry["floor"],
        "noise": _is_noise(entry, plain),
    }


def _is_noise(entry: Entry, pair: Entry) -> bool:
    """Return whether two runs of the baseline differ by as much."""
    if not entry["noise"]:
        return False
    measured = msgspec.convert(entry["noise"]["measured"], stats.Noise)
    return bool(abs(pair["delta"]) <= measured.floor(pair["n"]))


def _mean(average: stats.Average) -> Entry:
    """Return the difference of two means over tasks; p is read back from the interval's width."""
    if average.low is None or average.high is None:
        return {"comparable": False, "reason": "all items of a task share one image or text"}
    half = (average.high - average.low) / 2
    size = stats.Z_95 * abs(average.delta) / half if half > 0 else 0.0
    return {
        "comparable": True,
        "tasks": average.tasks,
        "delta": average.delta,
        "low": average.low,
        "high": average.high,
        "p": math.erfc(size / math.sqrt(2)),
    }


def _correct(entries: list[Entry]) -> None:
    """Add Holm's corrected p to each pair, and which of the two is better beyond chance."""
    compared = [entry for entry in entries if entry["comparable"]]
    for entry, p in zip(compared, stats.holm([e["p"] for e in compared]), strict=True):
        shown = p < stats.ALPHA and not entry.get("floor") and not entry.get("noise")
        better = "first" if entry["delta"] > 0 else "second"
        entry |= {"holm": p, "leader": better if shown else "open"}


def _nested(pairs: Mapping[tuple[str, str], Entry]) -> Entry:
    found: Entry = {}
    for (first, second), entry in pairs.items():
        found.setdefault(first, {})[second] = entry
    return found
