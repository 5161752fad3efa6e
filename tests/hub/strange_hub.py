"""An embedded Hub that answers some requests as no hub should."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from hubq.localhub.server import LocalHub


class StrangeHub(LocalHub):
    """A Hub with answers of its own to requests whose path matches a pattern."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, faults=True, durable=False, part_bytes=64 << 10)
        self.answers: dict[str, Any] = {}

    def _prepare(self) -> ASGIApp:
        return _Strange(super()._prepare(), self.answers)


class _Strange:
    def __init__(self, app: ASGIApp, answers: dict[str, Any]) -> None:
        self._app = app
        self._answers = answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        for pattern, answer in self._answers.items():
            if re.search(pattern, str(scope["path"])):
                await Request(scope, receive).body()
                response: Response = (
                    answer if isinstance(answer, Response) else JSONResponse(answer)
                )
                await response(scope, receive, send)
                return
        await self._app(scope, receive, send)
