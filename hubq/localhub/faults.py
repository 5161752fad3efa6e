"""Planned failures and a log of requests, for tests and rehearsals.

    POST /_fault {"match": "POST .*/commit/", "status": 502, "skip": 1, "times": 1,
                  "when": "before" | "after", "headers": {}, "delay": 0.5, "drop": true}
    POST /_fault {"clear": true}
    GET  /_log        POST /_log {"clear": true}

`after` lets the request take effect and loses the answer; `drop` cuts the connection instead of
answering; `delay` waits (seconds) before either.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable
from typing import Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_TRANSPORT = "hubq.transport"


class Fault(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A rule: which requests fail, how, and how often.

    Attributes:
        match: regular expression searched in `METHOD path?query`.
        status: HTTP status of the answer; 0 only delays.
        skip: how many matching requests pass first.
        times: how many fail after that.
        when: before or after the request takes effect.
        delay: seconds to wait.
        drop: cut the connection instead of answering.
    """

    match: str
    status: int = 0
    skip: int = 0
    times: int = 1
    when: Literal["before", "after"] = "before"
    headers: dict[str, str] = {}
    delay: float = 0.0
    drop: bool = False


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One request of the log.

    Attributes:
        status: of the answer sent; 0 when the connection was cut.
        received: bytes of the body that the server read.
        fault: whether a rule changed the answer.
    """

    method: str
    path: str
    query: str
    status: int
    received: int
    fault: bool


class Faults:
    """The rules and the log of one server; safe from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[Fault] = []
        self._log: list[Entry] = []

    def add(self, fault: Fault) -> None:
        """Add a rule; the oldest rule that matches decides."""
        re.compile(fault.match)
        with self._lock:
            self._rules.append(fault)

    def clear(self) -> None:
        """Forget all rules."""
        with self._lock:
            self._rules.clear()

    def clear_log(self) -> None:
        """Forget all requests."""
        with self._lock:
            self._log.clear()

    def log(self) -> list[Entry]:
        """Return the requests so far, in the order of their answers."""
        with self._lock:
            return list(self._log)

    def record(self, entry: Entry) -> None:
        """Add a request to the log."""
        with self._lock:
            self._log.append(entry)

    def take(self, line: str) -> Fault | None:
        """Return the rule that a request falls under, counting it."""
        with self._lock:
            for rule in self._rules:
                if rule.times > 0 and re.search(rule.match, line):
                    if rule.skip > 0:
                        rule.skip -= 1
                        return None
                    rule.times -= 1
                    return rule
        return None


class FaultyApp:
    """An ASGI app with planned failures in front of another."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or fail as planned."""
        if scope["path"] in {"/_fault", "/_log"}:
            response = await self._control(Request(scope, receive))
            await response(scope, receive, send)
            return
        query = scope["query_string"].decode()
        line = f"{scope['method']} {scope['path']}{'?' + query if query else ''}"
        rule = self._faults.take(line)

        def note(status: int, received: int) -> None:
            self._faults.record(
                Entry(
                    method=scope["method"],
                    path=scope["path"],
                    query=query,
                    status=status,
                    received=received,
                    fault=rule is not None,
                )
            )

        exchange = _Exchange(receive, send, note)
        if rule is None:
            await self._app(scope, exchange.receive, exchange.send)
        else:
            await self._fail(rule, exchange, scope)

    async def _fail(self, rule: Fault, exchange: _Exchange, scope: Scope) -> None:
        """Let one request fail as its rule says."""
        await asyncio.sleep(rule.delay)
        if not rule.status and not rule.drop:
            await self._app(scope, exchange.receive, exchange.send)
            return
        if rule.when == "after":
            await self._app(scope, exchange.receive, exchange.swallow)
        else:
            # A client that is still sending does not read the answer.
            await exchange.drain()
        if rule.drop:
            exchange.note(0)
            scope[_TRANSPORT].abort()
            return
        response = Response("planned failure", status_code=rule.status, headers=rule.headers)
        await response(scope, exchange.receive, exchange.send)

    async def _control(self, request: Request) -> Response:
        """Answer `/_fault` and `/_log`."""
        body = await request.body()
        asked = msgspec.json.decode(body) if body else {}
        if request.scope["path"] == "/_log":
            if asked.get("clear"):
                self._faults.clear_log()
            return Response(msgspec.json.encode(self._faults.log()), media_type="application/json")
        if asked.get("clear"):
            self._faults.clear()
        else:
            try:
                self._faults.add(msgspec.convert(asked, Fault))
            except (msgspec.ValidationError, re.error) as error:
                return Response(str(error), status_code=400)
        return Response("{}", media_type="application/json")


class _Exchange:
    """The two directions of one request, counted."""

    def __init__(self, receive: Receive, send: Send, note: Callable[[int, int], None]) -> None:
        self._receive = receive
        self._send = send
        self._note = note
        self._done = False
        self._received = 0

    async def receive(self) -> Message:
        """Pass a message from the client on."""
        message = await self._receive()
        self._received += len(message.get("body", b""))
        self._done = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Pass a message to the client on; the log has the request before the client its answer."""
        if message["type"] == "http.response.start":
            self.note(message["status"])
        await self._send(message)

    def note(self, status: int) -> None:
        """Add the request to the log."""
        self._note(status, self._received)

    async def swallow(self, message: Message) -> None:
        """Lose a message to the client."""

    async def drain(self) -> None:
        """Read the rest of the request."""
        while not self._done:
            await self.receive()
