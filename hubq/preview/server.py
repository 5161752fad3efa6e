"""The preview as a server in a thread, on loopback unless it is told otherwise."""

from __future__ import annotations

import errno
import ipaddress
import socket
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import uvicorn

from hubq.errors import BadInput
from hubq.preview.app import build
from hubq.preview.opening import release_name
from hubq.preview.readme import Readme
from hubq.preview.site import Site
from hubq.resources import bundled

_START_S = 10.0


class PreviewServer:
    """Serves a release's cards, or one README, for as long as the `with` block lasts.

    Args:
        shown: the release or the README.
        host: name or address to listen on; loopback unless `allow_remote`.
        port: 0 takes a free one.
        allow_remote: whether other machines may connect.

    Raises:
        BadInput: at the start, when the port is in use or the host is not loopback.
    """

    def __init__(
        self,
        shown: Site | Readme,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        allow_remote: bool = False,
    ) -> None:
        if not allow_remote and not _is_loopback(host):
            raise BadInput(
                f"{host}: the preview listens on loopback only",
                remedy="Use 127.0.0.1, or let other machines connect with --allow-remote.",
            )
        self.shown = shown
        self._host, self._port, self._allow_remote = host, port, allow_remote
        self._ended = threading.Event()
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._listener: socket.socket | None = None

    @property
    def url(self) -> str:
        """Return the address, without a slash at the end; valid while it serves."""
        name = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{name}:{self._port}"

    def start(self) -> Self:
        """Listen and serve in a thread; returns when requests are answered."""
        self._listener = self._listen()
        app = build(self.shown, self._ended, allow_remote=self._allow_remote)
        config = uvicorn.Config(
            app,
            http="h11",
            loop="asyncio",
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=2,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, args=([self._listener],), name="preview", daemon=True
        )
        self._thread.start()
        deadline = time.monotonic() + _START_S
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError("the preview did not start")
            time.sleep(0.002)
        return self

    def stop(self) -> None:
        """End, and free the port; doing it twice is harmless."""
        self._ended.set()
        if self._server is not None:
            self._server.should_exit = True
        if self._thread is not None:
            self._thread.join()
        if self._listener is not None:
            self._listener.close()
        self._thread = self._server = self._listener = None
        self.shown.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _listen(self) -> socket.socket:
        """Return a listening socket and note its port."""
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        # asyncio switches Nagle's algorithm off only on sockets that name their protocol.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((self._host, self._port))
            listener.listen(128)
        except OSError as error:
            listener.close()
            self.shown.close()
            reason = "is in use" if error.errno == errno.EADDRINUSE else f"({error.strerror})"
            raise BadInput(
                f"port {self._port} on {self._host} {reason}",
                remedy="Choose another port, or 0 for any free one.",
            ) from None
        self._port = int(listener.getsockname()[1])
        return listener


def open_preview(
    source: str | None,
    *,
    runs_dir: Path,
    name: str | None = None,
    templates: Path | None = None,
    offline: bool = False,
) -> Site | Readme:
    """Open what is to be shown: a README file, or a release of the runs folder.

    Args:
        source: a Markdown file, a Hub id, a folder or a release's name; none for the only release.
        runs_dir: the runs folder.
        name: the release's name; wins over `source`.
        templates: a folder of card templates that go before the bundled ones.
        offline: ask no Hub over the network.

    Raises:
        BadInput: there is no such file or release.
    """
    if source is not None and name is None and source.lower().endswith((".md", ".markdown")):
        return Readme(Path(source).expanduser())
    own = (templates.resolve(),) if templates else ()
    chosen = release_name(runs_dir, source, name)
    place = Path(source).expanduser() if source else None
    folder = place if place is not None and place.is_dir() else None
    folders = (*own, bundled("card_templates"))
    return Site(runs_dir, chosen, folders, folder=folder, offline=offline)


def _is_loopback(host: str) -> bool:
    """Return whether a host name or address is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
