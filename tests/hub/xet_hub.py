"""An embedded Hub that has Xet: it gives tokens, and takes what the Xet library sends."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from hubq.localhub.server import LocalHub


class XetHub(LocalHub):
    """A Hub with a content store that keeps nothing but the list of what it was sent.

    Args:
        directory: the Hub's folder.
        status: what a request for a token is answered with.
        broken: whether the content store answers at all.
    """

    def __init__(self, directory: Path, *, status: int = 200, broken: bool = False) -> None:
        super().__init__(directory, faults=True, durable=False)
        self.status = status
        self.broken = broken
        self.asked: list[str] = []
        self.sent: list[tuple[str, int]] = []

    def _prepare(self) -> ASGIApp:
        return _WithXet(super()._prepare(), self)


class _WithXet:
    def __init__(self, app: ASGIApp, hub: XetHub) -> None:
        self._app = app
        self._hub = hub

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = str(scope["path"])
        response: Response
        if "/xet-write-token/" in path:
            self._hub.asked.append(path)
            response = self._token()
        elif path.startswith("/cas/"):
            response = await self._store(Request(scope, receive))
        else:
            await self._app(scope, receive, send)
            return
        await response(scope, receive, send)

    def _token(self) -> Response:
        if self._hub.status != 200:
            return Response("no", status_code=self._hub.status)
        expires = int(time.time()) + 3600
        access: dict[str, Any] = {
            "casUrl": f"{self._hub.url}/cas",
            "exp": expires,
            "accessToken": "short-lived",
        }
        headers = {
            "X-Xet-Cas-Url": f"{self._hub.url}/cas",
            "X-Xet-Access-Token": "short-lived",
            "X-Xet-Token-Expiration": str(expires),
        }
        return JSONResponse(access, headers=headers)

    async def _store(self, request: Request) -> Response:
        body = await request.body()
        self._hub.sent.append((f"{request.method} {request.url.path}", len(body)))
        if self._hub.broken:
            return Response("broken", status_code=400)
        if request.method == "POST" and "/v1/xorbs/" in request.url.path:
            return JSONResponse({"was_inserted": True})
        if request.method == "POST" and request.url.path == "/cas/v1/shards":
            return JSONResponse({"result": 1})
        return Response(status_code=404)
