"""The stages that time a family: one sitting for each engine, and what it says of each variant.

In a sitting the baseline and all variants take turns, so what was made of every one of them is in
its key. What it says of one variant is worked out by a stage of its own, as scoring is for answers:
better arithmetic times nothing again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from hubq.model.recipe import BASELINE, LoadedRecipe
from hubq.model.stage import Kind, Need, Plan, Stage
from hubq.model.suite import Engine
from hubq.model.workload import SITTING
from hubq.plan.context import Context
from hubq.plan.naming import stage_environment

_SHARED = ("warm_up", "rounds", "limit_seconds", "dtype")
_ASKED: dict[Engine, str] = {"transformers": "workloads", "vllm": "serving"}


class Speed:
    """Makes the stages that time one family."""

    def __init__(self, loaded: LoadedRecipe, context: Context) -> None:
        self.loaded, self.context = loaded, context
        self.engines: list[Engine] = ["transformers"]
        if loaded.serving:
            self.engines.append("vllm")

    def sittings(self) -> Iterator[Stage]:
        """Yield the stages that time all variants, one for each engine."""
        for engine in self.engines:
            stage = Stage(
                id=_stage_id(SITTING, engine),
                kind=Kind.BENCH,
                backend=engine,
                settings=self._settings(engine),
                program=self.context.programs[f"{Kind.BENCH.value}/{engine}"],
                place=self.context.host,
                needs=(
                    Need(stage="resolve"),
                    *(
                        Need(stage=f"{Kind.QUANTIZE.value}/{variant.name}", required=False)
                        for variant in self.loaded.recipe.variants
                    ),
                ),
                exclusive=True,
            )
            environment = self.context.environments[stage_environment(stage, self.loaded)]
            yield msgspec.structs.replace(stage, environment=environment)

    def measuring(self, name: str) -> Iterator[Stage]:
        """Yield the stages that work out what the sittings say of a variant."""
        names = [BASELINE, *(variant.name for variant in self.loaded.recipe.variants)]
        made = () if name == BASELINE else (Need(stage=f"{Kind.QUANTIZE.value}/{name}"),)
        for engine in self.engines:
            yield Stage(
                id=_stage_id(name, engine),
                kind=Kind.BENCH,
                backend="hubq",
                variant=name,
                settings={"position": names.index(name)},
                program=self.context.programs[f"{Kind.BENCH.value}/hubq"],
                needs=(Need(stage=_stage_id(SITTING, engine)), *made),
            )

    def ids(self, name: str) -> list[str]:
        """Return the ids of the stages with a variant's speed."""
        return [_stage_id(name, engine) for engine in self.engines]

    def turns(self, stage: Stage) -> str:
        """Return who takes turns in a sitting, on what and how often, in words."""
        rounds, others = self.loaded.workloads.rounds, len(self.loaded.recipe.variants)
        if stage.backend == "vllm":
            steps = sum(len(workload.loads) for workload in self.loaded.serving)
            asked = (
                _counted(steps, "load") + f" of {_counted(len(self.loaded.serving), 'workload')}"
            )
        else:
            asked = _counted(len(self.loaded.workloads.workloads), "workload")
        told = f"{BASELINE} and {_counted(others, 'variant')} take turns on {asked}"
        often = f"{rounds.least} to {rounds.most} rounds each"
        afresh = f", loaded {rounds.processes} times" if rounds.processes > 1 else ""
        return f"{told}, {often}{afresh}"

    def _settings(self, engine: Engine) -> dict[str, Any]:
        plain: dict[str, Any] = msgspec.to_builtins(self.loaded.workloads)
        kept = {name: plain[name] for name in (_ASKED[engine], *_SHARED)}
        return {**kept, "device": self.context.device, "round": 0}


def _stage_id(name: str, engine: Engine) -> str:
    suffix = "" if engine == "transformers" else f"/{engine}"
    return f"{Kind.BENCH.value}/{name}{suffix}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def sittings_told(plan: Plan, loaded: LoadedRecipe, context: Context) -> dict[str, str]:
    """Return sitting -> who takes turns in it, on what and how often; of those in a plan."""
    speed = Speed(loaded, context)
    there = {stage.id for stage in plan.stages}
    return {stage.id: speed.turns(stage) for stage in speed.sittings() if stage.id in there}
