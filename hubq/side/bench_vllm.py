"""Time vLLM's servers under load: the baseline and every variant take turns, round by round.

The job: `checkpoints` (folders by position, null where there is none; 0 is the baseline),
`serving`, `warm_up`, `rounds`, `dtype`, `device`, `partial`. It leaves `sitting.json` and
`samples.jsonl` (see hubq/bench/sitting.py).

For each checkpoint a server with HTTP is started on a free port of the loopback; vLLM's own client
asks it. Servers that fit in memory side by side are started once and stopped with SIGSTOP while
others have their turn, else each one is started for its turn and ended after it. A checkpoint that
vLLM refuses, and a workload that a model cannot do, have a state and a reason; the others go on.
"""

from __future__ import annotations

import contextlib
import json
from importlib import metadata
from pathlib import Path
from typing import Any

import bench_engine
import bench_requests
import bench_sitting
import bench_stage
import conditions
import decoding
import events
import vllm_launch
from bench_turns import Step

DEFINITION = (
    "requests of vLLM's own client to an OpenAI-compatible server on the loopback, every prompt "
    "and picture another one, greedy, the end token ignored; times are the client's, tokens the "
    "server's count; caches of prefixes and of processed pictures are off"
)


class NothingError(Exception):
    """Not one server could be timed."""


def run(job: dict[str, Any], work: Path) -> dict[str, Any]:
    """Measure every subject under every load of every workload.

    Returns:
        How many subjects came to each state, and how many rounds were counted.

    Raises:
        events.Infeasible: no subject can be served here, in vLLM's words.
        events.Stop: a stop was asked for; finished rounds are kept.
    """
    paths = [Path(path) for path in job["checkpoints"] if path is not None]
    steps = [
        Step(workload["name"], bench_requests.step_name(load))
        for workload in job["serving"]
        for load in workload["loads"]
    ]
    together = bench_engine.fit_together(paths, job["serving"], job["device"])
    with conditions.watch(device=job["device"]) as watcher:
        stage = bench_stage.Stage(job, Path.cwd(), watcher.joules, together=together)
        try:
            ledger = bench_sitting.hold(job, steps, stage, together=together, busy=watcher.busy)
        finally:
            stage.close()
    facts = {
        "engine": "vllm",
        "definition": DEFINITION,
        "conditions": watcher.conditions(),
        "versions": versions(),
    }
    ledger.write(work, len(job["checkpoints"]), steps, facts)
    return summary(json.loads((work / "sitting.json").read_bytes()))


def summary(sitting: dict[str, Any]) -> dict[str, Any]:
    """Return the states of the subjects and how many rounds there were.

    Raises:
        events.Infeasible: no subject could be served.
        NothingError: no subject was served, for another reason.
    """
    subjects = sitting["subjects"]
    states = [subject["state"] for subject in subjects]
    if "measured" not in states:
        first = next((one for one in subjects if one["state"] == "infeasible"), None)
        if first is not None:
            raise events.Infeasible(first["why"])
        raise NothingError("; ".join(dict.fromkeys(one["why"] for one in subjects)))
    rounds = {name: counted["rounds"] for name, counted in sitting["rounds"].items()}
    return {"states": states, "rounds": rounds}


def versions() -> dict[str, str]:
    """Return what is installed of that which has a part in a server's speed."""
    name, version = vllm_launch.distribution()
    found = {name: version}
    for other in decoding.PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[other] = metadata.version(other)
    return found
