"""The port that the runner hands stages to: where and when a worker's job runs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from hubq.model.outcome import Event, Outcome


class WorkerJob(msgspec.Struct, frozen=True, kw_only=True):
    """One stage as an executor sees it.

    Attributes:
        stage: the id of the stage.
        kind, backend: which worker does it.
        environment: the name of the environment it runs in.
        role: processes are shared only by jobs of one role.
        job: what the worker finds in job.json.
        control: the folder that the worker works in.
        exclusive: nothing may run beside it.
        device: `cpu` or `cuda`; a `cuda` job holds one GPU.
    """

    stage: str
    kind: str
    backend: str
    environment: str
    role: str
    job: dict[str, Any]
    control: Path
    exclusive: bool = False
    device: str = "cpu"


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker said while it worked.

    Attributes:
        stage: the id of the stage.
        event: what it said.
    """

    stage: str
    event: Event


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """That a job ended, and how."""

    stage: str
    outcome: Outcome


Post = Callable[[Progress | Ended], None]
"""Where an executor says what happens; it may be called from any thread."""


class Executor(ABC):
    """Runs workers' jobs."""

    @abstractmethod
    def can_take(self, job: WorkerJob) -> bool:
        """Say whether the job could start now."""

    @abstractmethod
    def prefers(self, job: WorkerJob) -> bool:
        """Say whether a worker stands idle that has what this job imports."""

    @abstractmethod
    def start(self, job: WorkerJob, post: Post) -> None:
        """Start a job; what becomes of it is posted."""

    @abstractmethod
    def stop(self) -> None:
        """Stop every job and worker; jobs in flight end as stopped."""
