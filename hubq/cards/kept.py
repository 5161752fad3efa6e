"""Kept samples: scored items of a family, compared once however many cards rest on them.

A comparison is looked up by the digests of the files that it reads, so a family's cards and its
report share the work.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from hubq import stats
from hubq.cards.family import Family
from hubq.evaluate.samples import SAMPLES, read_samples


class _Item(NamedTuple):
    """What a comparison needs to know of a sample (`hubq.stats.Scored`)."""

    key: str
    cluster: str
    prompt_hash: str
    score: float


class Kept(NamedTuple):
    """Where a variant's samples on a task lie, and what they were taken with."""

    name: str
    folder: Path
    sha256: str
    identity: tuple[tuple[str, str], ...]


def kept(family: Family, name: str, task: str) -> Kept | None:
    """Return where the samples are; none where the variant has no score."""
    stage = f"score/{name}/{task}"
    if stage not in family.results:
        return None
    result = family.results[stage]
    identity = tuple(sorted(result.facts.get("identity", {}).items()))
    return Kept(name, family.folders[stage], result.files[SAMPLES].sha256, identity)


@lru_cache(maxsize=1024)
def differences(
    reference: Kept, variants: tuple[Kept, ...]
) -> dict[str, stats.Paired | stats.NotComparable]:
    """Return name -> the difference of each variant to the reference, on the same items."""
    return stats.compare_all(
        _items(reference),
        {one.name: _items(one) for one in variants},
        identities=(dict(reference.identity), {one.name: dict(one.identity) for one in variants}),
    )


@lru_cache(maxsize=256)
def mean_over_tasks(tasks: tuple[tuple[Kept, Kept], ...]) -> stats.Average:
    """Return the mean over tasks of one variant beside another's.

    Args:
        tasks: of each, the samples that are held against and the variant's.
    """
    return stats.average([_scores(*pair) for pair in tasks])


def _scores(reference: Kept, variant: Kept) -> stats.TaskScores:
    before, after = _items(reference), _items(variant)
    return stats.TaskScores(
        baseline=[item.score for item in before],
        variant=[item.score for item in after],
        clusters=[item.cluster for item in before],
    )


@lru_cache(maxsize=64)
def _items(place: Kept) -> tuple[_Item, ...]:
    """Return the samples in the order of their keys."""
    found = (
        _Item(sample.key, sample.cluster, sample.prompt_hash, sample.score)
        for sample in read_samples(place.folder)
    )
    return tuple(sorted(found))
