"""Rounds as a card tells them: how a sitting was run, so that a reader can judge its figures."""

from __future__ import annotations

from typing import Any

import msgspec

from hubq.cards.family import Family
from hubq.cards.ledger import COUNT, Ledger, Shape
from hubq.cards.speeds import bench_facts, bench_measures, bench_stage
from hubq.model.card import Claim

_PERCENT = Shape(scale=100, unit="percent", plain=True)


class Method(msgspec.Struct, frozen=True, kw_only=True):
    """How a sitting was run.

    Attributes:
        warm_most: runs of warm-up at most.
        within: the difference of two runs in percent that counts as settled.
        least, most: rounds at least and at most.
        precision: half the width of an interval in percent at which rounds end, without what is
            added for loads.
        processes: how often the models were loaded.
        load_spread: how far a load moves speed, in percent, where rounds share loads so that it is
            added to what they show; none where each has its own.
        compared: over how many comparisons Holm's correction runs.
        residency: `together` or `in-turn`.
        memory: how memory was read, as the worker calls it; empty where unknown.
    """

    warm_most: Claim
    within: Claim
    least: Claim
    most: Claim
    precision: Claim
    processes: Claim | None
    load_spread: Claim | None
    compared: Claim
    residency: str
    memory: str


def method_of(family: Family, ledger: Ledger, known: str, engine: str = "") -> Method:
    """Return how a sitting was run.

    Args:
        family: whose recipe says how many rounds.
        ledger: where claims are entered.
        known: a variant that was measured.
        engine: in which; empty for plain generation.
    """
    facts = bench_facts(family, known, engine)

    def asked(name: str, shape: Shape) -> Claim:
        return ledger.own(f"asked.{name.replace('/', '.')}", f"/asked/{name}", shape)

    stage = bench_stage(known, engine)
    processes = None
    if facts.get("processes"):
        claim_id = f"processes{f'.{engine}' if engine else ''}"
        processes = ledger.record(claim_id, stage, "/facts/processes", COUNT)
    shared = max(facts.get("rounds", {}).values(), default=0) > facts.get("processes", 1)
    return Method(
        warm_most=asked("warm_up/most", COUNT),
        within=asked("warm_up/within", _PERCENT),
        least=asked("rounds/least", COUNT),
        most=asked("rounds/most", COUNT),
        precision=asked("rounds/precision", _PERCENT),
        processes=processes,
        load_spread=asked("rounds/load_spread", _PERCENT) if shared else None,
        compared=ledger.own("timed", "/timed", COUNT),
        residency=str(facts.get("residency", "")),
        memory=_memory_kind(family, known, engine),
    )


def _memory_kind(family: Family, known: str, engine: str) -> str:
    """Return how memory was read, from the file that its measure stands in."""
    stage = bench_stage(known, engine)
    for name, measure in bench_measures(family, known, engine).items():
        if name.startswith("peak_memory_bytes/"):
            raw = (family.folders[stage] / measure.file).read_bytes()
            place: Any = msgspec.json.decode(raw)
            for step in measure.pointer.split("/")[1:-1]:
                place = place[int(step)] if isinstance(place, list) else place[step]
            return str(place.get("kind", "")) if isinstance(place, dict) else ""
    return ""


def attention_text(found: Any) -> str:
    """Return the attention of a run in words; parts of a model may have different ones."""
    if not isinstance(found, dict):
        return str(found)
    kinds = list(dict.fromkeys(str(kind) for kind in found.values()))
    if len(kinds) == 1:
        return kinds[0]
    return ", ".join(f"{kind} ({part})" for part, kind in sorted(found.items()))
