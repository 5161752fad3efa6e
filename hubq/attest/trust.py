"""Trust: whom a person believes a signature to be of."""

from __future__ import annotations

from pathlib import Path

import msgspec

from hubq.errors import BadInput


class Trust(msgspec.Struct, frozen=True, kw_only=True):
    """Whose signature is asked for; nobody's when nothing is given.

    Attributes:
        key: a file with a public key.
        identity: who signed, as the certificate says: a mail address, or the address of a workflow.
        issuer: who vouches for that identity, such as
            `https://token.actions.githubusercontent.com`.
        root: a file with a root of trust for an identity (a Sigstore client trust configuration);
            none for that of Sigstore's public instance, as its library brings it.
    """

    key: Path | None = None
    identity: str = ""
    issuer: str = ""
    root: Path | None = None

    @property
    def given(self) -> bool:
        """Whether anybody's signature is asked for."""
        return self.key is not None or bool(self.identity)


def check_trust(trust: Trust) -> None:
    """Make sure that what a person gave makes sense, before anything is read.

    Raises:
        BadInput: key and identity exclude each other, one half of an identity is missing, what
            verifies is not installed, or the key cannot be read.
    """
    if trust.key is not None and (trust.identity or trust.issuer):
        raise BadInput("a signature is either of a key or of an identity, not of both")
    if bool(trust.identity) != bool(trust.issuer):
        raise BadInput(
            "an identity is known only together with its issuer",
            remedy="Give both: --identity NAME --issuer URL",
        )
    if trust.given:
        from hubq.attest import identities, keys

        keys.need_extra()
        if trust.key is not None:
            keys.public_key(trust.key)
        elif trust.root is not None:
            identities.check_root(trust.root)
