"""Comparisons: the numbers that no single result holds, worked out from several of them.

They are written to a file of the card's own result, `comparison.json`, so that every derived number
on a card has a place it was read from. Fractions there run from 0 to 1; cards show percent points.
"""

from __future__ import annotations

from typing import Any

import msgspec

from hubq import stats
from hubq.cards import between
from hubq.cards.answering import answering_of
from hubq.cards.family import Family
from hubq.cards.kept import Kept, differences, kept, mean_over_tasks
from hubq.cards.nearness import fidelity_of, noise_of, rerun_of
from hubq.cards.prices import costs_of
from hubq.cards.ratios import compared, judge, serving_of, speed_of
from hubq.cards.speeds import bench_measures, gpus_of, grid_of, sizes_of, vision_shares
from hubq.model.recipe import BASELINE
from hubq.model.suite import TaskSpec
from hubq.plan.evaluation import NATIVE

SCHEMA = 1
POWER = 0.8


def compare(family: Family, names: tuple[str, ...]) -> dict[str, Any]:
    """Return the content of `comparison.json`.

    Holm's correction runs over the published variants and all tasks, and over each control's tasks
    by themselves, so that a card and the family report say the same of a published variant. For the
    same reason variants are held against one another among the published ones alone.

    Args:
        family: whose results are compared.
        names: the variants compared with the baseline.
    """
    scores = {task.name: _task(family, task, names) for task in family.tasks}
    _correct(scores, [name for name in names if name in family.published])
    for control in (name for name in names if name in family.controls):
        _correct(scores, [control])
    for entry in scores.values():
        _judge(entry)
    averages = _averages(family, scores, names)
    published = tuple(name for name in names if name in family.published)
    pairs = _pairs(family, scores, averages, published)
    return {
        "schema": SCHEMA,
        "baseline": BASELINE,
        "level": stats.CONFIDENCE,
        "alpha": stats.ALPHA,
        "alpha_capped": stats.CAPPED_ALPHA,
        "power": POWER,
        "compared": sum(
            entry["variants"].get(name, {}).get("comparable", False)
            for entry in scores.values()
            for name in published
        ),
        "scores": scores,
        "averages": averages,
        "pairs": pairs.document(),
        "margins": between.margins(family, pairs),
        "ranks": between.ranks(family, pairs),
        "calibrations": between.calibrations(family, pairs),
        "sizes": sizes_of(family, names),
        **_timings(family, names, published),
        "answering": answering_of(family, names),
        "calibration": vision_shares(family, names),
        "sensitivity": between.spreads(family, scores, pairs),
        "pareto": _pareto(family, scores, names),
        "fidelity": fidelity_of(family, names),
        "overlap": {name: family.overlaps[name] for name in names if name in family.overlaps},
    }


def _timings(family: Family, names: tuple[str, ...], published: tuple[str, ...]) -> dict[str, Any]:
    """Return what was asked of timings, and what they say of variants beside the baseline.

    Holm's correction runs over the published variants and all cells, and over each control's by
    themselves, as that of scores does.
    """
    speed, serving = speed_of(family, names), serving_of(family, names)
    controls = tuple((name,) for name in names if name in family.controls)
    judge(speed, serving, (published, *controls))
    return {
        "asked": msgspec.to_builtins(family.loaded.workloads),
        "speed": speed,
        "serving": serving,
        "timed": compared(speed, serving, published),
        "grid": grid_of(family, speed, serving),
        "prices": costs_of(family, names),
        "gpus": gpus_of(family, names),
    }


def _task(family: Family, task: TaskSpec, names: tuple[str, ...]) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "chance": task.chance,
        "margin": family.margin(task.name) / 100,
        "floor": False,
        "identity": {},
        "noise": None,
        "native": rerun_of(family, task.name, NATIVE),
        "variants": {},
    }
    baseline = kept(family, BASELINE, task.name)
    if baseline is None:
        return entry
    score = family.results[f"score/{BASELINE}/{task.name}"].measure("score")
    summary = stats.Summary(
        n=score.n, mean=score.value, se=score.se, low=score.low, high=score.high
    )
    entry["floor"] = stats.is_floor(summary, chance=task.chance, margin=entry["margin"])
    entry["identity"] = dict(baseline.identity)
    entry["noise"] = noise_of(family, task.name)
    found = tuple(one for name in names if (one := kept(family, name, task.name)))
    for name, pair in differences(baseline, found).items():
        entry["variants"][name] = _told(pair, entry["margin"])
    return entry


def _told(pair: stats.Paired | stats.NotComparable, margin: float) -> dict[str, Any]:
    """Return one comparison as it stands in the file."""
    if isinstance(pair, stats.NotComparable):
        return {"comparable": False, "reason": f"Not compared with {BASELINE}: {pair.reason}."}
    if pair.low is None:
        reason = f"Not compared with {BASELINE}: all items share one image or text."
        return {"comparable": False, "reason": reason}
    found = stats.detectable(pair)
    return {
        "comparable": True,
        **msgspec.to_builtins(pair),
        **_relative(pair),
        "flips": pair.flips,
        "non_inferiority": stats.non_inferiority(pair, margin),
        "detectable": found.value if found and not found.is_bound else None,
        "detectable_bound": found.value if found and found.is_bound else None,
    }


def _relative(pair: stats.Paired) -> dict[str, float | None]:
    """Return the change as a share of the baseline's score, and its interval."""
    shares = {
        "relative": pair.recovery,
        "relative_low": pair.recovery_low,
        "relative_high": pair.recovery_high,
    }
    return {name: None if share is None else share - 1 for name, share in shares.items()}


