"""Speeds worked out again: means and ratios from their rounds, and rounds from the sitting's runs.

`bench.json` is a pure function of the sitting (`hubq.bench.measures`). Where the sitting's runs are
in the evidence, all of it is made again; where they are not, what its own rounds make.
"""

from __future__ import annotations

from typing import Any

import msgspec

from hubq.bench import measures
from hubq.bench.asked import asked_of
from hubq.bench.paired import Round
from hubq.bench.sitting import SAMPLES_FILE, SITTING_FILE, read_samples, read_sitting
from hubq.cards.ledger import escape_pointer
from hubq.model.evidence import SHORT_SAMPLES
from hubq.model.stage import Kind
from hubq.model.workload import SITTING
from hubq.verify.dossier import Dossier

_LEFT_OUT = "itl"
"""What quantities are called that rest on waits between tokens, which short runs do not have."""


def speeds_of(dossier: Dossier, key: str) -> dict[str, Any]:
    """Return pointer into a `bench.json` -> what its rounds, or the sitting's runs, make of it.

    Raises:
        BadInput: the sitting has no such subject, or two runs of it in one round.
        LookupError, TypeError, MsgspecError: the file is not what hubq writes.
    """
    said = dossier.document(key, measures.FACTS)
    if said["schema"] != measures.SCHEMA:
        return {}
    sitting = _sitting_of(dossier, key)
    files = dossier.files.get(sitting, {})
    if sitting not in dossier.results or SITTING_FILE not in files:
        return _summaries(said)
    if SAMPLES_FILE in files:
        return {"": _made_again(dossier, key, sitting)}
    if SHORT_SAMPLES not in files:
        return _summaries(said)
    return {**_summaries(said), **_short_rounds(_made_again(dossier, key, sitting))}


def _sitting_of(dossier: Dossier, key: str) -> str:
    """Return the key of the sitting that a variant's speeds are from; empty where none is named."""
    result = dossier.results.get(key)
    named = result.inputs.items() if result else ()
    first = f"{Kind.BENCH.value}/{SITTING}"
    return next((found for stage, found in named if stage.startswith(first)), "")


def _summaries(said: Any) -> dict[str, Any]:
    """Return means and ratios as the rounds beside them make them."""
    return {
        f"/workloads/{number}/{name}": found
        for number, workload in enumerate(said["workloads"])
        if workload["state"] == "measured"
        for name, found in measures.summary(
            msgspec.convert(workload["rounds"], tuple[Round, ...]), workload.get("load_spread", 0.0)
        ).items()
    }


def _made_again(dossier: Dossier, key: str, sitting: str) -> dict[str, Any]:
    """Return a `bench.json` made from the files of its sitting."""
    folder = dossier.folder(sitting)
    short = dossier.files[sitting].get(SHORT_SAMPLES)
    if short is not None and not (folder / SAMPLES_FILE).exists():
        (folder / SAMPLES_FILE).write_bytes(short.content)
    return measures.document(
        read_sitting(folder),
        read_samples(folder),
        asked_of(dossier.results[sitting].stage.settings),
        dossier.results[key].stage.settings["position"],
    )


def _short_rounds(found: dict[str, Any]) -> dict[str, Any]:
    """Return what each round says, without what waits between tokens are needed for."""
    return {
        f"/workloads/{number}/rounds/{place}/{whose}/{escape_pointer(name)}": value
        for number, workload in enumerate(found["workloads"])
        for place, one in enumerate(workload.get("rounds", ()))
        for whose in ("own", "baseline")
        for name, value in (one.get(whose) or {}).items()
        if not name.startswith(_LEFT_OUT)
    }
