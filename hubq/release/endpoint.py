"""The Hub of a release: a real one by its address, or the embedded one in the runs folder.

Everything here is lazy: a release with nothing to do neither starts a server nor imports a client.
"""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from hubq.errors import BadInput

if TYPE_CHECKING:
    from hubq.hub.port import Hub, RemoteFile
    from hubq.localhub.server import LocalHub
    from hubq.localhub.storage import Storage

LOCAL = "local"
"""How people name the embedded Hub, and how plans do: its port changes with every start."""

DEFAULT_ENDPOINT = "https://huggingface.co"


class Endpoint:
    """The Hub that a release reads from and publishes to.

    Args:
        hub: a URL, `local`, or none for HF_ENDPOINT or huggingface.co.
        runs_dir: where the embedded Hub keeps its files (`<runs_dir>/hub`).
    """

    def __init__(self, hub: str | None, runs_dir: Path) -> None:
        self.local = hub == LOCAL
        address = hub or os.environ.get("HF_ENDPOINT") or DEFAULT_ENDPOINT
        if not self.local and not address.startswith(("http://", "https://")):
            raise BadInput(
                f"--hub {address}: expected an address (https://...) or the word {LOCAL!r}"
            )
        if "@" in urlsplit(address).netloc:
            raise BadInput(
                "--hub or HF_ENDPOINT: the address holds a user or a password",
                remedy="Leave it out: a token comes from HF_TOKEN, or from `hf auth login`.",
            )
        self.name = LOCAL if self.local else address.rstrip("/")
        self.folder = runs_dir / "hub"
        self._server: LocalHub | None = None
        self._hub: Hub | None = None

    @property
    def hub(self) -> Hub:
        """The client, made when first asked for; starts the embedded Hub if it is that one."""
        if self._hub is None:
            from hubq.hub.huggingface import HuggingFaceHub

            if self.local:
                server = self.serve()
                self._hub = HuggingFaceHub(endpoint=server.url, token=server.token)
            else:
                self._hub = HuggingFaceHub(endpoint=self.name)
        return self._hub

    def hub_for(self, repo: str) -> Hub:
        """Return the client to read a source with.

        A rehearsal on the embedded Hub reads what is not there from the real one.
        """
        if not self.local or self.local_head(repo, None):
            return self.hub
        from hubq.hub.huggingface import HuggingFaceHub

        return HuggingFaceHub(endpoint=os.environ.get("HF_ENDPOINT") or DEFAULT_ENDPOINT)

    def serve(self, port: int = 0) -> LocalHub:
        """Start the embedded Hub, once."""
        if self._server is None:
            server = local_server(self.folder, port=port)
            server.start()
            self._server = server
        return self._server

    def address(self, repo: str) -> str:
        """Return where people find a repo: its page, or its place in the embedded Hub."""
        return f"{LOCAL}:{repo}" if self.local else f"{self.name}/{repo}"

    def local_head(self, repo: str, revision: str | None) -> str | None:
        """Return the commit of a repo in the embedded Hub, read from its files; or none."""
        if not self.local or not self.folder.is_dir():
            return None
        return storage_head(self.folder, repo, revision)

    def close(self) -> None:
        """Stop the embedded Hub if it runs."""
        if self._server is not None:
            self._server.stop()
            self._server = None
            self._hub = None


def local_server(
    folder: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    remote: bool = False,
    faults: bool = False,
) -> LocalHub:
    """Return the embedded Hub over a folder, not yet started.

    Args:
        folder: where its repos are.
        host: name or address it listens on.
        port: 0 takes a free one.
        remote: whether other machines may connect.
        faults: whether failures can be planned and requests are logged.

    Raises:
        BadInput: the extra `local` is not installed.
    """
    try:
        from hubq.localhub.server import LocalHub
    except ModuleNotFoundError as error:
        raise BadInput(
            f"the embedded Hub needs {error.name}, which is not installed",
            remedy='Install it: pip install "hubq[local]"',
        ) from error
    return LocalHub(folder, host=host, port=port, allow_remote=remote, faults=faults)


def local_storage(folder: Path) -> Storage:
    """Return the embedded Hub's files, to be read without a server."""
    from hubq.localhub.storage import Storage

    return Storage(folder)


def storage_head(folder: Path, repo: str, revision: str | None) -> str | None:
    """Return the commit that a revision of a repo stands at in an embedded Hub's files."""
    from hubq.localhub.problems import LocalHubError

    try:
        return local_storage(folder).repo(repo).head(revision or "main")
    except LocalHubError:
        return None


def storage_tree(folder: Path, repo: str) -> dict[str, RemoteFile]:
    """Return the files of a repo's main branch in an embedded Hub's files."""
    from hubq.hub.port import RemoteFile

    files = local_storage(folder).repo(repo).files()
    return {
        name: RemoteFile(size=file.size, oid=file.blob if file.lfs else file.git, lfs=file.lfs)
        for name, file in files.items()
    }


def wait_for_interrupt() -> None:
    """Return when Ctrl-C or SIGTERM comes."""
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()
