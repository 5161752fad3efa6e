"""Addresses that carry their own permission: uploads and downloads that come without a token.

The real Hub sends large files to and from another host, with signed addresses and no token. So does
this one, between the two names of the loopback interface.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from urllib.parse import urlencode

from hubq.localhub.problems import ForbiddenError

LIFETIME_S = 6 * 3600


KEY_BYTES = 32


def new_key() -> bytes:
    """Return a fresh random key."""
    return secrets.token_bytes(KEY_BYTES)


class Signer:
    """Signs query strings.

    Args:
        key: gives the key, asked once, when it is first needed. An upload that goes on after a
            restart of the server needs the same one then.
    """

    def __init__(self, key: Callable[[], bytes] = new_key) -> None:
        self._give = key

    @cached_property
    def _key(self) -> bytes:
        return self._give()

    def sign(self, purpose: str, **fields: str | int) -> str:
        """Return a query string that `check` accepts for this purpose, for six hours."""
        texts = {key: str(value) for key, value in fields.items()}
        texts["until"] = str(int(time.time()) + LIFETIME_S)
        return urlencode({**texts, "signature": self._signature(purpose, texts)})

    def check(self, purpose: str, query: Mapping[str, str]) -> dict[str, str]:
        """Return the signed fields.

        Raises:
            ForbiddenError: they were changed, are for another purpose, or too old.
        """
        fields = {key: value for key, value in query.items() if key != "signature"}
        expected = self._signature(purpose, fields)
        if not hmac.compare_digest(expected.encode(), query.get("signature", "").encode()):
            raise ForbiddenError("The address is not signed for this")
        if int(fields["until"]) < time.time():
            raise ForbiddenError("The address has expired; ask for a new one")
        return fields

    def _signature(self, purpose: str, fields: Mapping[str, str]) -> str:
        text = "\n".join([purpose, *(f"{key}={fields[key]}" for key in sorted(fields))])
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()
