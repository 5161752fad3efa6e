"""Numbers that do not follow from the others."""

from __future__ import annotations

import random

from tests.audit.planting.planting import Planted, kind, nudged, pick, put, spots
from tests.audit.planting.repos import Repo


@kind("arithmetic", "average", "an average is not the mean of its cells")
def average(repo: Repo, rng: random.Random) -> Planted | None:
    """Move an average by one to six percent."""
    spot = pick(rng, spots(repo, "average"))
    return None if spot is None else put(repo, spot, nudged(rng, spot.text, 0.01, 0.06), "average")


@kind("arithmetic", "delta", "a difference is not that of its two scores")
def delta(repo: Repo, rng: random.Random) -> Planted | None:
    """Move a difference by a third to twice itself."""
    spot = pick(rng, spots(repo, "delta"))
    return (
        None if spot is None else put(repo, spot, nudged(rng, spot.text, 0.35, 2.0), "difference")
    )


@kind("arithmetic", "delta-sign", "a difference has the wrong sign")
def delta_sign(repo: Repo, rng: random.Random) -> Planted | None:
    """Turn a loss into a gain, or the other way round."""
    spot = pick(rng, spots(repo, "delta"))
    if spot is None:
        return None
    turned = {"+": "-", "-": "+", "−": "+"}[spot.text[0]]
    return put(repo, spot, f"{turned}{spot.text[1:]}", "sign")


@kind("arithmetic", "recovery", "a recovery is not the ratio of its scores")
def recovery(repo: Repo, rng: random.Random) -> Planted | None:
    """Move a recovery by half a point to five points."""
    spot = pick(rng, spots(repo, "recovery"))
    return (
        None if spot is None else put(repo, spot, nudged(rng, spot.text, 0.005, 0.05), "recovery")
    )


@kind("arithmetic", "said-average", "a sentence says another average than the table")
def said_average(repo: Repo, rng: random.Random) -> Planted | None:
    """Move the average in the prose."""
    spot = pick(rng, spots(repo, "said-average"))
    return (
        None
        if spot is None
        else put(repo, spot, nudged(rng, spot.text, 0.006, 0.04), "average in prose")
    )


@kind("arithmetic", "said-recovery", "a sentence says another recovery than the table")
def said_recovery(repo: Repo, rng: random.Random) -> Planted | None:
    """Move the recovery in the prose."""
    spot = pick(rng, spots(repo, "said-recovery"))
    return (
        None
        if spot is None
        else put(repo, spot, nudged(rng, spot.text, 0.01, 0.03), "recovery in prose")
    )


@kind("arithmetic", "speed-up", "a speed-up is not the ratio of the speeds")
def speed_up(repo: Repo, rng: random.Random) -> Planted | None:
    """Move a speed-up by 15 to 80 percent."""
    spot = pick(rng, spots(repo, "ratio"))
    return None if spot is None else put(repo, spot, nudged(rng, spot.text, 0.15, 0.8), "speed-up")


@kind("arithmetic", "reduction", "a memory reduction is not that of the two sizes")
def reduction(repo: Repo, rng: random.Random) -> Planted | None:
    """Move a reduction by 15 to 80 percent of itself."""
    spot = pick(rng, spots(repo, "reduction"))
    return None if spot is None else put(repo, spot, nudged(rng, spot.text, 0.15, 0.8), "reduction")


@kind("arithmetic", "transposed", "two digits of a score changed places, so that its average fails")
def transposed(repo: Repo, rng: random.Random) -> Planted | None:
    """Exchange the first two digits of a score that an average or recovery rests on."""
    found = [
        spot
        for spot in spots(repo, "score")
        if spots(repo, "average", "delta") and abs(int(spot.text[0]) - int(spot.text[1])) > 1
    ]
    spot = pick(rng, [one for one in found if one.text[1] != "0"])
    if spot is None:
        return None
    planted = put(repo, spot, f"{spot.text[1]}{spot.text[0]}{spot.text[2:]}", "digits")
    return _with_averages(repo, planted)


def _with_averages(repo: Repo, planted: Planted) -> Planted:
    """Let what was worked out from the cell be named as well, in its row or its table."""
    lines = set(planted.lines)
    for spot in spots(repo, "average", "recovery"):
        lines.add(planted.repo.line(spot.start))
    return Planted(planted.repo, planted.what, lines=frozenset(lines), texts=planted.texts)


@kind("arithmetic", "ranking", "a sentence ranks two variants against the table")
def ranking(repo: Repo, rng: random.Random) -> Planted | None:
    """Turn a sentence about who is ahead around."""
    spot = pick(rng, spots(repo, "claims"))
    if spot is None:
        return None
    wrong = {
        "On MMMU_VAL": "On MMMU_VAL, GPTQ-Int4 is ahead of AWQ.",
        "On Qwen2": "On Qwen2-VL-7B-Instruct, GPTQ has a higher average than VLMQ.",
    }
    new = next(text for start, text in wrong.items() if spot.text.startswith(start))
    del rng
    return put(repo, spot, new, "ranking")
