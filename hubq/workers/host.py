"""Lends worker processes out, and keeps them warm between jobs: importing torch takes seconds.

A process is lent again only for the same environment, role, threads and GPU; what quantizing
leaves in memory never meets a measurement.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self, TypeAlias

from hubq.workers.environments import Environment
from hubq.workers.process import GRACE_S, WorkerProcess
from hubq.workers.registry import Role
from hubq.workers.variables import worker_environ

_Key: TypeAlias = tuple[str, str, Role, int | None, str | None]


class WorkerHost:
    """The worker processes of one hubq process; safe to use from several threads.

    Args:
        grace_s: how long a worker may take to stop before it is killed, in seconds.
    """

    def __init__(self, *, grace_s: float = GRACE_S) -> None:
        self._grace_s = grace_s
        self._lock = threading.Lock()
        self._idle: dict[_Key, list[WorkerProcess]] = {}
        self._lent: set[WorkerProcess] = set()
        self._cancelled = False
        self._scratch = tempfile.TemporaryDirectory(prefix="hubq-workers-")

    @contextmanager
    def lease(
        self,
        environment: Environment,
        role: Role,
        *,
        threads: int | None = None,
        gpu: str | None = None,
        fresh: bool = False,
    ) -> Iterator[WorkerProcess]:
        """Lend a worker process for some jobs of one role.

        Args:
            environment: what it runs in.
            role: processes are shared only within one.
            threads: how many threads its libraries may use.
            gpu: which GPU it may see; a CPU environment sees none.
            fresh: start a new process and end it afterwards.
        """
        key = (str(environment.interpreter), environment.digest, role, threads, gpu)
        worker = self._take(key, environment, fresh=fresh)
        try:
            yield worker
        finally:
            self._give_back(key, worker, fresh=fresh)

    def end_idle(self) -> None:
        """End the processes that nobody has; done before a measurement that wants quiet."""
        with self._lock:
            idle = [worker for workers in self._idle.values() for worker in workers]
            self._idle.clear()
        for worker in idle:
            worker.close()

    def cancel(self) -> None:
        """Ask every running job to stop; no job starts any more."""
        with self._lock:
            self._cancelled = True
            lent = list(self._lent)
        for worker in lent:
            worker.cancel()

    def close(self) -> None:
        """End every process."""
        self.end_idle()
        with self._lock:
            lent = list(self._lent)
        for worker in lent:
            worker.close()
        self._scratch.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _take(self, key: _Key, environment: Environment, *, fresh: bool) -> WorkerProcess:
        _, _, role, threads, gpu = key
        with self._lock:
            waiting = self._idle.get(key, [])
            worker = waiting.pop() if waiting and not fresh else None
            if worker is None:
                scratch = Path(tempfile.mkdtemp(prefix=f"{role}-", dir=self._scratch.name))
                environ = worker_environ(
                    environment.variables,
                    scratch=scratch,
                    threads=threads,
                    gpu="" if environment.device == "cpu" else gpu,
                )
                interpreter = environment.interpreter
                worker = WorkerProcess(interpreter, environ, grace_s=self._grace_s)
            self._lent.add(worker)
            if self._cancelled:
                worker.cancel()
            return worker

    def _give_back(self, key: _Key, worker: WorkerProcess, *, fresh: bool) -> None:
        with self._lock:
            self._lent.discard(worker)
            if not fresh and worker.alive and not worker.cancelled:
                self._idle.setdefault(key, []).append(worker)
                return
        worker.close()
