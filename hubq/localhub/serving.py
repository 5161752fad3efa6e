"""Serving: an ASGI app on a socket of this machine, in a thread for as long as it is wanted."""

from __future__ import annotations

import errno
import ipaddress
import socket
import threading
import time
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from hubq.errors import BadInput

_START_S = 10.0


class Serving:
    """A server that answers in a thread of its own.

    Args:
        app: what answers.
        listener: the socket that it answers on.
        name: of the thread, and in messages.
        settings: of uvicorn, beside those that all servers of hubq have.
    """

    def __init__(self, app: ASGIApp, listener: socket.socket, name: str, **settings: Any) -> None:
        self._server = server_of(app, **settings)
        self._name = name
        self._thread = threading.Thread(
            target=self._server.run, args=([listener],), name=name, daemon=True
        )

    def start(self) -> None:
        """Return when requests are answered."""
        self._thread.start()
        deadline = time.monotonic() + _START_S
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"{self._name} did not start")
            time.sleep(0.002)

    def stop(self) -> None:
        """Answer what is being asked, then end."""
        self._server.should_exit = True
        self._thread.join()

    def wait(self) -> None:
        """Wait while it serves; Ctrl-C ends the waiting, not the serving."""
        self._thread.join()


def server_of(app: ASGIApp, **settings: Any) -> uvicorn.Server:
    """Return a server that does not listen yet and logs nothing."""
    quiet: dict[str, Any] = {
        "http": "h11",
        "loop": "asyncio",
        "ws": "none",
        "lifespan": "off",
        "interface": "asgi3",
        "log_config": None,
        "access_log": False,
        "server_header": False,
    }
    return uvicorn.Server(uvicorn.Config(app, **(quiet | settings)))


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 takes a free one.

    Raises:
        BadInput: the port is in use, or the host is none of this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio switches Nagle's algorithm off (it costs 45 ms a request) only on sockets that name
    # their protocol.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        reason = "is in use" if error.errno == errno.EADDRINUSE else f"({error.strerror})"
        raise BadInput(
            f"port {port} on {host} {reason}", remedy="Choose another port, or 0 for any free one."
        ) from None
    return listener


def address(host: str, port: int) -> str:
    """Return the address of a server, without a slash at the end."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def is_loopback(host: str) -> bool:
    """Return whether a host name or address is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
