"""One request: who asks, about which repo, and how the answer goes back."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import parse_qs, parse_qsl, quote, unquote, urlencode

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from hubq.localhub.accounts import Account
from hubq.localhub.problems import (
    BadRequestError,
    ForbiddenError,
    GatedRepoError,
    LocalHubError,
    NotFoundError,
    RepoNotFoundError,
    UnauthorizedError,
)
from hubq.localhub.repository import Repository
from hubq.localhub.signing import Signer
from hubq.localhub.storage import Storage
from hubq.localhub.values import KINDS, Kind, RepoRecord

Handler = Callable[["Call"], Any]
KIND_OF = {f"{kind}s": kind for kind in KINDS}
COOKIE = "hubq_key"


class Service(NamedTuple):
    """What every request needs.

    Attributes:
        part_bytes: files above this size are uploaded in parts of this size.
        page_size: entries of one page of a listing.
    """

    storage: Storage
    signer: Signer
    part_bytes: int
    page_size: int


class Call:
    """A request with its body read."""

    def __init__(self, service: Service, request: Request, body: bytes) -> None:
        self.service = service
        self.storage = service.storage
        self.request = request
        self.body = body

    # -- what was asked ---------------------------------------------------------------------

    def param(self, name: str, default: str = "") -> str:
        """Return a part of the path, decoded."""
        return unquote(self.request.path_params.get(name, default))

    def query(self, name: str, default: str = "") -> str:
        """Return a query parameter."""
        return str(self.request.query_params.get(name, default))

    def flag(self, name: str) -> bool:
        """Return a yes-or-no query parameter."""
        return self.query(name).lower() in {"1", "true"}

    def number(self, name: str, default: int) -> int:
        """Return a query parameter that counts something.

        Raises:
            BadRequestError: it is not a number.
        """
        text = self.query(name, str(default))
        if not text.isdecimal():
            raise BadRequestError(f"{name} must be a number")
        return int(text)

    @cached_property
    def json(self) -> dict[str, Any]:
        """Return the body as a JSON object; an empty body is an empty object.

        Raises:
            BadRequestError: it is none.
        """
        try:
            value = msgspec.json.decode(self.body) if self.body else {}
        except msgspec.DecodeError as error:
            raise BadRequestError(f"The body is not JSON: {error}") from None
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise BadRequestError("The body must be a JSON object")
        return value

    def field(self, name: str, default: str = "") -> str:
        """Return a text of the JSON body.

        Raises:
            BadRequestError: it is something else.
        """
        value = self.json.get(name)
        if value is None:
            return default
        if not isinstance(value, str):
            raise BadRequestError(f"{name} must be a string")
        return value

    @cached_property
    def form(self) -> dict[str, list[str]]:
        """Return the body as form fields."""
        return parse_qs(self.body.decode(errors="replace"), keep_blank_values=True)

    # -- who asked --------------------------------------------------------------------------

    @cached_property
    def account(self) -> Account | None:
        """Return who asks; a cookie counts for reading only.

        Raises:
            UnauthorizedError: the token is unknown.
        """
        scheme, _, token = self.request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and token:
            account = self.storage.accounts.by_token(token)
            if account is None:
                raise UnauthorizedError("Invalid credentials in Authorization header")
            return account
        cookie = self.request.cookies.get(COOKIE)
        if cookie and self.request.method in {"GET", "HEAD"}:
            # Other servers on this machine see the cookie too, so it is no token.
            with contextlib.suppress(ForbiddenError):
                fields = self.service.signer.check("cookie", dict(parse_qsl(cookie)))
                return self.storage.accounts.by_name(fields["user"])
        return None

    @property
    def user(self) -> Account:
        """Return who asks.

        Raises:
            UnauthorizedError: nobody in particular.
        """
        if self.account is None:
            raise UnauthorizedError("Invalid username or password.")
        return self.account

    def may_see(self, record: RepoRecord) -> bool:
        """Return whether the caller may know that a repo exists."""
        if not record.private:
            return True
        return self.account is not None and self.account.belongs_to(record.id.split("/")[0])

    def require_write(self, namespace: str) -> Account:
        """Return the caller, who may write to a namespace.

        Raises:
            UnauthorizedError: nobody in particular asks.
            ForbiddenError: the caller may not.
        """
        if not self.user.may_write(namespace):
            raise ForbiddenError(
                f"You don't have the rights to change {namespace!r} with this token"
            )
        return self.user

    # -- about what -------------------------------------------------------------------------

    @cached_property
    def kind(self) -> Kind:
        """Return the kind of repo the path is about.

        Raises:
            NotFoundError: there is no such kind.
        """
        kind = KIND_OF.get(self.param("kinds", "models"))
        if kind is None:
            raise NotFoundError("Sorry, we can't find the page you are looking for.")
        return kind

    @property
    def repo_id(self) -> str:
        """Return the repo's id in the path."""
        return f"{self.param('ns')}/{self.param('name')}"

    @property
    def revision(self) -> str:
        """Return the revision in the path, `main` when there is none."""
        return self.param("rev", "main")

    @cached_property
    def repo(self) -> Repository:
        """Return the repo in the path, when the caller may see it.

        Raises:
            RepoNotFoundError: there is none, or it is hidden from the caller.
        """
        repo = self.storage.repo(self.repo_id, self.kind)
        if not self.may_see(repo.record):
            raise RepoNotFoundError(f"Repository not found: {self.repo_id}")
        return repo

    @property
    def writable_repo(self) -> Repository:
        """Return the repo in the path, when the caller may write to it.

        Raises:
            RepoNotFoundError: there is none, or it is hidden from the caller.
            ForbiddenError: the caller may not write.
        """
        repo = self.repo
        self.require_write(self.param("ns"))
        return repo

    @property
    def readable_repo(self) -> Repository:
        """Return the repo in the path, when the caller may download its files.

        Raises:
            RepoNotFoundError: there is none, or it is hidden from the caller.
            GatedRepoError: it is gated and the caller was given no access.
        """
        repo = self.repo
        record = repo.record
        if record.gated:
            account = self.account
            if account is None or not (
                account.belongs_to(self.param("ns")) or account.name in record.granted
            ):
                raise GatedRepoError(f"Access to {record.kind} {record.id} is restricted.")
        return repo

    # -- addresses --------------------------------------------------------------------------

    @property
    def endpoint(self) -> str:
        """Return the address the caller used for this server, without a slash at the end."""
        return str(self.request.base_url).rstrip("/")

    def repo_url(self, repo_id: str = "", kind: Kind | None = None) -> str:
        """Return the address of a repo's page."""
        return f"{self.endpoint}{repo_path(repo_id or self.repo_id, kind or self.kind)}"

    def page(self, items: list[Any], size: int) -> Response:
        """Return one page of a listing, with the address of the next in `Link`."""
        start = self.number("cursor", 0)
        headers = {}
        if start + size < len(items):
            query = [(k, v) for k, v in self.request.query_params.multi_items() if k != "cursor"]
            path = self.request.scope["path"]
            address = f"{self.endpoint}{path}?{urlencode([*query, ('cursor', start + size)])}"
            headers["Link"] = f'<{address}>; rel="next"'
        return reply(items[start : start + size], headers=headers)


