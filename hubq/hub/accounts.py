"""Whose token it is and where it may write, as `/api/whoami-v2` says it."""

from __future__ import annotations

from typing import Any

import msgspec

from hubq.errors import HubProblem
from hubq.hub.port import Account

_WRITE = "repo.write"


class _Named(msgspec.Struct, frozen=True):
    name: str = ""
    role: str | None = msgspec.field(name="roleInOrg", default=None)


class _Scope(msgspec.Struct, frozen=True):
    entity: _Named
    permissions: list[str] = []


class _FineGrained(msgspec.Struct, frozen=True):
    scoped: list[_Scope] = []


class _Token(msgspec.Struct, frozen=True):
    role: str = ""
    fine: _FineGrained | None = msgspec.field(name="fineGrained", default=None)


class _Auth(msgspec.Struct, frozen=True):
    token: _Token | None = msgspec.field(name="accessToken", default=None)


class _Identity(msgspec.Struct, frozen=True):
    name: str
    orgs: list[_Named] = []
    auth: _Auth = _Auth()


def account(answer: Any, endpoint: str) -> Account:
    """Return the account that a hub's answer describes.

    A read token may write nowhere, a fine-grained one where it says so, any other wherever the user
    may; the answer about a token that has no role (of an OAuth app) does not say, so the hub has to
    refuse by itself.

    Raises:
        HubProblem: the answer has another form.
    """
    try:
        who = msgspec.convert(answer, _Identity)
    except msgspec.ValidationError as error:
        raise HubProblem(f"{endpoint} says who the token belongs to in no known way") from error
    token = who.auth.token or _Token()
    return Account(
        name=who.name,
        orgs=tuple(org.name for org in who.orgs),
        role=token.role,
        writable=_writable(who, token),
    )


def _writable(who: _Identity, token: _Token) -> tuple[str, ...]:
    if token.role == "read":
        return ()
    if token.role == "fineGrained":
        scopes = token.fine.scoped if token.fine else []
        return tuple(scope.entity.name for scope in scopes if _WRITE in scope.permissions)
    return (who.name, *(org.name for org in who.orgs if org.role != "read"))
