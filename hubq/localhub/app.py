"""The addresses of the embedded Hub, and what answers at each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from hubq.localhub.api import collections, commits, discussions, files, lfs, refs, repos
from hubq.localhub.api.call import Handler, Service, answer, refusal
from hubq.localhub.problems import NotFoundError
from hubq.localhub.web import views

_REPO = "/api/{kinds}/{ns}/{name}"
_SLUG = "/api/collections/{ns}/{slug}"
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
API: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/api/whoami-v2", repos.whoami),
    ("POST", "/api/repos/create", repos.create),
    ("DELETE", "/api/repos/delete", repos.delete),
    ("POST", "/api/repos/move", repos.move),
    ("POST", "/api/validate-yaml", repos.validate_yaml),
    ("GET", "/api/collections", collections.listing),
    ("POST", "/api/collections", collections.create),
    ("GET", _SLUG, collections.get),
    ("PATCH", _SLUG, collections.update),
    ("DELETE", _SLUG, collections.delete),
    ("POST", _SLUG + "/items", collections.add_item),
    ("PATCH", _SLUG + "/items/{item}", collections.update_item),
    ("DELETE", _SLUG + "/items/{item}", collections.delete_item),
    ("GET", "/api/{kinds}", repos.listing),
    ("GET", _REPO, repos.info),
    ("GET", _REPO + "/revision/{rev}", repos.info),
    ("PUT", _REPO + "/settings", repos.settings),
    ("GET", _REPO + "/auth-check", repos.auth_check),
    ("GET", _REPO + "/auth-check/write", repos.auth_check_write),
    ("POST", _REPO + "/user-access-request/grant", repos.grant_access),
    ("GET", _REPO + "/tree/{rev}", files.tree_page),
    ("GET", _REPO + "/tree/{rev}/{path:path}", files.tree_page),
    ("POST", _REPO + "/paths-info/{rev}", files.paths_info),
    ("GET", _REPO + "/commits/{rev}", files.commits),
    ("POST", _REPO + "/preupload/{rev}", commits.preupload),
    ("POST", _REPO + "/commit/{rev}", commits.commit),
    ("GET", _REPO + "/refs", refs.listing),
    ("POST", _REPO + "/branch/{rev}", refs.create_branch),
    ("DELETE", _REPO + "/branch/{rev}", refs.delete_branch),
    ("POST", _REPO + "/tag/{rev}", refs.create_tag),
    ("DELETE", _REPO + "/tag/{rev}", refs.delete_tag),
    ("POST", _REPO + "/super-squash/{rev}", refs.super_squash),
    ("GET", _REPO + "/discussions", discussions.listing),
    ("POST", _REPO + "/discussions", discussions.create),
    ("GET", _REPO + "/discussions/{num}", discussions.details),
    ("POST", _REPO + "/discussions/{num}/comment", discussions.comment),
    ("POST", _REPO + "/discussions/{num}/title", discussions.rename),
    ("POST", _REPO + "/discussions/{num}/status", discussions.set_status),
    ("POST", _REPO + "/discussions/{num}/merge", discussions.merge),
    ("GET", "/api/{rest:path}", repos.nothing),
    ("GET", "/_blob", files.blob),
    ("POST", "/_lfs/complete", lfs.complete),
    ("POST", "/_lfs/verify", lfs.verify),
    ("POST", "/{ns}/{name}.git/info/lfs/objects/batch", lfs.batch),
    ("POST", "/{kinds}/{ns}/{name}.git/info/lfs/objects/batch", lfs.batch),
    ("GET", "/{ns}/{name}/resolve/{rev}/{path:path}", files.resolve),
    ("GET", "/{kinds}/{ns}/{name}/resolve/{rev}/{path:path}", files.resolve),
)


def build(service: Service, *, allow_remote: bool = False) -> ASGIApp:
    """Return the ASGI app of an embedded Hub.

    Args:
        service: the folder it serves and its settings.
        allow_remote: whether requests under other names than loopback's are answered.
    """
    routes = [
        Route(path, _endpoint(service, handler), methods=[method]) for method, path, handler in API
    ]
    routes.insert(0, Route("/_lfs/part", _uploader(service), methods=["PUT"]))
    routes += views.routes(service)
    return _Front(Router(routes, redirect_slashes=False, default=_nothing), allow_remote)


class _Front:
    """Keeps paths encoded (`refs%2Fpr%2F1` is one segment) and turns strange host names away.

    The names matter even on loopback: a web page elsewhere can give its own name our address.
    """

    def __init__(self, app: ASGIApp, allow_remote: bool) -> None:  # noqa: FBT001
        self._app = app
        self._allow_remote = allow_remote

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        scope["path"] = scope["raw_path"].decode("ascii", "replace")
        host = Request(scope).headers.get("host", "")
        if not self._allow_remote and urlsplit(f"//{host}").hostname not in _LOOPBACK:
            response = PlainTextResponse("This Hub answers on loopback only.", status_code=421)
            await response(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _endpoint(service: Service, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """Return the function that Starlette calls for a handler."""

    async def endpoint(request: Request) -> Response:
        return await answer(service, handler, request)

    return endpoint


def _uploader(service: Service) -> Callable[[Request], Awaitable[Response]]:
    """Return the function that receives uploads piece by piece."""

    async def endpoint(request: Request) -> Response:
        return await lfs.put(service, request)

    return endpoint


async def _nothing(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request for an address that does not exist."""
    error = NotFoundError("Sorry, we can't find the page you are looking for.")
    await refusal(error, anonymous=False)(scope, receive, send)
