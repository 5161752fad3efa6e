"""Sites on the loopback that answer as they are told, and hosts that lead to them."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from hubq.hub.addresses import Hosts


class Site:
    """Answers with what is said for a method and path, and remembers what it was asked.

    Attributes:
        answers: `HEAD /path` -> status, and where it sends on to; 200 where nothing is said.
        asked: (when, method, path, headers), in order.
        together: the most requests that were under way at once.
    """

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, str]] = {}
        self.asked: list[tuple[float, str, str, dict[str, str]]] = []
        self.together = self._now = 0
        self.delay = 0.0
        site, lock = self, threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self._answer()

            def do_GET(self) -> None:
                self._answer()

            def _answer(self) -> None:
                with lock:
                    site._now += 1
                    site.together = max(site.together, site._now)
                    headers = {name.lower(): value for name, value in self.headers.items()}
                    site.asked.append((time.monotonic(), self.command, self.path, headers))
                time.sleep(site.delay)
                with lock:
                    site._now -= 1
                status, onward = site.answers.get(f"{self.command} {self.path}", (200, ""))
                self.send_response(status)
                self.send_header("Set-Cookie", "a=b")
                self.send_header("Content-Length", "1000000000")
                if onward:
                    self.send_header("Location", onward)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.http.server_address[1])

    @property
    def lines(self) -> list[str]:
        """What it was asked, as `HEAD /path`."""
        return [f"{method} {path}" for _, method, path, _ in self.asked]

    def url(self, path: str, host: str = "site.dev") -> str:
        """Return the address of a page."""
        return f"http://{host}:{self.port}{path}"

    def answer(self, path: str, status: int, onward: str = "", get: int | None = None) -> None:
        """Say what a page answers, to GET something else where that is given."""
        self.answers[f"HEAD {path}"] = (status, onward)
        self.answers[f"GET {path}"] = (status if get is None else get, onward)


class Loopback(Hosts):
    """Hosts under `.dev` lead to the loopback; `gone.dev` does not exist, `inside.dev` is private.

    Args:
        exist: whether any does.
    """

    def __init__(self, *, exist: bool = True) -> None:
        self.exist = exist

    def named(self, host: str, port: int) -> bool:
        """Say that every port may be asked."""
        return super().named(host, 443) and port > 0

    def look_up(self, host: str) -> list[str]:
        """Return the loopback, or a private address."""
        if host == "gone.dev" or not self.exist:
            raise socket.gaierror(socket.EAI_NONAME, "no such host")
        return ["10.0.0.1"] if host == "inside.dev" else ["127.0.0.1"]

    def open(self, address: str) -> bool:
        """Let requests to the loopback pass."""
        return address == "127.0.0.1" or super().open(address)


@contextmanager
def serving() -> Iterator[Site]:
    """Serve a site."""
    site = Site()
    threading.Thread(target=site.http.serve_forever, kwargs={"poll_interval": 0.02}).start()
    try:
        yield site
    finally:
        site.http.shutdown()
        site.http.server_close()
