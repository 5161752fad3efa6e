"""Who may do what: users, their tokens and their organizations, in one private JSON file."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec

from hubq.localhub.disk import Disk

Role = Literal["read", "write", "admin"]


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A user of the embedded Hub.

    Attributes:
        role: `read` may look, discuss and propose; `write` may also write to the user's own and
            its organizations' repos; `admin` may write to every namespace.
    """

    name: str
    token: str
    role: Role = "write"
    orgs: tuple[str, ...] = ()

    def may_write(self, namespace: str) -> bool:
        """Return whether the user may create and change repos of a namespace."""
        if self.role == "admin":
            return True
        return self.role == "write" and (namespace == self.name or namespace in self.orgs)

    def belongs_to(self, namespace: str) -> bool:
        """Return whether the user sees the private repos of a namespace."""
        return self.role == "admin" or namespace == self.name or namespace in self.orgs


class _AccountFile(msgspec.Struct, frozen=True, kw_only=True):
    """The JSON file of all accounts."""

    schema: int = 1
    users: tuple[Account, ...] = ()


class Accounts:
    """The accounts of one folder; the file is readable by its owner only."""

    WRITER = "local"

    def __init__(self, path: Path, writes: Disk) -> None:
        self._path = path
        self._disk = writes

    def all(self) -> tuple[Account, ...]:
        """Return every account; none before the first start."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=_AccountFile).users
        except FileNotFoundError:
            return ()

    def by_token(self, token: str) -> Account | None:
        """Return the account of a token, compared in constant time."""
        found = None
        for account in self.all():
            if hmac.compare_digest(account.token.encode(), token.encode()):
                found = account
        return found

    def by_name(self, name: str) -> Account | None:
        """Return the account of a name."""
        return next((account for account in self.all() if account.name == name), None)

    def add(
        self, name: str, *, role: Role = "read", orgs: Iterable[str] = (), token: str = ""
    ) -> Account:
        """Add or replace a user and return it, with a random token unless one is given."""
        account = Account(
            name=name, token=token or "hf_" + secrets.token_hex(17), role=role, orgs=tuple(orgs)
        )
        others = tuple(user for user in self.all() if user.name != name)
        self._disk.write_json(self._path, _AccountFile(users=(*others, account)), mode=0o600)
        return account

    def writer(self) -> Account:
        """Return the account `local`, which may write everywhere; made when it is not there."""
        return self.by_name(self.WRITER) or self.add(self.WRITER, role="admin")
