"""Digests of the code that does each kind of stage: when it changes, what it made is made again."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from hubq.bench.measures import program_digest as bench_digest
from hubq.evaluate import fidelity
from hubq.evaluate.items import items_digest
from hubq.evaluate.scoring import program_digest as score_digest
from hubq.model.codec import digest
from hubq.quantize import calibration
from hubq.release import snippets
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
        elif worker.kind == "card":
            digests[name] = digest([digests[name], snippets.program_digest()])
    # What a card's text depends on besides its facts is in the digest of its templates.
    own = {"score/hubq": _score_digest(), "bench/hubq": bench_digest(), "card/hubq": ""}
    return {**digests, **own}


def _score_digest() -> str:
    """Return the digest of the code that decides scores: our own, fidelity's, harness readers'."""
    folder = Path(fidelity.__file__).parent
    others = [folder / "fidelity.py", *sorted((folder / "harness").glob("*.py"))]
    return digest([score_digest(), *(sha256(path.read_bytes()).hexdigest() for path in others)])
