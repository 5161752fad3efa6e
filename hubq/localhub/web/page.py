"""What all pages share: templates, headers, and how values are written for people."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from hubq.localhub.api.call import Call, Service, repo_path
from hubq.localhub.api.repos import records
from hubq.localhub.problems import LocalHubError, RepoNotFoundError
from hubq.localhub.values import KINDS
from hubq.render import environment, render

if TYPE_CHECKING:
    from hubq.render import Environment

FOLDER = Path(__file__).resolve().parent.parent / "pages"
_HEADERS = {
    # Images of a card may come by way of the server's other loopback name.
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; "
    "img-src 'self' data: http://localhost:* http://127.0.0.1:*; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


class Page(NamedTuple):
    """A template's name and its values."""

    template: str
    values: dict[str, Any]


Viewer = Callable[[Call], Page | Response]


def show(service: Service, viewer: Viewer) -> Callable[[Request], Awaitable[Response]]:
    """Return the function that Starlette calls for a page."""

    async def endpoint(request: Request) -> Response:
        return await run_in_threadpool(_answer, Call(service, request, b""), viewer)

    return endpoint


def _answer(call: Call, viewer: Viewer) -> Response:
    """Return a page, or the page that says why there is none."""
    status = 200
    try:
        result = viewer(call)
    except LocalHubError as error:
        status = error.status
        hidden = isinstance(error, RepoNotFoundError) and call.account is None
        values = {"status": status, "message": error.message, "hidden": hidden}
        result = Page("problem.html.j2", values)
    if isinstance(result, Response):
        return result
    account = call.account
    shared = {"user": account.name if account else "", "address": call.endpoint}
    html = render(_templates(), result.template, shared | result.values)
    return HTMLResponse(html, status_code=status, headers=_HEADERS)


@lru_cache(maxsize=1)
def _templates() -> Environment:
    """Return the page templates."""
    env = environment(FOLDER, autoescape=True)
    env.filters["bytes"] = size_text
    env.filters["day"] = day_text
    env.filters["moment"] = moment_text
    env.filters["path_of"] = repo_path
    return env


def page_of(call: Call) -> Callable[[str], str]:
    """Return a function that gives the path of a repo's page, empty for one that is not here."""
    known: dict[str, str] = {}
    for kind in reversed(KINDS):
        for record in records(call, kind):
            path = repo_path(record.id, kind)
            # A model wins where a dataset has the same id; addresses of the Hub name the kind.
            known |= {record.id: path, path.removeprefix("/"): path}
    return lambda repo_id: known.get(repo_id, "")


def size_text(size: int) -> str:
    """Return bytes in decimal units, as the Hub shows them: `1.23 MB`."""
    value = float(size)
    for unit in ("Bytes", "kB", "MB", "GB"):
        if value < 1000:
            return f"{int(value)} {unit}" if unit == "Bytes" else f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:.3g} TB"


def day_text(date: str) -> str:
    """Return the day of an ISO 8601 date: `21 Nov 2026`."""
    moment = datetime.fromisoformat(date)
    return f"{moment.day} {moment:%b %Y}"


def moment_text(date: str) -> str:
    """Return day and time of an ISO 8601 date: `21 Nov 2026, 08:19 UTC`."""
    return f"{day_text(date)}, {datetime.fromisoformat(date):%H:%M} UTC"
