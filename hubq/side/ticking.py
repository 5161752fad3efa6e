"""Doing something again and again beside the work, until told to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Ticker:
    """A thread that calls a function until it is stopped.

    Args:
        name: of the thread.
        wait: seconds to the first call.
        act: returns the seconds to the next call.
    """

    def __init__(self, name: str, wait: float, act: Callable[[], float]) -> None:
        self._wait, self._act = wait, act
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin to wait for the first call."""
        self._thread.start()

    def stop(self) -> None:
        """Let a call that is under way end, and make no other; nothing where none was begun."""
        self._done.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        wait = self._wait
        while not self._done.wait(wait):
            wait = self._act()