def repo_path(repo_id: str, kind: Kind = "model") -> str:
    """Return the path of a repo's page."""
    return f"/{quote(repo_id)}" if kind == "model" else f"/{kind}s/{quote(repo_id)}"


def reply(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return a JSON answer."""
    return Response(
        msgspec.json.encode(value),
        status_code=status,
        headers=headers,
        media_type="application/json",
    )


def refusal(error: LocalHubError, *, anonymous: bool) -> Response:
    """Return the answer to a request that cannot be met.

    Somebody without a token is told 401 where the thing may only be hidden.
    """
    status = error.status
    if anonymous and isinstance(error, RepoNotFoundError | GatedRepoError):
        status = UnauthorizedError.status
    headers = {"X-Error-Message": error.message.encode("ascii", "replace").decode()}
    if error.code:
        headers["X-Error-Code"] = error.code
    return reply({"error": error.message, **error.extra}, status, headers)


async def answer(service: Service, handler: Handler, request: Request) -> Response:
    """Read a request, let a handler answer it in a thread, and turn refusals into answers."""
    call = Call(service, request, await request.body())
    try:
        value = await run_in_threadpool(handler, call)
    except LocalHubError as error:
        return refusal(error, anonymous="authorization" not in request.headers)
    return value if isinstance(value, Response) else reply(value)
