"""Stages: the steps of a release, and the keys that say what their results depend on."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from hubq.model.codec import digest


class Kind(StrEnum):
    """The kinds of stage; the same names in code and on the command line."""

    RESOLVE = "resolve"
    QUANTIZE = "quantize"
    CERTIFY = "certify"
    GENERATE = "generate"
    SCORE = "score"
    BENCH = "bench"
    CARD = "card"
    PUSH = "push"
    VERIFY = "verify"


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """That a stage waits for another one.

    Attributes:
        stage: the id of the stage waited for.
        required: true when the stage cannot run without the other's result; false when it goes on
            and says what is missing (a card with a footnote).
    """

    stage: str
    required: bool = True


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a plan.

    Attributes:
        id: unique in the plan and stable: `generate/GPTQ-Int4/DocVQA_VAL`.
        kind: what it does.
        backend: the library that does it; `hubq` when it runs in hubq's own process.
        variant, task: what it is about; empty when it is about the family.
        settings: everything that can change its result, with defaults filled in.
        environment: the digest of the environment it runs in; empty for hubq's own process.
        program: the digest of the code that does it.
        place: what of the machine can change its result: the device class for quantize and
            generate, host and GPU and round for bench, empty otherwise.
        needs: the stages it waits for.
        exclusive: true when nothing may run beside it (a speed measurement).
        again: true when what it is about lies elsewhere and may have changed (a repo on a Hub), so
            that it is done at every run and its last result only remembered.
    """

    id: str
    kind: Kind
    backend: str
    settings: dict[str, Any]
    variant: str = ""
    task: str = ""
    environment: str = ""
    program: str = ""
    place: str = ""
    needs: tuple[Need, ...] = ()
    exclusive: bool = False
    again: bool = False

    def key(self, inputs: dict[str, str]) -> str:
        """Return the 64 hex digits that name this stage's result.

        In it: kind, backend, settings, environment, program, place and the keys of the stages it
        waits for (or what became of them). Not in it: ids, names of variants and tasks, paths,
        times, or how stages are run side by side.

        Args:
            inputs: for each needed stage its key, or `missing:<why>` when it has no result.
        """
        return digest(
            {
                "kind": self.kind.value,
                "backend": self.backend,
                "settings": self.settings,
                "environment": self.environment,
                "program": self.program,
                "place": self.place,
                "inputs": [inputs[need.stage] for need in self.needs],
            }
        )


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Every stage of a release in an order in which they can run.

    Attributes:
        name: of the release: the source's name.
        stages: each one after those it needs.
        repos: variant -> repo id, for the variants that are published.
    """

    name: str
    stages: tuple[Stage, ...]
    repos: dict[str, str] = {}

    def keys(self, missing: dict[str, str] | None = None) -> dict[str, str]:
        """Return the key of each stage.

        Args:
            missing: stages without a result and why; what depends on them gets another key, so
                that a card with a gap is never taken for the whole one.
        """
        gaps = missing or {}
        keys: dict[str, str] = {}
        inputs: dict[str, str] = {}
        for stage in self.stages:
            keys[stage.id] = stage.key(inputs)
            inputs[stage.id] = f"missing:{gaps[stage.id]}" if stage.id in gaps else keys[stage.id]
        return keys

    def stage(self, stage_id: str) -> Stage:
        """Return one stage by its id."""
        return next(stage for stage in self.stages if stage.id == stage_id)
