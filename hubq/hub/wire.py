"""The requests of an upload: our time limits, our errors, our retries.

They go through the client library's HTTP session, which knows about proxies, certificates and
`HF_HUB_OFFLINE`, and never through its retries, which hide what is going on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urljoin, urlsplit

import msgspec

from hubq.errors import HubProblem, UserError
from hubq.hub.failures import Call, translated
from hubq.hub.pieces import Stopped
from hubq.hub.retry import Retries

if TYPE_CHECKING:
    import httpx2

_HOPS = 5
_REFUSED = frozenset({400, 401, 403, 404, 410})
_LFS_JSON = {
    "Accept": "application/vnd.git-lfs+json",
    "Content-Type": "application/vnd.git-lfs+json",
}


class AddressRefused(Exception):  # noqa: N818 - reads as a sentence where it is raised
    """An address that was given for an upload is not, or not any more, good for it.

    Args:
        said: the error that it is when new addresses do not help either.
    """

    def __init__(self, said: UserError) -> None:
        super().__init__(said.message)
        self.said = said


class Wire:
    """What goes over the network for uploads to one repo.

    Args:
        call: the hub, the repo and the token.
        retries: how patient to be.
        timeout: seconds without a byte after which a request is given up.
    """

    def __init__(self, call: Call, retries: Retries, timeout: float) -> None:
        self.call = call
        self._retries = retries
        self._timeout = timeout

    @property
    def endpoint(self) -> str:
        """The hub's address."""
        return self.call.endpoint

    def ask(self, method: str, path: str, *, body: Any = None, lfs: bool = False) -> Any:
        """Return the JSON that the hub answers, asked with the token.

        Raises:
            UserError: no answer, or one that says no.
        """
        answer = self._retried(
            method, self.endpoint + path, self._signed(lfs=lfs), lambda: {"json": body}
        )
        return _json(answer, self.call)

    def status(self, path: str) -> int:
        """Return the status that the hub answers a GET with, whatever it is below 500.

        Raises:
            UserError: no answer, or one that asks for patience.
        """

        def once() -> int:
            with translated(self.call):
                answer = self._send("GET", self.endpoint + path, self._signed(), {})
                if answer.status_code in {408, 425, 429} or (
                    answer.status_code >= 500 and answer.status_code != 501
                ):
                    _raise_for(answer)
                return answer.status_code

        return self._retries.call(once)

    def put(
        self,
        address: str,
        body: Callable[[], Iterator[bytes]],
        length: int,
        headers: Mapping[str, str],
        stop: threading.Event,
    ) -> str:
        """Send bytes to an address that carries its own permission, and return their ETag.

        Args:
            address: where; no token goes there.
            body: makes the bytes, once for each attempt.
            length: how many there are.
            headers: what the hub wants to have sent along.
            stop: set when it is not wanted any more.

        Raises:
            Stopped: `stop` was set.
            AddressRefused: the address is not good for it.
            UserError: no answer, or one that says no.
        """
        sent = {**headers, "Content-Length": str(length)}

        def stream() -> dict[str, Any]:
            if stop.is_set():
                raise Stopped
            return {"content": body()}

        answer = self._retried("PUT", address, sent, stream, own=True)
        return str(answer.headers.get("etag", ""))

    def tell(self, address: str, body: Any) -> None:
        """Post to an address of the LFS protocol; the token goes along only to the hub itself.

        Raises:
            AddressRefused: the address is not good for it.
            UserError: no answer, or one that says no.
        """
        headers = dict(_LFS_JSON)
        if _origin(address) == _origin(self.endpoint):
            headers = self._signed(lfs=True)
        self._retried("POST", address, headers, lambda: {"json": body}, own=True)

    def _retried(
        self,
        method: str,
        address: str,
        headers: Mapping[str, str],
        body: Callable[[], dict[str, Any]],
        *,
        own: bool = False,
    ) -> httpx2.Response:
        """Return a good answer; `own` says that the address was made for this upload."""
        call = msgspec.structs.replace(self.call, endpoint="{}://{}".format(*_origin(address)))

        def once() -> httpx2.Response:
            status = 0
            try:
                with translated(call):
                    answer = self._followed(method, address, headers, body)
                    status = answer.status_code
                    _raise_for(answer)
            except UserError as error:
                if own and status in _REFUSED:
                    raise AddressRefused(error) from None
                raise
            return answer

        return self._retries.call(once)

    def _followed(
        self,
        method: str,
        address: str,
        headers: Mapping[str, str],
        body: Callable[[], dict[str, Any]],
    ) -> httpx2.Response:
        """Send a request, and again to where it is sent on to: a body that streams goes anew.

        Raises:
            HubProblem: it is sent on and on.
        """
        for _ in range(_HOPS):
            answer = self._send(method, address, headers, body())
            if not answer.has_redirect_location:
                return answer
            address = urljoin(address, answer.headers["location"])
        raise HubProblem(f"{self.endpoint} sends an upload to {self.call.repo} on and on")

    def _send(
        self, method: str, address: str, headers: Mapping[str, str], body: dict[str, Any]
    ) -> httpx2.Response:
        from huggingface_hub.utils._http import get_session

        given = {key: value for key, value in body.items() if value is not None}
        return get_session().request(
            method,
            address,
            headers=dict(headers),
            timeout=self._timeout,
            follow_redirects=method != "PUT",
            **given,
        )

    def _signed(self, *, lfs: bool = False) -> dict[str, str]:
        """Return headers with the token, for the hub itself."""
        from huggingface_hub.utils._headers import build_hf_headers

        headers = build_hf_headers(token=self.call.token or False, library_name="hubq")
        return {**headers, **(_LFS_JSON if lfs else {})}


def repo_path(repo: str, rest: str, revision: str) -> str:
    """Return the path of a request about a revision of a model: `/api/models/a/b/<rest>/main`."""
    return f"/api/models/{repo}/{rest}/{quote(revision, safe='')}"


def _raise_for(answer: httpx2.Response) -> None:
    from huggingface_hub.utils._http import hf_raise_for_status

    hf_raise_for_status(answer)


def _json(answer: httpx2.Response, call: Call) -> Any:
    with translated(call):
        return answer.json()


def _origin(address: str) -> tuple[str, str]:
    parts = urlsplit(address)
    return parts.scheme, parts.netloc
