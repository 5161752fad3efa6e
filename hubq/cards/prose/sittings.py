"""Sittings: what makes the figures of a timing doubtful, said right beside them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from hubq.bench.sitting import CAPPED
from hubq.cards.family import Family
from hubq.cards.ledger import COUNT, Ledger, Shape, escape_pointer
from hubq.cards.prose.loads import load_words
from hubq.cards.prose.wording import grouped, listed
from hubq.cards.speeds import bench_facts, bench_measures, bench_stage
from hubq.markdown.escaping import escape
from hubq.model.card import Claim

_PERCENT = Shape(scale=100, unit="percent", plain=True)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def sitting_remarks(
    family: Family, ledger: Ledger, names: tuple[str, ...], engine: str
) -> tuple[str, ...]:
    """Return what a reader must know of how the figures of a sitting came about.

    Args:
        family: whose sitting.
        ledger: where the numbers in the remarks are entered.
        names: the variants, the baseline first.
        engine: in which they were timed; empty for plain generation.
    """
    sources = (
        _busy(family, names, engine),
        _capped(family, ledger, names, engine),
        _unsettled(family, ledger, names, engine),
        _failed(family, ledger, names, engine),
    )
    return tuple(remark for source in sources for remark in source)


def _busy(family: Family, names: tuple[str, ...], engine: str) -> Iterator[str]:
    """Say what else the machine was doing; all variants had one sitting, and so one machine."""
    facts = (bench_facts(family, name, engine) for name in names)
    said = _most(str(text) for found in facts for text in found.get("busy", ()))
    if said:
        told = " ".join(escape(text if text.endswith(".") else f"{text}.") for text in said)
        yield (
            f"**Busy machine.** {told} Turns hit all variants alike, so ratios suffer less than "
            "speeds; to be sure of either, measure again on a machine that does nothing else."
        )


def _most(texts: Iterable[str]) -> list[str]:
    """Return sentences, of those that are alike but for their numbers the one with the most."""
    found: dict[str, str] = {}
    for text in texts:
        kind = _NUMBER.sub("#", text)
        found[kind] = max(found.get(kind, text), text, key=_numbers)
    return list(found.values())


def _numbers(text: str) -> list[float]:
    return [float(number) for number in _NUMBER.findall(text)]


def _capped(family: Family, ledger: Ledger, names: tuple[str, ...], engine: str) -> Iterator[str]:
    """Say which intervals are wider than the recipe asked for."""
    found = (bench_facts(family, name, engine).get("stopped", {}) for name in names)
    capped = dict.fromkeys(
        place for stopped in found for place, how in stopped.items() if how == CAPPED
    )
    if capped:
        words = _places(family, ledger) if engine else {}
        told = listed(words.get(place) or escape(place) for place in capped)
        most = ledger.own("asked.rounds.most", "/asked/rounds/most", COUNT)
        level = ledger.own("alpha_capped", "/alpha_capped", _PERCENT)
        precision = ledger.own("asked.rounds.precision", "/asked/rounds/precision", _PERCENT)
        yield (
            f"**Cap of rounds.** {told} stopped at the most that the recipe allows, {most} rounds, "
            f"before they had every ratio to within {precision} %: a difference is said there "
            f"where p is under {level} %."
        )


def _unsettled(
    family: Family, ledger: Ledger, names: tuple[str, ...], engine: str
) -> Iterator[str]:
    """Say what was still changing when the warm-up ended."""
    pairs = [
        (name, workload)
        for name in names
        for workload, settled in bench_facts(family, name, engine).get("settled", {}).items()
        if not settled
    ]
    if pairs:
        most = ledger.own("asked.warm_up.most", "/asked/warm_up/most", COUNT)
        told = listed(
            f"{listed(workloads)} of {name}"
            for name, workloads in grouped((n, escape(w)) for n, w in pairs).items()
        )
        yield f"**Warm-up.** After {most} runs the speed had not settled for {told}."


def _failed(family: Family, ledger: Ledger, names: tuple[str, ...], engine: str) -> Iterator[str]:
    """Say how many requests a server did not answer."""
    told = []
    for name in names if engine else ():
        words = _places(family, ledger)
        places = [kind for kind in bench_measures(family, name, engine) if kind.startswith(_SENT)]
        for kind in places:
            place = kind.removeprefix(_SENT)
            failed = _count(family, ledger, (name, engine), kind, "requests_failed")
            sent = _count(family, ledger, (name, engine), kind, "requests")
            if failed is not None and failed.value and sent is not None:
                told.append(f"{failed} of {sent} of {name} under {words[place]}")
    if told:
        yield f"**Failed requests.** They are in no figure but this: {listed(told)}."


def _places(family: Family, ledger: Ledger) -> dict[str, str]:
    """Return `WORKLOAD/STEP` of a server -> the same in words."""
    return {
        f"{served.name}/{load.step}": (
            f"{escape(served.name)} ({load_words(ledger, index, number, served)})"
        )
        for index, served in enumerate(family.loaded.serving)
        for number, load in enumerate(served.loads)
    }


_SENT = "request_rate/"


def _count(
    family: Family, ledger: Ledger, timed: tuple[str, str], kind: str, field: str
) -> Claim | None:
    """Enter a count of the entry that a measure stands in."""
    name, engine = timed
    measure = bench_measures(family, name, engine)[kind]
    pointer = "/".join([*measure.pointer.split("/")[:3], escape_pointer(field)])
    claim_id = f"{field}.{kind.removeprefix(_SENT)}.{name}"
    try:
        return ledger.record(claim_id, bench_stage(name, engine), pointer, COUNT, measure.file)
    except KeyError:
        return None
