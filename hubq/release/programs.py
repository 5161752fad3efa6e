"""Digests of the code that does each kind of stage: when it changes, what it made is made again."""

from __future__ import annotations

from hubq.evaluate.items import items_digest
from hubq.evaluate.scoring import program_digest as score_digest
from hubq.model.codec import digest
from hubq.quantize import calibration
from hubq.workers.registry import WORKERS, program_digest


def program_digests() -> dict[str, str]:
    """Return `kind/backend` -> digest of the files that do it."""
    digests = {f"{w.kind}/{w.backend}": program_digest(w) for w in WORKERS}
    rows = calibration.program_digest()
    for worker in WORKERS:
        name = f"{worker.kind}/{worker.backend}"
        if worker.kind == "quantize":
            digests[name] = digest([digests[name], rows])
        elif worker.kind in {"certify", "generate"}:
            digests[name] = digest([digests[name], items_digest()])
    # What a card's text depends on besides its facts is in the digest of its templates.
    return {**digests, "score/hubq": score_digest(), "card/hubq": ""}
