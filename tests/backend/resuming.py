"""Run one generate stage with the real runner and the real worker, as a program to be killed.

python -m tests.backend.resuming RUNS ITEMS BATCH_SIZE
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hubq.evaluate import generation
from hubq.executors.local import LocalExecutor
from hubq.executors.port import WorkerJob
from hubq.model.result import Collected
from hubq.model.stage import Kind, Plan, Stage
from hubq.resources import bundled
from hubq.runner import Runner, View, Voice, Workshop
from hubq.store import Store
from hubq.workers.environments import EnvironmentStore
from hubq.workers.specs import spec_for

STAGE = "generate/BF16/T"


class OneStage(Workshop):
    """Does one generate stage of the nano model."""

    def __init__(self, store: Store, shown: Path) -> None:
        self.store, self.shown = store, shown

    def job(self, stage: Stage, view: View, control: Path) -> WorkerJob | None:
        paths = {
            "checkpoint": bundled("examples") / "nano-qwen2-vl" / "model",
            "items": self.shown,
            "partial": self.store.partial(control.name),
        }
        return WorkerJob(
            stage=stage.id,
            kind="generate",
            backend="transformers",
            environment="gptqmodel",
            role="inference",
            job=generation.job(stage.settings, paths),
            control=control,
        )

    def perform(self, stage: Stage, view: View, work: Path, voice: Voice) -> Collected:
        raise AssertionError(stage.id)

    def collect(self, stage: Stage, work: Path, out: dict[str, Any]) -> Collected:
        return generation.collect(work, out)


def plan(batch_size: int) -> Plan:
    settings = {"task": {}, "batch_size": batch_size, "dtype": "bfloat16", "device": "cpu"}
    stage = Stage(id=STAGE, kind=Kind.GENERATE, backend="transformers", settings=settings)
    return Plan(name="p", stages=(stage,))


def run(root: Path, shown: Path, batch_size: int) -> str:
    """Run the stage to its end and return its key."""
    store = Store(root.absolute())
    built = EnvironmentStore().build(spec_for("gptqmodel", "cpu"))
    executor = LocalExecutor(lambda _: built, cpu_slots=1)
    workshop = OneStage(store, shown)
    outcome = Runner(plan(batch_size), store, workshop, executor, lambda _: None).run()
    assert not outcome.gaps, outcome.gaps
    return outcome.keys[STAGE]


if __name__ == "__main__":
    run(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
