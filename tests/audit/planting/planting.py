"""Kinds of errors, and what one of them has done to a repo."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.audit.planting.repos import Repo, Spot

CARD = "README.md"


@dataclass(frozen=True)
class Planted:
    """An error in a repo.

    Attributes:
        repo: as it is now.
        what: what was done.
        path: the file that carries it; findings without a line may name it.
        lines: of that file, those that carry it; any of the file where there are none.
        texts: what a finding may name instead.
        paths: more files that carry it as well.
    """

    repo: Repo
    what: str
    path: str = CARD
    lines: frozenset[int] = frozenset()
    texts: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()


Plant = Callable[[Repo, random.Random], Planted | None]
"""Plants an error in a copy of a repo; returns none where the repo has no place for it."""


@dataclass(frozen=True)
class Kind:
    """A kind of error.

    Attributes:
        name: unique.
        area: of the audit that it belongs to.
        what: what is wrong, in one line.
        plant: plants it.
    """

    name: str
    area: str
    what: str
    plant: Plant


KINDS: dict[str, Kind] = {}


def kind(area: str, name: str, what: str) -> Callable[[Plant], Plant]:
    """Register a function as a kind of error."""

    def register(plant: Plant) -> Plant:
        assert name not in KINDS, name
        KINDS[name] = Kind(name=name, area=area, what=what, plant=plant)
        return plant

    return register


def spots(repo: Repo, *labels: str) -> list[Spot]:
    """Return the marked places of a card with any of these labels."""
    return [spot for spot in repo.spots if spot.label in labels]


def put(repo: Repo, spot: Spot, new: str, what: str, *also: str) -> Planted:
    """Return a repo with other characters in a marked place.

    Args:
        repo: stays as it is.
        spot: the place.
        new: what goes there.
        what: what was done.
        also: further texts that a finding may name.
    """
    made = repo.copy()
    lines = made.replace(spot.start, spot.text, new)
    texts = tuple(one for one in (new, *also) if len(one) > 2)
    return Planted(made, f"{what}: {spot.text!r} -> {new!r}", lines=lines, texts=texts)


def pick(rng: random.Random, found: Sequence[Spot]) -> Spot | None:
    """Return one of some places, or none of none."""
    return rng.choice(found) if found else None


_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def nudged(rng: random.Random, text: str, least: float, most: float) -> str:
    """Return a text whose number is off by a share of it, to either side, printed alike."""
    found = _NUMBER.search(text)
    assert found is not None, text
    decimals = len(found[0].partition(".")[2])
    value = float(found[0])
    off = max(rng.uniform(least, most) * value, 12 * 10.0**-decimals)
    new = value + off if rng.random() < 0.5 and value - off > 0 else value - off
    new = new if new > 0 else value + off
    shown = f"{new:.{decimals}f}"
    return f"{text[: found.start()]}{shown}{text[found.end() :]}"


def body_line(rng: random.Random, repo: Repo) -> int:
    """Return a line of the body before which a paragraph may go: one behind a blank line."""
    lines = repo.card.split("\n")
    first = lines.index("---", 1) if lines[0] == "---" else 0
    fenced, places = False, []
    for number, line in enumerate(lines, start=1):
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        around = lines[number - 2 : number + 1]
        plain = not any(one.lstrip().startswith(("|", "<", "-", ">", "*")) for one in around)
        if number > first + 2 and not line and not fenced and plain:
            places.append(number + 1)
    return rng.choice(places)
