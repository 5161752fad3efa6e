"""The preview as a server in a thread, on loopback unless it is told otherwise."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from hubq.errors import BadInput
from hubq.localhub.serving import Serving, address, is_loopback, listen
from hubq.preview.app import build
from hubq.preview.opening import release_name
from hubq.preview.readme import Readme
from hubq.preview.site import Site
from hubq.resources import bundled


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
        if not allow_remote and not is_loopback(host):
            raise BadInput(
                f"{host}: the preview listens on loopback only",
                remedy="Use 127.0.0.1, or let other machines connect with --allow-remote.",
            )
        self.shown = shown
        self._host, self._port, self._allow_remote = host, port, allow_remote
        self._ended = threading.Event()
        self._serving: Serving | None = None
        self._listener: socket.socket | None = None

    @property
    def url(self) -> str:
        """Return the address, without a slash at the end; valid while it serves."""
        return address(self._host, self._port)

    def start(self) -> Self:
        """Listen and serve in a thread; returns when requests are answered."""
        try:
            self._listener = listen(self._host, self._port)
        except BadInput:
            self.shown.close()
            raise
        self._port = int(self._listener.getsockname()[1])
        app = build(self.shown, self._ended, allow_remote=self._allow_remote)
        self._serving = Serving(app, self._listener, "the preview", timeout_graceful_shutdown=2)
        try:
            self._serving.start()
        except RuntimeError:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End, and free the port; doing it twice is harmless."""
        self._ended.set()
        if self._serving is not None:
            self._serving.stop()
        if self._listener is not None:
            self._listener.close()
        self._serving = self._listener = None
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
