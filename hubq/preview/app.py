"""The addresses of the preview, and what keeps strangers and scripts out."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from hubq.errors import UserError
from hubq.preview.cards import FaultyTemplate
from hubq.preview.page import HEADERS, ShowError, page, static, theme_of
from hubq.preview.readme import Readme
from hubq.preview.site import Site
from hubq.preview.views import Views

Viewer = Callable[[Request], Response]
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_POLL_S = 0.4
_KEEP_ALIVE = 40
"""After so many polls without news a comment is sent, which finds out whether anybody listens."""


def build(shown: Site | Readme, ended: threading.Event, *, allow_remote: bool = False) -> ASGIApp:
    """Return the ASGI app of a preview.

    Args:
        shown: a release, or one README.
        ended: set when the server is to end; open streams end with it.
        allow_remote: whether requests under other names than loopback's are answered.
    """
    pages = _release_pages(shown) if isinstance(shown, Site) else _readme_pages(shown)
    routes = [Route(path, _endpoint(shown, viewer), methods=["GET"]) for path, viewer in pages]
    routes = [
        Route("/_static/{name}", _endpoint(shown, _static), methods=["GET"]),
        Route("/_events", _events(shown, ended), methods=["GET"]),
        *routes,
        Route("/{rest:path}", _endpoint(shown, _nothing), methods=["GET"]),
    ]
    return _Front(Router(routes, redirect_slashes=False), allow_remote=allow_remote)


def _release_pages(site: Site) -> list[tuple[str, Viewer]]:
    views = Views(site)
    found: list[tuple[str, Viewer]] = [("/", views.index), ("/compare", views.compare)]
    for base in ("/cards/{variant}", "/report"):
        found += [
            (base, views.card),
            (f"{base}/claims", views.claims),
            (f"{base}/claims/{{claim:path}}", views.claim),
            (f"{base}/files/{{key}}/{{file:path}}", views.file),
            (f"{base}/markdown", views.markdown),
        ]
    return [
        *found,
        ("/cards/{variant}/diff", views.diff),
        ("/report/resolve/{rev}/{path:path}", views.picture),
        ("/report/blob/{rev}/{path:path}", views.blob),
        ("/{ns}/{name}/resolve/{rev}/{path:path}", views.picture),
        ("/{ns}/{name}/blob/{rev}/{path:path}", views.blob),
        ("/{ns}/{name}", views.repo),
    ]


def _readme_pages(readme: Readme) -> list[tuple[str, Viewer]]:
    return [("/", readme.index), ("/file/resolve/{rev}/{path:path}", readme.picture)]


def _static(request: Request) -> Response:
    return static(request.path_params["name"])


def _nothing(request: Request) -> Response:
    raise ShowError(f"There is nothing at {request.url.path}.")


def _endpoint(shown: Site | Readme, viewer: Viewer) -> Callable[[Request], Awaitable[Response]]:
    """Return the function that Starlette calls for a page; problems get pages of their own."""

    def answer(request: Request) -> Response:
        # Before anything is read, so that a change meanwhile loads the page again.
        request.state.known = shown.state
        try:
            return viewer(request)
        except FaultyTemplate as error:
            return _problem(shown, request, fault=error.fault, status=500)
        except ShowError as error:
            status = error.status
            return _problem(
                shown, request, message=error.message, remedy=error.remedy, status=status
            )
        except UserError as error:
            return _problem(shown, request, message=error.message, remedy=error.remedy, status=404)

    async def endpoint(request: Request) -> Response:
        return await run_in_threadpool(answer, request)

    return endpoint


def _problem(shown: Site | Readme, request: Request, *, status: int, **values: object) -> Response:
    """Return the page that says what went wrong."""
    frame = {
        "name": shown.name if isinstance(shown, Site) else shown.path.name,
        "family": isinstance(shown, Site),
        "place": "",
        "theme": theme_of(request),
        "state": request.state.known,
        "status": status,
        "message": "",
        "remedy": "",
        "fault": None,
        "what": "This page cannot be made",
    }
    return page("problem.html.j2", frame | values, status=status)


def _events(
    shown: Site | Readme, ended: threading.Event
) -> Callable[[Request], Awaitable[Response]]:
    """Return the stream that tells a page when it has to be loaded again."""

    async def states() -> AsyncIterator[str]:
        known, quiet = "", 0
        while not ended.is_set():
            now = await run_in_threadpool(lambda: shown.state)
            quiet += 1
            if now != known:
                known, quiet = now, 0
                yield f"data: {now}\n\n"
            elif quiet >= _KEEP_ALIVE:
                quiet = 0
                yield ": still here\n\n"
            await asyncio.sleep(_POLL_S)

    async def endpoint(_request: Request) -> Response:
        return StreamingResponse(states(), media_type="text/event-stream", headers=HEADERS)

    return endpoint


class _Front:
    """Turns strange host names away.

    They matter even on loopback: a web page elsewhere can give its own name our address.
    """

    def __init__(self, app: ASGIApp, *, allow_remote: bool) -> None:
        self._app, self._allow_remote = app, allow_remote

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] == "http":
            host = Request(scope).headers.get("host", "")
            if not self._allow_remote and _name(host) not in _LOOPBACK:
                response = PlainTextResponse("This preview answers on loopback only.", 421)
                await response(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _name(host: str) -> str | None:
    """Return the name in a Host header; none where it cannot be read."""
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None
