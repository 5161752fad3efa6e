"""The pages about the Hub as a whole, and the table of all pages."""

from __future__ import annotations

from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Route

from hubq.localhub.api.call import COOKIE, Call, Service
from hubq.localhub.api.collections import may_see
from hubq.localhub.api.repos import visible
from hubq.localhub.problems import NotFoundError
from hubq.localhub.profile import Profile
from hubq.localhub.signing import LIFETIME_S
from hubq.localhub.values import KINDS, Collection
from hubq.localhub.web import community, repo
from hubq.localhub.web.page import FOLDER, Page, Viewer, page_of, show


def home(call: Call) -> Page:
    """Show everything the caller may see."""
    groups = {kind: visible(call, kind) for kind in KINDS}
    collections = [item for item in call.storage.collections.all() if may_see(call, item)]
    hidden = sum(len(call.storage.repos(kind)) - len(groups[kind]) for kind in KINDS)
    values = {"title": "", "groups": groups, "collections": collections, "hidden": hidden}
    return Page("home.html.j2", values)


def namespace(call: Call) -> Page:
    """Show everything of one user or organization."""
    name = call.param("ns")

    def mine(items: list[Profile]) -> list[Profile]:
        return [item for item in items if item.id.split("/")[0] == name]

    groups = {kind: mine(visible(call, kind)) for kind in KINDS}
    collections = [
        item
        for item in call.storage.collections.all()
        if item.namespace == name and may_see(call, item)
    ]
    if not any(groups.values()) and not collections:
        raise NotFoundError(f"Nothing here belongs to {name}")
    values = {"title": name, "groups": groups, "collections": collections, "hidden": 0}
    return Page("home.html.j2", values)


def collection(call: Call) -> Page:
    """Show one collection with its notes."""
    found: Collection = call.storage.collections.get(f"{call.param('ns')}/{call.param('slug')}")
    if not may_see(call, found):
        raise NotFoundError("Collection not found")
    return Page("collection.html.j2", {"collection": found, "page_of": page_of(call)})


def enter(call: Call) -> Response:
    """Sign a browser in, by an address made for that, and go on."""
    fields = call.service.signer.check("enter", dict(call.request.query_params))
    target = fields["next"] if fields["next"].startswith("/") else "/"
    response = RedirectResponse("/" + target.lstrip("/"), status_code=303)
    cookie = call.service.signer.sign("cookie", user=call.storage.writer().name)
    response.set_cookie(COOKIE, cookie, max_age=LIFETIME_S, httponly=True, samesite="strict")
    return response


def style(_call: Call) -> Response:
    """Send the one style sheet."""
    headers = {"Cache-Control": "no-cache"}
    return FileResponse(FOLDER / "style.css", media_type="text/css", headers=headers)


def nothing(_call: Call) -> Page:
    """Answer for an address that does not exist.

    Raises:
        NotFoundError: always.
    """
    raise NotFoundError("There is no such page.")


_WHOLE: tuple[tuple[str, Viewer], ...] = (
    ("/", home),
    ("/_enter", enter),
    ("/_style.css", style),
    ("/collections/{ns}/{slug}", collection),
)
_REPO: tuple[tuple[str, Viewer], ...] = (
    ("", repo.card),
    ("/tree/{rev}", repo.tree),
    ("/tree/{rev}/{path:path}", repo.tree),
    ("/blob/{rev}/{path:path}", repo.blob),
    ("/commits/{rev}", repo.commits),
    ("/commit/{rev}", repo.commit),
    ("/discussions", community.discussions),
    ("/discussions/{num}", community.discussion),
)


def routes(service: Service) -> list[Route]:
    """Return the addresses of all pages."""
    pages = list(_WHOLE)
    pages += [("/{ns}/{name}" + path, viewer) for path, viewer in _REPO]
    pages += [("/{kinds}/{ns}/{name}" + path, viewer) for path, viewer in _REPO]
    pages += [("/{ns}", namespace), ("/{rest:path}", nothing)]
    return [Route(path, show(service, viewer), methods=["GET"]) for path, viewer in pages]
