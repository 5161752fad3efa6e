"""Limits: how many requests the embedded Hub answers in a window of time, as the real one does.

The real Hub counts API calls, downloads (`resolve`) and pages apart, and says of each request what
is left: `RateLimit: "api";r=489;t=55` and `RateLimit-Policy: "fixed window";"api";q=500;w=300`.
One request too many is answered 429. For rehearsals and tests; there is no limit by default.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping

import msgspec
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Quota(msgspec.Struct, frozen=True):
    """How many requests of a kind are answered in so many seconds."""

    requests: int
    seconds: float


class Limits:
    """Counts requests; safe from several threads.

    Args:
        quotas: kind (`api`, `resolvers`, `pages`) -> how many; a kind without one has no limit.
        clock: seconds.
    """

    def __init__(
        self, quotas: Mapping[str, Quota], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.quotas = dict(quotas)
        self._clock = clock
        self._lock = threading.Lock()
        self._windows: dict[str, tuple[float, int]] = {}

    def take(self, path: str) -> tuple[bool, dict[str, str]]:
        """Count a request.

        Returns:
            Whether it is answered, and what its answer says of the limit.
        """
        kind = _kind(path)
        quota = self.quotas.get(kind)
        if quota is None:
            return True, {}
        with self._lock:
            now = self._clock()
            began, used = self._windows.get(kind, (now, 0))
            if now >= began + quota.seconds:
                began, used = now, 0
            used += 1
            self._windows[kind] = began, used
        left = max(0, quota.requests - used)
        ends = math.floor(began + quota.seconds - now)
        headers = {
            "RateLimit": f'"{kind}";r={left};t={ends}',
            "RateLimit-Policy": f'"fixed window";"{kind}";q={quota.requests};w={quota.seconds:.0f}',
        }
        return used <= quota.requests, headers


class LimitedApp:
    """An ASGI app with limits in front of another."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app, self._limits = app, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or turn it away."""
        answered, headers = self._limits.take(scope["path"])
        if not answered:
            refused = PlainTextResponse("Too Many Requests", status_code=429, headers=headers)
            await refused(scope, receive, send)
            return
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *raw]}
            await send(message)

        await self._app(scope, receive, marked)


def _kind(path: str) -> str:
    if path.startswith("/api/"):
        return "api"
    return "resolvers" if "/resolve/" in path else "pages"
