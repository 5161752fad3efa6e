"""What all pages of the preview share: templates, headers, answers."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from hubq.localhub.web.page import FOLDER as HUB_PAGES
from hubq.render import environment, render

if TYPE_CHECKING:
    from hubq.render import Environment

FOLDER = Path(__file__).resolve().parent / "pages"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
FILE_HEADERS = HEADERS | {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox"
}
_STATIC = {
    "hub.css": (HUB_PAGES / "style.css", "text/css"),
    "preview.css": (FOLDER / "preview.css", "text/css"),
    "theme.js": (FOLDER / "theme.js", "text/javascript"),
    "preview.js": (FOLDER / "preview.js", "text/javascript"),
}
_THEMES = ("light", "dark")


class ShowError(Exception):
    """A page that says why there is no other.

    Args:
        message: one sentence.
        remedy: what to do; may be empty.
        status: of the answer.
    """

    def __init__(self, message: str, *, remedy: str = "", status: int = 404) -> None:
        super().__init__(message)
        self.message, self.remedy, self.status = message, remedy, status


def page(template: str, values: dict[str, Any], *, status: int = 200) -> Response:
    """Return a page from a template."""
    html = render(_templates(), template, values)
    return HTMLResponse(html, status_code=status, headers=HEADERS)


def theme_of(request: Request) -> str:
    """Return the theme that an address asks for; empty for the system's."""
    theme = request.query_params.get("theme", "")
    return theme if theme in _THEMES else ""


def static(name: str) -> Response:
    """Return a style sheet or a script.

    Raises:
        ShowError: there is none of that name.
    """
    if name not in _STATIC:
        raise ShowError("There is no such file.")
    path, kind = _STATIC[name]
    return Response(path.read_bytes(), media_type=kind, headers=HEADERS)


@lru_cache(maxsize=1)
def _templates() -> Environment:
    return environment(FOLDER, autoescape=True)
