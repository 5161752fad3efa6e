"""A process of a card's snippet: started in a group of its own, watched, ended as a whole."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import events
import snippet_keeper
import vllm_serving

KEEPER = Path(snippet_keeper.__file__)
TICK_S = 0.02
#: How long a process may take to end after SIGTERM, in seconds.
GRACE_S = 15.0
#: What a snippet may write to its output, in bytes.
MOST_OUTPUT = 20_000_000


class TooLongError(Exception):
    """A process did not end in time."""


class TooMuchError(Exception):
    """A process wrote more than anybody reads."""


class Child:
    """A program that runs until it ends or is ended, and everything that it has started.

    Args:
        arguments: the program and its arguments.
        environ: everything that it finds in its environment.
        folder: its working directory.
        log: where its output goes.
    """

    def __init__(
        self, arguments: Sequence[str], environ: Mapping[str, str], folder: Path, log: Path
    ) -> None:
        self._kills = vllm_serving.oom_kills()
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-I", str(KEEPER), str(os.getpid()), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(environ),
                cwd=folder,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The number of its keeper, and of the group that all of it is in."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the program still runs; its group's number stays taken until `end`."""
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return (
            self._process.returncode is None
            and os.waitid(os.P_PID, self._process.pid, flags) is None
        )

    def wait(self, limit_s: float, watched: Sequence[Path] = ()) -> None:
        """Wait until the program has ended.

        Args:
            limit_s: for so many seconds at most.
            watched: files that may not grow beyond what anybody reads, besides the log.

        Raises:
            TooLongError: it still runs.
            TooMuchError: it writes too much.
            events.Stop: a stop was asked for.
        """
        until = time.monotonic() + limit_s
        while self.alive:
            events.check()
            if time.monotonic() >= until:
                raise TooLongError
            if any(_size(path) > MOST_OUTPUT for path in (self.log, *watched)):
                raise TooMuchError
            time.sleep(TICK_S)

    def end(self, grace_s: float = GRACE_S) -> int:
        """End the program if it still runs, and all that it has started; return its exit status.

        Args:
            grace_s: how long it may take after SIGTERM before it is killed, in seconds.
        """
        left = snippet_keeper.shared(snippet_keeper.members(self.pid))
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()
            until = time.monotonic() + grace_s
            while self.alive and time.monotonic() < until:
                time.sleep(TICK_S)
        left |= snippet_keeper.shared(snippet_keeper.members(self.pid))
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        status = self._process.wait()
        snippet_keeper.remove(left)
        return status

    def died(self, status: int) -> str:
        """Return how the program has ended, in words."""
        if status == -signal.SIGKILL and vllm_serving.oom_kills() > self._kills:
            return "the kernel killed it because memory ran out"
        return f"it {vllm_serving.ending(status)}"


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
