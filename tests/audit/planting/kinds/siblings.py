"""Cards of one family that contradict one another."""

from __future__ import annotations

import random

from tests.audit.planting.planting import Planted, kind, nudged, pick, put, spots
from tests.audit.planting.repos import Repo


@kind("siblings", "sibling-cell", "the same score differs on two cards of a family")
def sibling_cell(repo: Repo, rng: random.Random) -> Planted | None:
    """Change a score of the baseline, which all cards of the family print."""
    if not repo.siblings or not spots(repo, "mmmu"):
        return None
    spot = rng.choice([one for one in spots(repo, "score") if one.text in ("88.34", "44.40")])
    return put(repo, spot, nudged(rng, spot.text, 0.005, 0.02), "cell")


@kind("siblings", "sibling-own-cell", "the same speed differs on two of our own cards")
def sibling_own_cell(repo: Repo, rng: random.Random) -> Planted | None:
    """Change a speed or a memory figure of one card alone."""
    if not repo.siblings:
        return None
    numbers = [one for one in ("35.29", "36.58", "10.01", "31.64", "212.40") if one in repo.card]
    old = rng.choice(numbers)
    made = repo.copy()
    lines = made.replace(made.card.index(old), old, new := nudged(rng, old, 0.1, 0.3))
    return Planted(made, f"{old} -> {new}", lines=lines, texts=(new,))


@kind("siblings", "sibling-stack", "two cards of a family tell another environment")
def sibling_stack(repo: Repo, rng: random.Random) -> Planted | None:
    """State another release of Flash Attention or Optimum than the siblings do."""
    if not repo.siblings or not spots(repo, "torch"):
        return None
    turns = {"Flash Attention 2.6.3": "Flash Attention 2.5.8", "Optimum 1.23.3": "Optimum 1.21.4"}
    old, new = rng.choice(list(turns.items()))
    made = repo.copy()
    lines = made.replace(made.card.index(old), old, new)
    return Planted(made, f"{old} -> {new}", lines=lines, texts=(new, new.split()[-1]))


@kind("siblings", "sibling-harness", "two cards of a family name another harness")
def sibling_harness(repo: Repo, rng: random.Random) -> Planted | None:
    """Name another harness than the siblings do."""
    spot = pick(rng, spots(repo, "harness") if repo.siblings else [])
    return None if spot is None else put(repo, spot, "lmms-eval", "harness")


@kind(
    "siblings", "sibling-hardware", "two cards of a family give the same speeds to other hardware"
)
def sibling_hardware(repo: Repo, rng: random.Random) -> Planted | None:
    """Name another GPU for the same speeds."""
    del rng
    old = "NVIDIA A100 80GB"
    if not repo.siblings or old not in repo.card:
        return None
    made = repo.copy()
    lines = made.replace(made.card.index(old), old, "NVIDIA H100 80GB")
    return Planted(made, "another GPU for the same speeds", lines=lines, texts=("H100",))
