"""Signing a release: its files as model-signing does, and the statement of what was measured.

Two ways: with a private key, and with an identity, for which Sigstore gives a certificate of some
minutes and writes what was signed into a public log.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path

from hubq.attest import envelope, keys
from hubq.attest.names import signed
from hubq.errors import BadInput, HubProblem

KEY, IDENTITY = "key:", "identity"
"""How a person says what to sign with: `key:FILE`, or `identity`."""


class Signer(ABC):
    """What can sign a release."""

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """What tells this signer's signatures from another's."""

    @abstractmethod
    def sign_files(self, name: str, hashes: Mapping[str, str]) -> bytes:
        """Return the content of `model.sig`.

        Args:
            name: of the model, for people.
            hashes: path in the repo -> SHA-256, of every file; those that a signature does not
                speak of are left out here.
        """

    @abstractmethod
    def sign_statement(self, statement: bytes) -> bytes:
        """Return an in-toto statement with a signature over it."""


class KeySigner(Signer):
    """Signs with an elliptic-curve key in a PEM file.

    Args:
        path: of the private key.

    Raises:
        BadInput: it cannot be read, or its password is missing or wrong.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._key = path, keys.private_key(path)

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the public key."""
        return keys.fingerprint(self._key.public_key())

    def sign_files(self, name: str, hashes: Mapping[str, str]) -> bytes:
        """Return the content of `model.sig`, signed with the key."""
        from model_signing.signing import Config

        from hubq.attest import modelsig

        # The library says `str` and hands it on to one that takes nothing but bytes.
        secret = keys.password() if keys.is_encrypted(self._path) else None
        config = Config().use_elliptic_key_signer(
            private_key=self._path,
            password=secret,  # type: ignore[arg-type]
        )
        return modelsig.sign(config, name, signed(hashes))

    def sign_statement(self, statement: bytes) -> bytes:
        """Return an envelope around a statement, signed with the key."""
        return envelope.seal(statement, self._key)


class IdentitySigner(Signer):
    """Signs with who one is: in a CI job by its own token, otherwise by a login in the browser.

    One token serves a whole family, as long as it is valid.
    """

    def __init__(self) -> None:
        self._token = ""

    @property
    def fingerprint(self) -> str:
        """The word for any identity: whose it is shows only when it signs."""
        return IDENTITY

    def sign_files(self, name: str, hashes: Mapping[str, str]) -> bytes:
        """Return the content of `model.sig`, signed by an identity."""
        from model_signing.signing import Config

        from hubq.attest import modelsig

        try:
            config = Config().use_sigstore_signer(identity_token=self._identity())
            return modelsig.sign(config, name, signed(hashes))
        except _sigstore_errors() as error:
            raise _unavailable(error) from error

    def sign_statement(self, statement: bytes) -> bytes:
        """Return a bundle around a statement, signed by an identity."""
        from sigstore.dsse import Statement
        from sigstore.models import ClientTrustConfig
        from sigstore.oidc import IdentityToken
        from sigstore.sign import SigningContext

        try:
            context = SigningContext.from_trust_config(ClientTrustConfig.production())
            with context.signer(IdentityToken(self._identity())) as signer:
                return signer.sign_dsse(Statement(statement)).to_json().encode()
        except _sigstore_errors() as error:
            raise _unavailable(error) from error

    def _identity(self) -> str:
        from sigstore.models import ClientTrustConfig
        from sigstore.oidc import Issuer, detect_credential

        if not self._token:
            found = detect_credential()
            if found is None:
                config = ClientTrustConfig.production().signing_config
                found = str(Issuer(config.get_oidc_url()).identity_token())
            self._token = found
        return self._token


def signer_for(how: str) -> Signer:
    """Return what signs, as a person named it.

    Args:
        how: `key:FILE` or `identity`.

    Raises:
        BadInput: it is neither, the extra is not installed, or the key cannot be used.
    """
    if how != IDENTITY and not how.startswith(KEY):
        raise BadInput(f"--sign {how}: expected {KEY}FILE or {IDENTITY}")
    keys.need_extra()
    if how == IDENTITY:
        return IdentitySigner()
    return KeySigner(Path(how.removeprefix(KEY)).expanduser())


def check_ready(how: str) -> None:
    """Make sure, before any work, that a release can be signed.

    Raises:
        BadInput: it cannot; says why.
    """
    if how:
        signer_for(how)


def _sigstore_errors() -> tuple[type[Exception], ...]:
    """Return what Sigstore's client raises when it cannot sign; some of it has no public name."""
    from sigstore._internal.fulcio.client import ExpiredCertificate, FulcioClientError
    from sigstore._internal.rekor import RekorClientError
    from sigstore.errors import Error
    from sigstore.oidc import ExpiredIdentity, IssuerError

    own = (ExpiredCertificate, ExpiredIdentity, FulcioClientError, IssuerError, RekorClientError)
    return (Error, *own, OSError)


def _unavailable(error: Exception) -> HubProblem:
    return HubProblem(
        f"Sigstore did not sign: {error}",
        remedy="Try again, or sign with a key of your own: --sign key:FILE",
    )
