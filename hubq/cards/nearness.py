"""Nearness: what fidelity measures and repeated runs of the baseline say of a family."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec

from hubq import stats
from hubq.cards.family import Family
from hubq.cards.kept import Kept, kept
from hubq.evaluate.fidelity import Reading, perplexity_ratio
from hubq.evaluate.generation import RECORDS
from hubq.evaluate.lines import read_lines
from hubq.evaluate.samples import Sample, read_samples
from hubq.model.recipe import BASELINE
from hubq.model.suite import FIDELITY
from hubq.plan.evaluation import REPEAT

_KEPT = ("value", "low", "high", "n")


def fidelity_of(family: Family, names: tuple[str, ...]) -> dict[str, Any]:
    """Return variant -> measure -> value, interval and number, the baseline first.

    A perplexity has a `perplexity_ratio` beside it, paired with the baseline's window by window.
    """
    found: dict[str, Any] = {}
    baseline = _readings(family, BASELINE)
    for name in (BASELINE, *names):
        result = family.results.get(f"score/{name}/{FIDELITY}")
        if result is None:
            continue
        measures = {
            measure.name: {part: getattr(measure, part) for part in _KEPT}
            for measure in result.measures
        }
        if name != BASELINE and baseline:
            ratio = perplexity_ratio(baseline, _readings(family, name))
            measures |= {"perplexity_ratio": ratio} if ratio else {}
        found[name] = measures
    return found


def noise_of(family: Family, task: str) -> dict[str, Any] | None:
    """Return the noise floor under a task: what a second run of the baseline moved.

    Returns:
        `measured` (hubq.stats.Noise), `floor` (for the whole task) and how many raw answers
        changed; none when the baseline was run once.
    """
    first, second = kept(family, BASELINE, task), kept(family, BASELINE, f"{task}/{REPEAT}")
    return None if first is None or second is None else _noise(first, second)


@lru_cache(maxsize=256)
def _noise(first: Kept, second: Kept) -> dict[str, Any] | None:
    """Return what `noise_of` does; nobody changes it, and a family's cards share it."""
    whole, again = read_samples(first.folder), read_samples(second.folder)
    found = stats.compare_runs(whole, again)
    if isinstance(found, stats.NotComparable):
        return None
    before = _same(whole, again)
    return {
        "measured": msgspec.to_builtins(found),
        "floor": found.floor(len(whole)),
        "outputs_changed": sum(a.output != b.output for a, b in zip(before, again, strict=True)),
    }


def rerun_of(family: Family, task: str, suffix: str) -> dict[str, Any] | None:
    """Return what a further run of the baseline moved on the questions that both runs asked.

    Args:
        family: whose results are compared.
        task: the task.
        suffix: `native` for the run in the baseline's own precision.

    Returns:
        The paired difference, run two - run one; none when it was not run.
    """
    first, second = f"score/{BASELINE}/{task}", f"score/{BASELINE}/{task}/{suffix}"
    if first not in family.results or second not in family.results:
        return None
    again = read_samples(family.folders[second])
    before = _same(read_samples(family.folders[first]), again)
    paired = stats.compare(before, again)
    if isinstance(paired, stats.NotComparable):
        return None
    changed = sum(a.output != b.output for a, b in zip(before, again, strict=True))
    return {
        **msgspec.to_builtins(paired),
        "flips": paired.flips,
        "outputs_changed": changed,
        "score": sum(sample.score for sample in again) / len(again),
    }


def _same(samples: tuple[Sample, ...], wanted: tuple[Sample, ...]) -> tuple[Sample, ...]:
    by_key = {sample.key: sample for sample in samples}
    return tuple(by_key[sample.key] for sample in wanted)


def _readings(family: Family, name: str) -> tuple[Reading, ...]:
    stage = f"score/{name}/{FIDELITY}"
    if stage not in family.results:
        return ()
    return read_lines(family.folders[stage] / RECORDS, Reading)
