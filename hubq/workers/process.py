"""One worker process: started when its first job comes, serving jobs in turn, stopped cleanly.

The process is `side/main.py --serve` in a session of its own. Jobs go in by its stdin, events come
back by a pipe of their own, and its output goes to the log of the job that runs. One thread calls
`run`; any thread may call `cancel`.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from hubq.errors import EnvironmentProblem
from hubq.model.outcome import Done, Event, Failed, Outcome, Stopped
from hubq.workers.leaks import cleanse
from hubq.workers.outcomes import exit_outcome, kernel_oom_kills, log_tail, read_outcome
from hubq.workers.specs import SIDE

MAIN = SIDE / "main.py"
#: How long a worker may take to come to a safe point after SIGTERM, in seconds.
GRACE_S = 20.0
#: How long a worker that has said its last word may take to end, in seconds.
END_S = 5.0
_TICK_S = 0.1

_decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


class WorkerProcess:
    """A process in an environment that does jobs one after another.

    Args:
        interpreter: the environment's Python.
        environ: everything the process finds in its environment, see `worker_environ`.
        grace_s: how long it may take to stop after SIGTERM before it is killed.
        oom_kills: counts the processes that the kernel has killed for memory.
        main: the program; `side/main.py`.
    """

    def __init__(
        self,
        interpreter: Path,
        environ: Mapping[str, str],
        *,
        grace_s: float = GRACE_S,
        oom_kills: Callable[[], int] = kernel_oom_kills,
        main: Path = MAIN,
    ) -> None:
        self.interpreter = interpreter
        self._environ = dict(environ)
        self._grace_s = grace_s
        self._oom_kills = oom_kills
        self._main = main
        self._process: subprocess.Popen[bytes] | None = None
        self._events = -1
        self._running = False
        self._lock = threading.Lock()
        self._cancelled = threading.Event()

    @property
    def alive(self) -> bool:
        """Whether a process is there for the next job."""
        return self._process is not None and not _has_ended(self._process)

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called; such a worker takes no more jobs."""
        return self._cancelled.is_set()

    def run(
        self,
        script: str,
        job: Mapping[str, Any],
        control: Path,
        *,
        on_event: Callable[[Event], None] | None = None,
        timeout_s: float | None = None,
    ) -> Outcome:
        """Do one job and return how it ended; what it wrote is rid of secrets.

        Args:
            script: `<kind>_<backend>`.
            job: what goes into job.json; JSON values only.
            control: the job's folder; made here, and emptied of an earlier attempt.
            on_event: called for each event, in this thread.
            timeout_s: after this many seconds the job is stopped and has failed.

        Raises:
            EnvironmentProblem: the interpreter cannot be started.
        """
        control = control.absolute()
        prepare(control, job)
        if self.cancelled:
            return Stopped()
        with self._lock:
            self._running = True
        try:
            outcome = self._run(script, control, on_event, timeout_s)
        except BaseException:
            self._end(patience_s=0)
            raise
        finally:
            with self._lock:
                self._running = False
        stopped = self._cancelled.is_set() and isinstance(outcome, Failed)
        return Stopped() if stopped else outcome

    def _run(
        self,
        script: str,
        control: Path,
        on_event: Callable[[Event], None] | None,
        timeout_s: float | None,
    ) -> Outcome:
        killed_before = self._oom_kills()
        process = self._ensure(control / "log.txt")
        self._send(process, {"script": script, "control": str(control)})
        timed_out = self._follow(process, control, on_event, timeout_s)
        ended = not isinstance(read_outcome(control), Done) or self.cancelled
        status = self._end(patience_s=END_S) if ended else 0
        cleanse(control)
        outcome = read_outcome(control)
        if outcome is None:
            oom = self._oom_kills() > killed_before
            outcome = exit_outcome(control, status, out_of_memory=oom)
        if timed_out and not isinstance(outcome, Done):
            message = f"no result after {timeout_s:g} s"
            return Failed(error="Timeout", message=message, log_tail=log_tail(control / "log.txt"))
        return outcome

    def cancel(self) -> None:
        """Ask the running job to stop at its next safe point; `run` returns `Stopped`."""
        self._cancelled.set()
        self._signal(signal.SIGTERM)

    def close(self) -> None:
        """End the process; a job that still runs dies with it and `run` returns `Stopped`."""
        self._cancelled.set()
        with self._lock:
            running, process = self._running, self._process
        if running and process is not None:
            _kill_group(process)
        elif not running:
            self._end(patience_s=0)

    def _ensure(self, log: Path) -> subprocess.Popen[bytes]:
        """Return the process, starting one where there is none."""
        if self._process is not None and _has_ended(self._process):
            self._end(patience_s=0)
        if self._process is None:
            reading, writing = os.pipe()
            try:
                with log.open("ab") as output:
                    process = subprocess.Popen(
                        [str(self.interpreter), "-I", str(self._main), "--serve"],
                        stdin=subprocess.PIPE,
                        stdout=output,
                        stderr=subprocess.STDOUT,
                        env={**self._environ, "HUBQ_EVENTS": str(writing)},
                        cwd=log.parent,
                        pass_fds=(writing,),
                        start_new_session=True,
                    )
            except OSError as error:
                os.close(reading)
                raise EnvironmentProblem(
                    f"{self.interpreter}: cannot be started: {error.strerror}",
                    remedy="Build the environment again with `hubq env build`.",
                ) from error
            finally:
                os.close(writing)
            os.set_blocking(reading, False)
            with self._lock:
                self._process, self._events = process, reading
        return self._process

    def _send(self, process: subprocess.Popen[bytes], job: Mapping[str, str]) -> None:
        assert process.stdin is not None  # noqa: S101 - it is a pipe
        # A process that dies at its start is told apart by its exit status.
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(json.dumps(job).encode() + b"\n")
            process.stdin.flush()

    def _follow(
        self,
        process: subprocess.Popen[bytes],
        control: Path,
        on_event: Callable[[Event], None] | None,
        timeout_s: float | None,
    ) -> bool:
        """Hand on events until the job has ended; return whether it ran out of time."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        kill_at: float | None = None
        timed_out = False
        for line in _lines(self._events, lambda: _has_ended(process)):
            if line and _is_end(line, control):
                return timed_out
            if line and on_event is not None and (event := _event(line)) is not None:
                on_event(event)
            now = time.monotonic()
            if deadline is not None and now >= deadline and not timed_out:
                timed_out = True
                self._signal(signal.SIGTERM)
            if kill_at is None and (timed_out or self.cancelled):
                # Asked again: a cancel from another thread may have come before the start.
                self._signal(signal.SIGTERM)
                kill_at = now + self._grace_s
            if kill_at is not None and now >= kill_at:
                _kill_group(process)
        return timed_out

    def _end(self, *, patience_s: float) -> int:
        """Kill the process and what it has started, and reap it; return its exit status.

        Args:
            patience_s: how long it may take to end by itself first.
        """
        with self._lock:
            process, self._process = self._process, None
            events, self._events = self._events, -1
        if process is None:
            return 0
        limit = time.monotonic() + patience_s
        while not _has_ended(process) and time.monotonic() < limit:
            time.sleep(0.01)
        _kill_group(process)
        assert process.stdin is not None  # noqa: S101 - it is a pipe
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        process.wait()
        os.close(events)
        return process.returncode

    def _signal(self, number: signal.Signals) -> None:
        with self._lock:
            if self._process is not None and not _has_ended(self._process):
                os.kill(self._process.pid, number)


def prepare(control: Path, job: Mapping[str, Any]) -> None:
    """Write a job's job.json and remove what an earlier attempt left in its folder."""
    for name in ("out.json", "log.txt"):
        (control / name).unlink(missing_ok=True)
    for name in ("files", "scratch"):
        if (control / name).exists():
            shutil.rmtree(control / name)
        (control / name).mkdir(parents=True)
    (control / "job.json").write_bytes(msgspec.json.format(msgspec.json.encode(job), indent=1))


def _lines(descriptor: int, ended: Callable[[], bool]) -> Iterator[bytes]:
    """Yield lines from a pipe, and empty ones now and then, until its writer has ended."""
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while True:
            last = ended()
            chunk = b""
            if selector.select(0 if last else _TICK_S):
                with contextlib.suppress(BlockingIOError):
                    chunk = os.read(descriptor, 1 << 16)
            *lines, rest = (rest + chunk).split(b"\n")
            yield from lines
            yield b""
            if last and not chunk:
                return


def _event(line: bytes) -> Event | None:
    try:
        return _decoder.decode(line)
    except msgspec.DecodeError:
        return None


def _is_end(line: bytes, control: Path) -> bool:
    if b'"end"' not in line:
        return False
    said = json.loads(line)
    return bool(said.get("event") == "end" and said.get("control") == str(control))


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Return whether a process has ended, without reaping it: its group's id stays taken."""
    if process.returncode is not None:
        return True
    flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
    try:
        return os.waitid(os.P_PID, process.pid, flags) is not None
    except ChildProcessError:
        return True


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
