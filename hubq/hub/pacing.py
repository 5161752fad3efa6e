"""Pacing: no request more than a hub allows, by what its answers say of its limits.

A hub counts requests in windows of time and says in `RateLimit` how many are left in this one and
when it ends. One request goes ahead until the first answer says so; after that as many may be under
way as are left.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

import msgspec

_GRACE = 1.0
"""Seconds waited beyond a window's end: its length is told in whole seconds."""
_SAME = 1.5
"""Seconds by which two answers may differ about the end of one window."""
_PATIENCE = 30.0
"""Seconds after which the one request that was sent ahead counts as lost."""


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer says of one limit.

    Attributes:
        left: requests that are left in this window.
        ends: seconds until it ends.
    """

    left: int
    ends: float


class _Window(msgspec.Struct, kw_only=True):
    """What is known of one limit; `left` is none while nothing is, and before any answer.

    Attributes:
        free: whether the hub sets no limit.
        ahead: when the one request that tries was sent; none when there is none.
        flying: requests under way.
        told: the end that people know is waited for.
    """

    left: int | None = None
    ends: float = 0.0
    free: bool = False
    ahead: float | None = None
    flying: int = 0
    told: float = 0.0


class Pacer:
    """Lets requests to one hub go when they may.

    Args:
        told: hears how many seconds a wait will take.
        clock: seconds.
        sleep: waits for seconds; none waits until an answer changes something, too.
    """

    def __init__(
        self,
        told: Callable[[float], None],
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        self._told, self._clock, self._sleep = told, clock, sleep
        self._changed = threading.Condition()
        self._windows: dict[str, _Window] = {}

    def enter(self, kind: str) -> None:
        """Wait until a request may go.

        Args:
            kind: of request; each has a limit of its own.
        """
        with self._changed:
            window = self._windows.setdefault(kind, _Window())
            while True:
                now = self._clock()
                wait = self._wait(window, now)
                if wait <= 0:
                    break
                if window.left is not None and window.told != window.ends:
                    window.told = window.ends
                    self._told(wait)
                self._pause(wait)
            window.flying += 1
            if window.left is not None:
                window.left -= 1
            elif not window.free:
                window.ahead = now

    def leave(self, kind: str, limit: Limit | None) -> None:
        """Note a request's answer; `limit` is what it says, none where it says nothing."""
        with self._changed:
            window = self._windows.setdefault(kind, _Window())
            window.flying = max(0, window.flying - 1)
            window.ahead = None
            now = self._clock()
            if limit is None:
                window.free = window.left is None
            elif window.left is not None and now + limit.ends <= window.ends - _GRACE + _SAME:
                window.left = min(window.left, limit.left)
            else:
                window.free = False
                # Those under way may have been counted; one that was lost must not stop everything.
                window.left = max(min(1, limit.left), limit.left - window.flying)
                window.ends = now + limit.ends + _GRACE
            self._changed.notify_all()

    def lose(self, kind: str) -> None:
        """Note that a request got no answer."""
        with self._changed:
            window = self._windows.setdefault(kind, _Window())
            window.flying = max(0, window.flying - 1)
            window.ahead = None
            self._changed.notify_all()

    def _wait(self, window: _Window, now: float) -> float:
        """Return the seconds to wait before a request; zero when it may go."""
        if window.free:
            return 0.0
        if window.left is not None and now >= window.ends:
            window.left = None
        if window.left is None:
            return 0.0 if window.ahead is None else window.ahead + _PATIENCE - now
        return 0.0 if window.left > 0 else window.ends - now

    def _pause(self, seconds: float) -> None:
        if self._sleep is None:
            self._changed.wait(seconds)
        else:
            self._sleep(seconds)


def kind_of(path: str) -> str:
    """Return under which limit of the Hub a path falls."""
    if path.startswith("/api/"):
        return "api"
    return "resolvers" if "/resolve/" in path else "pages"


def limit_in(headers: Mapping[str, str]) -> Limit | None:
    """Return what an answer's headers say of its limit; none where they say nothing."""
    from huggingface_hub.utils._http import parse_ratelimit_headers

    said = parse_ratelimit_headers(headers)
    if said is None:
        return None
    return Limit(left=int(said.remaining), ends=float(said.reset_in_seconds))
