"""Time plain transformers generation of a baseline and its variants, turn by turn.

The job: `checkpoints` (by position, 0 is the baseline; none where there is no model), `workloads`,
`warm_up`, `rounds`, `limit_seconds`, `dtype`, `device`, `partial` (a folder that outlives a kill).
It leaves sitting.json and samples.jsonl, see hubq/bench/sitting.py.

A turn is two calls: one that generates a single token, which is the prompt's work, and one that
generates exactly `output_tokens`. Speed is Qwen's: tokens generated over the seconds of the whole
call, prompt included. A workload that runs out of memory, is longer than the model allows or takes
too long is a result with a state; the others go on.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

import bench_memory
import bench_sitting
import conditions
import vllm_serving
from bench_sitting import Lost
from bench_turns import Step
from deadlines import deadline

PROGRAM = Path(__file__).resolve().with_name("bench_subject.py")
DEFINITION = "output_tokens * batch_size / seconds of one generate call, prompt included"


def run(job: dict[str, Any], work: Path) -> dict[str, Any]:
    """Time every subject under every workload.

    Returns:
        How many workloads there are, and the state of each subject.
    """
    workloads = job["workloads"]
    steps = [Step(workload["name"]) for workload in workloads]
    found = [Path(path) for path in job["checkpoints"] if path]
    together = bench_memory.fit_together(found, workloads, job["dtype"], job["device"])
    with (
        Subjects(job, ahead=lambda: together and not bench_sitting.crowded(job)) as subjects,
        conditions.watch(device=job["device"]) as watcher,
    ):
        subjects.joules = watcher.joules
        ledger = bench_sitting.hold(job, steps, subjects, together=together, busy=watcher.busy)
    facts = {
        "engine": "transformers",
        "definition": DEFINITION,
        "conditions": watcher.conditions(),
        "versions": ledger.versions,
    }
    states = ledger.write(work, len(job["checkpoints"]), steps, facts)
    return {"workloads": len(steps), "states": states}


class Subjects:
    """The models of a sitting, each in a process of its own; the sitting's `Stage`.

    Args:
        job: `checkpoints`, `workloads`, `limit_seconds`, `dtype` and `device`.
        ahead: says whether all models are loaded one after another, so that their processes may
            start side by side.
        program: of a process.

    Attributes:
        joules: a running count of the energy that is used.
    """

    def __init__(
        self, job: Mapping[str, Any], *, ahead: Callable[[], bool], program: Path = PROGRAM
    ) -> None:
        self.joules: Callable[[], float | None] = lambda: None
        self._job, self._ahead, self._program = job, ahead, program
        self._workloads = {workload["name"]: workload for workload in job["workloads"]}
        self._servers: dict[int, vllm_serving.Server] = {}
        # Those of them that have imported what they need and have no model yet.
        self._fresh: set[int] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        for position in list(self._servers):
            self.unload(position)

    def load(self, position: int) -> dict[str, Any]:
        """Load a subject's model in a process that has had no other."""
        if position not in self._fresh:
            self.unload(position)
            # Those that wait for their turn to be loaded are there already, but for the first.
            first = self._servers.keys() <= self._fresh
            others = self._job["checkpoints"] if first and self._ahead() else ()
            missing = {at for at, path in enumerate(others) if path and at not in self._servers}
            self._start(sorted({position, *missing}))
        self._fresh.discard(position)
        request = {
            "do": "load",
            "checkpoint": self._job["checkpoints"][position],
            "inputs": self._job["checkpoints"][0] or self._job["checkpoints"][position],
            "dtype": self._job["dtype"],
            "device": self._job["device"],
        }
        return self._ask(position, request)

    def _start(self, positions: Sequence[int]) -> None:
        """Start processes, side by side: what they import takes seconds."""
        for position in positions:
            self._servers[position] = vllm_serving.Server(self._program, {})
        with ThreadPoolExecutor(len(positions)) as pool:
            list(pool.map(self._import, positions))
        self._fresh.update(positions)

    def _import(self, position: int) -> None:
        # A process that does not come so far says why when it is asked to load.
        with contextlib.suppress(Lost):
            self._ask(position, {"do": "ready", "checkpoint": self._job["checkpoints"][position]})

    def unload(self, position: int) -> None:
        """End a subject's process."""
        self._fresh.discard(position)
        if server := self._servers.pop(position, None):
            server.close()

    def begin(self, position: int, step: Step) -> dict[str, Any]:
        """Make a workload's inputs in a subject's process, starting it again where it has died."""
        if position not in self._servers or not self._servers[position].alive:
            self.load(position)
        return self._ask(position, {"do": "begin", "workload": self._workloads[step.workload]})

    def warm(self, position: int, step: Step) -> float:
        """Do what a turn does, not to be counted; return the seconds of the whole call."""
        return float(self.play(position, step, 0)["seconds"])

    def play(self, position: int, step: Step, number: int) -> dict[str, Any]:  # noqa: ARG002
        """Time the first token, and a whole call; every round is alike."""
        tokens = self._workloads[step.workload]["output_tokens"]
        first = None if tokens == 1 else self._run(position, 1)
        before = self.joules()
        seconds = self._run(position, tokens)
        after = self.joules()
        joules = None if before is None or after is None else after - before
        first = seconds if first is None else first
        return {"seconds": seconds, "first_token_seconds": first, "joules": joules}

    def memory(self, position: int, _step: Step) -> dict[str, Any]:
        """Return a subject's memory since `begin`."""
        return self._ask(position, {"do": "memory"})

    def speed(self, _step: Step, sample: Mapping[str, Any]) -> float:
        """Return how many calls a second that would be."""
        return 1 / float(sample["seconds"])

    def _run(self, position: int, tokens: int) -> float:
        return float(self._ask(position, {"do": "run", "tokens": tokens})["seconds"])

    def _ask(self, position: int, request: dict[str, Any]) -> dict[str, Any]:
        server, limit = self._servers[position], float(self._job["limit_seconds"])
        try:
            with deadline(server.pid, limit) as late:
                (reply,) = server.ask(request)
        except MemoryError:
            raise Lost("oom", "the kernel killed the process because memory ran out") from None
        except vllm_serving.EndedError as error:
            if late.is_set():
                what = "loading" if request["do"] == "load" else "a call"
                raise Lost("timeout", f"{what} took longer than {limit:g} s") from None
            raise Lost("failed", f"the process {vllm_serving.ending(error.status)}") from None
        if "state" in reply:
            raise Lost(reply["state"], reply["why"])
        return dict(reply)