def _correct(scores: dict[str, dict[str, Any]], names: list[str]) -> None:
    """Add Holm's corrected p to each comparison of the named variants."""
    compared = [
        entry["variants"][name]
        for entry in scores.values()
        for name in names
        if entry["variants"].get(name, {}).get("comparable")
    ]
    for pair, p in zip(compared, stats.holm([pair["p"] for pair in compared]), strict=True):
        pair["holm"] = p


def _judge(entry: dict[str, Any]) -> None:
    """Add to each comparison of a task its verdict; docs/statistics.md has the rule."""
    noise = entry["noise"]
    floor = msgspec.convert(noise["measured"], stats.Noise) if noise else None
    for pair in entry["variants"].values():
        if pair["comparable"]:
            difference = msgspec.convert(pair, stats.Paired)
            pair["verdict"] = stats.judge(
                difference, holm=pair["holm"], margin=entry["margin"], noise=floor
            )


def _averaged(family: Family, scores: dict[str, dict[str, Any]]) -> tuple[str, ...]:
    """Return the tasks whose mean is shown.

    Tasks at the floor are left out: what cannot fall would only hide what did. So are those of
    another harness than the first task's.
    """
    main = family.harnesses[:1]
    own = (task.name for task in family.tasks if task.harness in main)
    return tuple(name for name in own if not scores[name]["floor"])


def _averages(
    family: Family, scores: dict[str, dict[str, Any]], names: tuple[str, ...]
) -> dict[str, Any]:
    """Return the mean over tasks of each variant that was measured and comparable on all."""
    tasks = _averaged(family, scores)
    baseline = _all_kept(family, BASELINE, tasks)
    if not tasks or baseline is None:
        return {}
    averages: dict[str, Any] = {}
    for name in (BASELINE, *names):
        pairs = [scores[task]["variants"].get(name, {}) for task in tasks]
        found = _all_kept(family, name, tasks)
        if found is None or (name != BASELINE and not all(p.get("comparable") for p in pairs)):
            continue
        average = mean_over_tasks(tuple(zip(baseline, found, strict=True)))
        averages[name] = {"score": average.score, "tasks": average.tasks}
        if name != BASELINE:
            averages[name] = msgspec.to_builtins(average)
    return averages


def _all_kept(family: Family, name: str, tasks: tuple[str, ...]) -> tuple[Kept, ...] | None:
    """Return where a variant's samples on some tasks lie; none unless it was scored on all."""
    found = tuple(one for task in tasks if (one := kept(family, name, task)) is not None)
    return found if len(found) == len(tasks) else None


def _pairs(
    family: Family,
    scores: dict[str, dict[str, Any]],
    averages: dict[str, Any],
    published: tuple[str, ...],
) -> between.Pairs:
    """Return every two published variants against each other."""
    pairs = between.Pairs(family, scores, published)
    if averages:
        tasks, names = _averaged(family, scores), tuple(n for n in published if n in averages)
        pairs.average_over(family, tasks, names)
    return pairs


def _pareto(
    family: Family, scores: dict[str, dict[str, Any]], names: tuple[str, ...]
) -> list[dict[str, Any]]:
    """Return which variants no other beats in score, size and speed at once, beyond noise.

    The score is the mean over all tasks. Variants without a score, a size or a speed have no place;
    where fewer than two have a speed, score and size alone are looked at. Each stands there with
    what it was judged by.
    """
    averages = _averages_of(family, scores, names)
    sizes, first = sizes_of(family, names), family.loaded.workloads.workloads[0].name
    points = []
    for name in (BASELINE, *names):
        if name in averages and name in sizes:
            score = averages[name]
            axes = {
                "score": stats.Axis(value=score.score, low=score.score_low, high=score.score_high),
                "bytes": stats.Axis(value=sizes[name]["bytes"], better="less"),
            }
            speed = bench_measures(family, name).get(f"tokens_per_second/{first}")
            if speed is not None:
                axes["speed"] = stats.Axis(value=speed.value, low=speed.low, high=speed.high)
            points.append(stats.Point(name=name, axes=axes))
    timed = [point for point in points if "speed" in point.axes]
    chosen = timed if len(timed) > 1 else [_untimed(point) for point in points]
    return [
        {**msgspec.to_builtins(standing), "axes": msgspec.to_builtins(point.axes)}
        for standing, point in zip(stats.pareto(chosen), chosen, strict=True)
    ]


def _untimed(point: stats.Point) -> stats.Point:
    axes = {name: axis for name, axis in point.axes.items() if name != "speed"}
    return stats.Point(name=point.name, axes=axes)


def _averages_of(
    family: Family, scores: dict[str, dict[str, Any]], names: tuple[str, ...]
) -> dict[str, stats.Average]:
    """Return the mean over all tasks of each variant that was comparable on all."""
    tasks = tuple(task.name for task in family.tasks)
    baseline = _all_kept(family, BASELINE, tasks)
    if baseline is None:
        return {}
    found = {}
    for name in (BASELINE, *names):
        known = _all_kept(family, name, tasks)
        pairs = [scores[task]["variants"].get(name, {}) for task in tasks]
        if known and (name == BASELINE or all(pair.get("comparable") for pair in pairs)):
            found[name] = mean_over_tasks(tuple(zip(baseline, known, strict=True)))
    return found
