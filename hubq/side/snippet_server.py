"""A server that a card's command starts: until it is ready, while clients ask it, and its end."""

from __future__ import annotations

import contextlib
import re
import socket
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import events
from snippet_process import Child, TooLongError, TooMuchError

HOST, HEALTH = "127.0.0.1", "/health"
PORT = 8000
#: Between two looks at whether it is ready, in seconds; and how long one may take.
EVERY_S, LOOK_S = 0.25, 5.0
#: How long the port may stay taken after the server's end, in seconds.
FREE_S = 10.0
_ANYWHERE = ("0.0.0.0", "::", "*")  # noqa: S104 - compared with, never listened on


class NotReadyError(Exception):
    """The server ended, or was not ready in time; says which."""


class Place:
    """Where a server listens.

    Args:
        arguments: of its command, as on the card.

    Attributes:
        asked: the port that the card names.
        port: the one it gets: that one where it is free.
        added: what is appended to the command.
    """

    def __init__(self, arguments: Sequence[str]) -> None:
        host = option(arguments, "--host")
        port = option(arguments, "--port") or ""
        self.asked = int(port) if port.isdecimal() else PORT
        self.host = HOST if host is None or host in _ANYWHERE else host
        self.port = self.asked if is_free(self.asked, self.host) else free_port()
        self.added = ["--host", HOST] if self.host == HOST else []
        self.added += ["--port", str(self.port)] if self.port != self.asked else []

    @property
    def said(self) -> str:
        """What is to be told of the port; empty where it is the card's own."""
        if self.port == self.asked:
            return ""
        return f"port {self.asked} is taken here, so another one was used for server and client"

    def moved(self, code: str) -> str:
        """Return a client's code as it reaches the server."""
        return re.sub(rf":{self.asked}\b", f":{self.port}", code)


def option(arguments: Sequence[str], name: str) -> str | None:
    """Return the value of an option, the last one given; none where there is none."""
    found = None
    for number, word in enumerate(arguments):
        if word == name and number + 1 < len(arguments):
            found = arguments[number + 1]
        elif word.startswith(f"{name}="):
            found = word.partition("=")[2]
    return found


def is_free(port: int, host: str = HOST) -> bool:
    """Say whether nothing listens on a port of this machine, by whatever name it is reached."""
    for name in ("localhost", host):
        for family, kind, proto, _, address in _addresses(name, port):
            with socket.socket(family, kind, proto) as line:
                line.settimeout(1.0)
                if line.connect_ex(address) == 0:
                    return False
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            line.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """Return a port of the loopback that nothing listens on."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as line:
        line.bind((HOST, 0))
        port: int = line.getsockname()[1]
    return port


@contextmanager
def serving(
    arguments: Sequence[str],
    place: Place,
    *,
    environ: Mapping[str, str],
    folder: Path,
    log: Path,
    limit_s: float,
) -> Iterator[tuple[Child, float]]:
    """Start a server, wait until it answers, and end it with all that it has started.

    Args:
        arguments: the command, as on the card.
        place: where it listens.
        environ: everything that the process finds in its environment.
        folder: its working directory.
        log: where its output goes.
        limit_s: how long it may take until it is ready, in seconds.

    Yields:
        Its process, and the seconds until it was ready.

    Raises:
        NotReadyError: it did not come to answer.
        events.Stop: a stop was asked for.
    """
    child = Child([*arguments, *place.added], environ, folder, log)
    try:
        yield child, _until_ready(child, place, limit_s)
    finally:
        child.end()
        until = time.monotonic() + FREE_S
        while not is_free(place.port, place.host) and time.monotonic() < until:
            time.sleep(EVERY_S)


def _until_ready(child: Child, place: Place, limit_s: float) -> float:
    began = time.monotonic()
    while True:
        try:
            child.wait(EVERY_S)
        except TooLongError:
            if answers(f"http://{place.host}:{place.port}{HEALTH}"):
                return round(time.monotonic() - began, 3)
        except TooMuchError as error:
            raise NotReadyError("it writes without end") from error
        else:
            raise NotReadyError(child.died(child.end()))
        if time.monotonic() - began > limit_s:
            raise NotReadyError(f"it was not ready after {limit_s:g} s")
        events.check()


def answers(address: str) -> bool:
    """Say whether an address is answered with success; no proxy is asked."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(address, timeout=LOOK_S) as reply:
            return bool(reply.status == 200)
    except (OSError, ValueError):
        return False


def _addresses(name: str, port: int) -> list[Any]:
    with contextlib.suppress(OSError):
        return list(socket.getaddrinfo(name, port, type=socket.SOCK_STREAM))
    return []
