"""A worker that does a stand-in's work and writes every secret it can find into its log.

Run in place of `side/main.py --serve`. While `crash` lies in the home folder it fails; what lies in
`planted` there goes into its results.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from hubq.executors.port import Ended, Progress, WorkerJob  # noqa: E402 - found only now
from tests.release.stand_in import StandInExecutor  # noqa: E402


def stored() -> str:
    """Return the token in the client's store in the home."""
    return (Path.home() / ".cache" / "huggingface" / "token").read_text(encoding="utf-8")


def secrets() -> str:
    """Return what a worker may come by: its environment, and the stored token."""
    return "".join(f"{name}={value}\n" for name, value in os.environ.items()) + stored()


def do(script: str, control: Path) -> dict[str, Any]:
    """Do one job as the stand-in does it and return what goes into out.json."""
    kind, _, backend = script.partition("_")
    (control / "files").rmdir()
    told: list[Progress | Ended] = []
    job = WorkerJob(
        stage=script,
        kind=kind,
        backend=backend,
        environment="",
        role="",
        job=json.loads((control / "job.json").read_bytes()),
        control=control,
    )
    StandInExecutor().start(job, told.append)
    with (control / "log.txt").open("a", encoding="utf-8") as log:
        log.write(secrets())
    planted = Path.home() / "planted"
    said = planted.read_text(encoding="utf-8") if planted.exists() else stored()
    answers = control / "files" / "said.json"
    answers.write_text(json.dumps({"said": said}), encoding="utf-8")
    if (Path.home() / "crash").exists():
        raise RuntimeError(f"crashed with {secrets()}")
    return {"state": "done", "result": {}}


def main() -> None:
    """Do jobs until stdin ends."""
    for line in sys.stdin:
        job = json.loads(line)
        control = Path(job["control"])
        try:
            out = do(job["script"], control)
        except RuntimeError as error:
            trace = traceback.format_exc()
            with (control / "log.txt").open("a", encoding="utf-8") as log:
                log.write(trace)
            said = {"type": "RuntimeError", "message": str(error), "traceback": trace}
            out = {"state": "failed", "error": said}
        (control / "out.json").write_text(json.dumps(out), encoding="utf-8")
        end = {"event": "end", "state": out["state"], "control": str(control)}
        os.write(int(os.environ["HUBQ_EVENTS"]), json.dumps(end).encode() + b"\n")
        if out["state"] != "done":
            return


if __name__ == "__main__":
    main()
