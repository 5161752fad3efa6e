"""The embedded Hub as a server in a thread, or in the foreground until Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from filelock import FileLock, Timeout
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from hubq.errors import BadInput
from hubq.localhub.api.call import Service
from hubq.localhub.app import build
from hubq.localhub.faults import Faults, FaultyApp
from hubq.localhub.limits import LimitedApp, Limits
from hubq.localhub.serving import Serving, address, is_loopback, listen, server_of
from hubq.localhub.signing import Signer
from hubq.localhub.storage import Storage

PART_BYTES = 16 << 20


class LocalHub:
    """A Hub that serves a folder, for as long as the `with` block lasts.

    Args:
        directory: the folder; made when it is not there.
        host: name or address to listen on; loopback unless `allow_remote`.
        port: 0 takes a free one.
        faults: whether `/_fault` and `/_log` exist.
        allow_remote: whether other machines may connect.
        part_bytes: files above this size are uploaded in parts of this size.
        page_size: entries of one page of a listing.
        limits: how many requests are answered in a time; none for no limit.
        durable: whether writes survive a power cut; without, they are faster and survive a kill.

    Raises:
        BadInput: at the start, when the port or the folder is in use, or the host is not loopback.
    """

    def __init__(
        self,
        directory: Path,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        faults: bool = False,
        allow_remote: bool = False,
        part_bytes: int = PART_BYTES,
        page_size: int = 1000,
        limits: Limits | None = None,
        durable: bool = True,
    ) -> None:
        self.storage = Storage(directory, durable=durable)
        self.faults = Faults() if faults else None
        self._limits = limits
        self._host = host
        self._port = port
        self._allow_remote = allow_remote
        self._service = Service(
            self.storage, Signer(self.storage.signing_key), part_bytes, page_size
        )
        self._serving: Serving | None = None
        self._settings = {
            "http": _DroppableProtocol if faults else H11Protocol,
            "timeout_graceful_shutdown": 5,
        }
        self._open = contextlib.ExitStack()

    @property
    def url(self) -> str:
        """Return the address, without a slash at the end; valid while it serves."""
        return address(self._host, self._port)

    @property
    def token(self) -> str:
        """Return the token of the user `local`, who may write everywhere."""
        return self.storage.writer_token()

    def sign_in_url(self, path: str = "/") -> str:
        """Return an address that signs a browser in as `local`, to read, and goes on to a page.

        Only needed for private repos; whoever has the address sees them, for six hours.
        """
        return f"{self.url}/_enter?{self._service.signer.sign('enter', next=path)}"

    def start(self) -> Self:
        """Listen and serve in a thread; returns when requests are answered.

        Raises:
            BadInput: the port or the folder is in use, or the host is not loopback.
        """
        app = self._prepare()
        self._serving = Serving(app, self._listen(), "the embedded Hub", **self._settings)
        try:
            self._serving.start()
        except RuntimeError:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Answer what is being asked, then end; doing it twice is harmless."""
        if self._serving is not None:
            self._serving.stop()
        self._serving = None
        self._open.close()

    def wait(self) -> None:
        """Wait while it serves in its thread; Ctrl-C ends the waiting, not the serving."""
        if self._serving is not None:
            self._serving.wait()

    def serve_forever(self, ready: Callable[[], None] | None = None) -> None:
        """Serve in the foreground until Ctrl-C or SIGTERM.

        Args:
            ready: called once connections are accepted, when `url` is known.

        Raises:
            BadInput: the port or the folder is in use, or the host is not loopback.
        """
        try:
            server = server_of(self._prepare(), **self._settings)
            listener = self._listen()
            if ready is not None:
                ready()
            with contextlib.suppress(KeyboardInterrupt):
                server.run([listener])
        finally:
            self._open.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _prepare(self) -> ASGIApp:
        """Take the folder and return what answers."""
        if not self._allow_remote and not is_loopback(self._host):
            raise BadInput(
                f"{self._host}: the embedded Hub listens on loopback only",
                remedy="Use 127.0.0.1, or say that other machines may connect.",
            )
        self._take_folder()
        self.storage.writer_token()
        app = build(self._service, allow_remote=self._allow_remote)
        app = app if self._limits is None else LimitedApp(app, self._limits)
        return app if self.faults is None else FaultyApp(app, self.faults)

    def _take_folder(self) -> None:
        """Keep other servers out of the folder; a killed one keeps nobody out."""
        try:
            self.storage.directory.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.storage.directory / "server.lock")
            self._open.enter_context(lock.acquire(timeout=0))
        except Timeout:
            raise BadInput(
                f"{self.storage.directory}: another embedded Hub serves this folder",
                remedy="Stop it, or choose another folder.",
            ) from None
        except OSError as error:
            raise BadInput(
                f"{self.storage.directory}: {error.strerror}", remedy="Choose another folder."
            ) from None

    def _listen(self) -> socket.socket:
        """Return a listening socket and note its port."""
        try:
            listener = listen(self._host, self._port)
        except BadInput:
            self._open.close()
            raise
        self._open.enter_context(listener)
        self._port = int(listener.getsockname()[1])
        return listener


class _DroppableProtocol(H11Protocol):
    """Tells the app its connection, so that a planned failure can cut it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start a connection."""
        super().connection_made(transport)
        self.app = functools.partial(_with_transport, self.app, transport)


async def _with_transport(
    app: ASGIApp, transport: object, scope: Scope, receive: Receive, send: Send
) -> None:
    """Call an app with its connection in the scope."""
    scope["hubq.transport"] = transport
    await app(scope, receive, send)
