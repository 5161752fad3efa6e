"""Deadlines: a process that takes too long to answer is killed."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def deadline(pid: int, seconds: float) -> Iterator[threading.Event]:
    """Kill a process once so many seconds have passed; the event that is yielded says that it was.

    Args:
        pid: the process's number.
        seconds: from now.
    """
    late = threading.Event()

    def end() -> None:
        late.set()
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()
