"""Whether what was planted is found."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from hubq.audit.auditing import audit
from hubq.audit.rule import all_rules
from hubq.model.finding import Finding
from tests.audit.planting import bases, real
from tests.audit.planting.kinds import (
    arithmetic,
    environment,
    metadata,
    prose,
    scores,
    siblings,
    snippets,
    weights,
)
from tests.audit.planting.planting import KINDS, Kind, Planted
from tests.audit.planting.repos import Repo

AREAS = (arithmetic, environment, metadata, prose, scores, siblings, snippets, weights)
_LINE = re.compile(r"lines? \d+")
Key = tuple[str, str, str, str, str]


@dataclass(frozen=True)
class Trial:
    """An error that was planted.

    Attributes:
        kind, base: names.
        planted: what was done.
        new: what is found that was not found before.
        hit: whether one of that is the error.
    """

    kind: Kind
    base: str
    planted: Planted
    new: tuple[Finding, ...]
    hit: bool


def names() -> list[str]:
    """Return the names of all true repos; real cards only where they are at hand."""
    return [*bases.BASES, *(real.CLEAN if real.there() else ())]


@cache
def true_repo(name: str) -> Repo:
    """Return a true repo by its name."""
    return bases.base(name) if name in bases.BASES else real.real(name)


def findings(repo: Repo) -> tuple[Finding, ...]:
    """Return what all rules find in a repo."""
    return audit(repo.subject(), all_rules()).findings


@cache
def before(name: str) -> tuple[Finding, ...]:
    """Return what is found in a true repo."""
    return findings(true_repo(name))


def _key(one: Finding) -> Key:
    """Return what a finding says, wherever it stands now."""
    return (one.rule, one.path, one.said, _LINE.sub("", one.found), one.part)


def new_findings(old: Iterable[Finding], now: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings that were not there before; moved ones were."""
    left = Counter(map(_key, old))
    found = []
    for one in now:
        if left[_key(one)]:
            left[_key(one)] -= 1
        else:
            found.append(one)
    return tuple(found)


def is_hit(planted: Planted, one: Finding) -> bool:
    """Return whether a finding is at the planted lines or file, or names what was planted."""
    said = f"{one.said}\n{one.found}\n{one.quote}\n{one.part}"
    if any(text in said for text in planted.texts):
        return True
    if one.path == "README.md" and "README.md" in (planted.path, *planted.paths):
        return one.line in planted.lines
    return one.path in (planted.path, *planted.paths) and one.path != "README.md"


def tries(seeds: Iterable[int], most: int = 1000) -> Iterator[Trial]:
    """Plant every kind in true repos that have a place for it, once a seed.

    Args:
        seeds: for what is drawn.
        most: repos for each kind, drawn too.
    """
    for kind in KINDS.values():
        left = most
        order = random.Random(kind.name)  # noqa: S311
        for name in order.sample(names(), k=len(names())):
            found = list(_tries(kind, name, seeds)) if left else []
            left -= bool(found)
            yield from found


def _tries(kind: Kind, name: str, seeds: Iterable[int]) -> Iterator[Trial]:
    done = set()
    for seed in seeds:
        rng = random.Random(f"{kind.name} {name} {seed}")  # noqa: S311
        planted = kind.plant(true_repo(name), rng)
        if planted is None:
            return
        if (planted.what, planted.repo.card) in done:
            continue
        done.add((planted.what, planted.repo.card))
        new = new_findings(before(name), findings(planted.repo))
        hit = any(is_hit(planted, one) for one in new)
        yield Trial(kind=kind, base=name, planted=planted, new=new, hit=hit)


def table(trials: Iterable[Trial]) -> str:
    """Return how many of each kind were found, and what was not."""
    found: Counter[str] = Counter()
    all_: Counter[str] = Counter()
    missed = []
    for one in trials:
        all_[one.kind.name] += 1
        found[one.kind.name] += one.hit
        if not one.hit:
            new = ", ".join(sorted({f"{each.rule} at {each.place}" for each in one.new}))
            missed.append(
                f"  {one.kind.name} in {one.base}: {one.planted.what} (new: {new or '-'})"
            )
    rows = [
        f"{KINDS[name].area:12} {name:20} {found[name]:4} of {count:4}"
        for name, count in sorted(all_.items(), key=lambda item: (KINDS[item[0]].area, item[0]))
    ]
    total = f"{sum(found.values())} of {sum(all_.values())}"
    return "\n".join([*rows, f"found: {total}", "missed:", *missed])
