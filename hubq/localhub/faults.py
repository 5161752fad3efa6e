"""Planned failures and a log of requests, for tests and rehearsals.

    POST /_fault {"match": "POST .*/commit/", "status": 502, "skip": 1, "times": 1,
                  "when": "before" | "after", "headers": {}, "body": "", "delay": 0.5,
                  "drop": true}
    POST /_fault {"clear": true}
    GET  /_fault      the rules, with how often each has yet to pass and to fail
    GET  /_log        POST /_log {"clear": true}

`after` lets the request take effect first and loses its answer; `drop` cuts the connection instead
of answering; `delay` waits, before the effect or after it, and with neither status nor `drop` the
true answer follows.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_TRANSPORT = "hubq.transport"
_LONGEST_S = 3600.0


class Fault(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A rule: which requests fail, how, and how often.

    Attributes:
        match: regular expression searched in `METHOD path?query`, the path as it was sent
            (`refs%2Fpr%2F1`).
        status: HTTP status of the answer; 0 only delays.
        skip: how many matching requests pass first.
        times: how many fail after that.
        when: before or after the request takes effect.
        headers, body: of the answer.
        delay: seconds to wait.
        drop: cut the connection instead of answering.
    """

    match: str
    status: Annotated[int, Meta(ge=0, le=599)] = 0
    skip: Annotated[int, Meta(ge=0)] = 0
    times: Annotated[int, Meta(ge=1)] = 1
    when: Literal["before", "after"] = "before"
    headers: dict[str, str] = {}
    body: str = "planned failure"
    delay: Annotated[float, Meta(ge=0, le=_LONGEST_S)] = 0.0
    drop: bool = False

    def check(self) -> None:
        """Make sure that the rule can do what it says.

        Raises:
            ValueError: it matches nothing that can be, or would change nothing.
        """
        try:
            re.compile(self.match)
        except re.error as error:
            raise ValueError(f"match: {error}") from None
        if not (self.status or self.drop or self.delay):
            raise ValueError("a rule needs a status, a delay, or drop")
        if 0 < self.status < 200:
            raise ValueError("status: an answer has 200 or more")


class Entry(msgspec.Struct, kw_only=True):
    """One request of the log.

    Attributes:
        status: of the answer sent; 0 when the connection was cut.
        received: bytes of the body that the server read.
        sent: bytes of the answer's body that were sent so far.
        fault: whether a rule changed the answer or held it up.
    """

    method: str
    path: str
    query: str
    status: int
    received: int
    fault: bool
    sent: int = 0


class Faults:
    """The rules and the log of one server; safe from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[Fault] = []
        self._log: list[Entry] = []
        self._clearings = 0

    def add(self, fault: Fault) -> None:
        """Add a rule; the oldest rule that matches decides.

        Raises:
            ValueError: it cannot do what it says.
        """
        fault.check()
        with self._lock:
            self._rules.append(fault)

    def rules(self) -> list[Fault]:
        """Return the rules as they stand: what has yet to pass and to fail."""
        with self._lock:
            return [msgspec.structs.replace(rule) for rule in self._rules]

    def clear(self) -> None:
        """Forget all rules."""
        with self._lock:
            self._rules.clear()

    def clear_log(self) -> None:
        """Forget all requests, those that still wait for their answer included."""
        with self._lock:
            self._log.clear()
            self._clearings += 1

    def log(self) -> list[Entry]:
        """Return the requests so far, in the order of their answers."""
        with self._lock:
            return list(self._log)

    def clearings(self) -> int:
        """Return how often the log was cleared."""
        with self._lock:
            return self._clearings

    def record(self, entry: Entry, began: int) -> None:
        """Add a request to the log, unless the log was cleared since it began.

        Args:
            entry: the request.
            began: what `clearings` returned when the request came.
        """
        with self._lock:
            if began == self._clearings:
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
        began = self._faults.clearings()
        rule = self._faults.take(line)

        def note(status: int, received: int) -> Entry:
            entry = Entry(
                method=scope["method"],
                path=scope["path"],
                query=query,
                status=status,
                received=received,
                fault=rule is not None,
            )
            self._faults.record(entry, began)
            return entry

        exchange = _Exchange(receive, send, note)
        if rule is None:
            await self._app(scope, exchange.receive, exchange.send)
        else:
            await self._fail(rule, exchange, scope)

    async def _fail(self, rule: Fault, exchange: _Exchange, scope: Scope) -> None:
        """Let one request fail as its rule says."""
        true = not rule.status and not rule.drop
        if rule.when == "after":
            await self._app(scope, exchange.receive, exchange.keep)
        await asyncio.sleep(rule.delay)
        if true and rule.when == "before":
            await self._app(scope, exchange.receive, exchange.send)
        elif true:
            await exchange.release()
        elif rule.drop:
            await exchange.drain()
            exchange.note(0)
            scope[_TRANSPORT].abort()
        else:
            # A client that is still sending does not read the answer.
            await exchange.drain()
            response = Response(rule.body, status_code=rule.status, headers=rule.headers)
            await response(scope, exchange.receive, exchange.send)

    async def _control(self, request: Request) -> Response:
        """Answer `/_fault` and `/_log`."""
        body = await request.body()
        try:
            asked = msgspec.json.decode(body or b"{}", type=dict[str, Any])
        except msgspec.DecodeError as error:
            return Response(str(error), status_code=400)
        if request.scope["path"] == "/_log":
            if asked.get("clear"):
                self._faults.clear_log()
            return Response(msgspec.json.encode(self._faults.log()), media_type="application/json")
        if request.method == "GET":
            rules = msgspec.json.encode(self._faults.rules())
            return Response(rules, media_type="application/json")
        if asked.get("clear"):
            self._faults.clear()
        else:
            try:
                self._faults.add(msgspec.convert(asked, Fault))
            except ValueError as error:
                return Response(str(error), status_code=400)
        return Response("{}", media_type="application/json")


class _Exchange:
    """The two directions of one request, counted."""

    def __init__(self, receive: Receive, send: Send, note: Callable[[int, int], Entry]) -> None:
        self._receive = receive
        self._send = send
        self._note = note
        self._entry: Entry | None = None
        self._kept: list[Message] = []
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
        elif self._entry is not None:
            self._entry.sent += len(message.get("body", b""))
        await self._send(message)

    def note(self, status: int) -> None:
        """Add the request to the log."""
        self._entry = self._note(status, self._received)

    async def keep(self, message: Message) -> None:
        """Keep a message from the client."""
        self._kept.append(message)

    async def release(self) -> None:
        """Send the client what was kept from it."""
        for message in self._kept:
            await self.send(message)

    async def drain(self) -> None:
        """Read the rest of the request."""
        while not self._done:
            await self.receive()
