"""Making the client library fit for unattended use: time limits, silence, the right token.

Importing it takes a noticeable time, so everything here imports it when called.
"""

from __future__ import annotations

import logging
import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from hubq.hub.pacing import Pacer, kind_of, limit_in

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx2

    from hubq.hub.port import Progress

HUGGING_FACE = "https://huggingface.co"
TIMEOUT = 120.0
"""Seconds without a byte after which a request is given up; the Hub itself stops a commit at 60."""

_CONNECT_TIMEOUT = 15.0
_TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_limits: dict[str, float] = {}
_pacers: dict[str, Pacer] = {}
_under_way = threading.local()
_setup_lock = threading.Lock()
_commit_lock = threading.Lock()
_prepared = False


def prepare(endpoint: str, timeout: float) -> None:
    """Set the client library up once per process, and the time limit of one endpoint.

    The library's own client has no time limit on API calls and passes `timeout=None` explicitly in
    many of them, so the limit is put into each request as it leaves.
    """
    global _prepared  # noqa: PLW0603 - the library has one client per process
    with _setup_lock:
        _limits[_origin(endpoint)] = timeout
        if _prepared:
            return
        import huggingface_hub.utils.logging  # which sets a level of its own when it is imported
        from huggingface_hub import constants
        from huggingface_hub.utils.tqdm import disable_progress_bars

        constants.HF_HUB_DISABLE_TELEMETRY = True
        constants.HF_HUB_DISABLE_UPDATE_CHECK = True
        disable_progress_bars()
        logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
        huggingface_hub.set_client_factory(_client_with_limits)
        _prepared = True


def pace(endpoint: str, told: Callable[[float], None]) -> None:
    """From now on send no request to an endpoint that it would turn away as one too many.

    Args:
        endpoint: that was prepared.
        told: hears how many seconds each wait will take.
    """
    _pacers[_origin(endpoint)] = Pacer(told)


def over() -> None:
    """Note that this thread waits for no answer any more: one that is missing will not come."""
    pacer, kind = getattr(_under_way, "request", None) or (None, "")
    if pacer is not None:
        _under_way.request = None
        pacer.lose(kind)


def find_token(endpoint: str) -> str | None:
    """Return the user's token for an endpoint: `HF_TOKEN`, or what `hf auth login` stored.

    The stored token belongs to the Hub that the user logged in to, so it is sent nowhere else.
    """
    from huggingface_hub import constants, get_token

    named = os.environ.get("HF_TOKEN", "").strip()
    if named:
        return named
    own = {HUGGING_FACE, constants.ENDPOINT.rstrip("/")}
    return get_token() if endpoint in own else None


@contextmanager
def committing(*, xet: bool = False) -> Iterator[None]:
    """Hold the client library's commit settings.

    The library uploads through Xet whenever it is installed and fails on a server that has none; so
    Xet is off but for a transfer to a server that was asked. Its warnings are nobody's business
    here: those about metadata are the card lint's, those about the HTTP library its own. Both are
    settings of the process, so commits are made one after the other.

    Args:
        xet: whether the server has Xet, and it is to be used.
    """
    from huggingface_hub import constants

    with _commit_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before = constants.HF_HUB_DISABLE_XET
        constants.HF_HUB_DISABLE_XET = before or not xet
        try:
            yield
        finally:
            constants.HF_HUB_DISABLE_XET = before


def meter(progress: Progress | None, total: int) -> type[Any] | None:
    """Return a progress bar class that shows nothing and tells `progress` the bytes done."""
    if progress is None:
        return None
    from huggingface_hub.utils.tqdm import tqdm

    done = 0
    lock = threading.Lock()
    tell = progress

    class Meter(tqdm):
        """A bar that counts bytes over all files and draws nothing."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            self._counts = kwargs.get("name") == "huggingface_hub.snapshot_download"
            super().__init__(*args, **{**kwargs, "disable": True})  # type: ignore[no-untyped-call]

        def update(self, n: float | None = 1) -> None:
            nonlocal done
            if self._counts and n:
                with lock:
                    done = min(total, done + int(n))
                    tell(done, total)

    return Meter


def _client_with_limits() -> httpx2.Client:
    from huggingface_hub.utils._http import default_client_factory

    client = default_client_factory()
    hooks = client.event_hooks
    client.event_hooks = {
        **hooks,
        "request": [*hooks["request"], _limit, _enter],
        "response": [*hooks.get("response", []), _leave, _turned_away],
    }
    return client


def _limit(request: httpx2.Request) -> None:
    """Fill in the time limits that a request goes out without."""
    limit = _limits.get(_origin(str(request.url)), TIMEOUT)
    given: dict[str, float | None] = request.extensions.get("timeout") or {}
    defaults = {
        "connect": min(_CONNECT_TIMEOUT, limit),
        "read": limit,
        "write": limit,
        "pool": limit,
    }
    kept = {kind: value for kind, value in given.items() if value is not None}
    request.extensions = {**request.extensions, "timeout": {**defaults, **kept}}


def _enter(request: httpx2.Request) -> None:
    """Wait until a request may go, where its server is paced."""
    pacer = _pacers.get(_origin(str(request.url)))
    if pacer is not None:
        kind = kind_of(request.url.path)
        pacer.enter(kind)
        _under_way.request = (pacer, kind)


def _leave(response: httpx2.Response) -> None:
    """Note what an answer says of its server's limits, where that is paced."""
    pacer = _pacers.get(_origin(str(response.request.url)))
    if pacer is not None:
        _under_way.request = None
        pacer.leave(kind_of(response.request.url.path), limit_in(response.headers))


def _turned_away(response: httpx2.Response) -> None:
    """Raise at once where the library would ask again in silence, for as long as the server says.

    Whether and when to ask again is for `Retries`, which has a limit and says that it waits.
    Downloads keep the library's own patience.
    """
    url = response.request.url
    if response.status_code not in _TRY_AGAIN or not url.path.startswith("/api/"):
        return
    if _origin(str(url)) in _limits:
        from huggingface_hub.utils._http import hf_raise_for_status

        response.read()
        hf_raise_for_status(response)


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
