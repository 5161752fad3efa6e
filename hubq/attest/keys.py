"""Keys: elliptic-curve keys in PEM files, read for signing and for verifying.

The password of an encrypted key comes from the environment and never from an argument, which other
users of the machine could read.
"""

from __future__ import annotations

import hashlib
import importlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from hubq.errors import BadInput
from hubq.secrets import keep_secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import (
        ECDSA,
        EllipticCurvePrivateKey,
        EllipticCurvePublicKey,
    )

PASSWORD = "HUBQ_SIGN_PASSWORD"  # noqa: S105 - the name of a variable
"""The environment variable that holds the password of an encrypted key."""

EXTRA = 'pip install "hubq[sign]"'

_MAKE = "Make one: openssl ecparam -name prime256v1 -genkey -noout -out key.pem"
_CURVES = {"secp256r1": "SHA256", "secp384r1": "SHA384", "secp521r1": "SHA512"}


def need_extra() -> None:
    """Make sure that what signs and verifies is installed.

    Raises:
        BadInput: it is not; says how to install it.
    """
    try:
        importlib.import_module("model_signing.signing")
    except ModuleNotFoundError as error:
        raise BadInput(
            f"signatures need {error.name}, which is not installed", remedy=f"Run: {EXTRA}"
        ) from error


def password() -> bytes | None:
    """Return the password of the signing key; none when the environment holds none."""
    found = os.environ.get(PASSWORD, "")
    if not found:
        return None
    keep_secret(found)
    return found.encode()


def private_key(path: Path) -> EllipticCurvePrivateKey:
    """Read the private key of a PEM file.

    Raises:
        BadInput: there is none, its password is missing or wrong, or it is of another kind.
    """
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    raw = _read(path)
    try:
        key = load_pem_private_key(raw, password() if is_encrypted(path) else None)
    except TypeError:
        raise BadInput(
            f"{path}: the key is encrypted", remedy=f"Put its password into {PASSWORD}."
        ) from None
    except ValueError as error:
        tried = f" with the password in {PASSWORD}" if is_encrypted(path) else ""
        raise BadInput(f"{path}: no private key can be read{tried}", remedy=_MAKE) from error
    if not isinstance(key, EllipticCurvePrivateKey):
        raise BadInput(f"{path}: not an elliptic-curve key", remedy=_MAKE)
    _check_curve(path, key.public_key())
    return key


def public_key(path: Path) -> EllipticCurvePublicKey:
    """Read the public key of a PEM file.

    Raises:
        BadInput: there is none, or it is of another kind.
    """
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(_read(path))
    except ValueError as error:
        raise BadInput(
            f"{path}: no public key can be read",
            remedy="Take it out of the private one: openssl ec -in key.pem -pubout -out key.pub",
        ) from error
    if not isinstance(key, EllipticCurvePublicKey):
        raise BadInput(f"{path}: not an elliptic-curve key")
    _check_curve(path, key)
    return key


def is_encrypted(path: Path) -> bool:
    """Say whether the private key of a PEM file needs a password."""
    return b"ENCRYPTED" in _read(path)


def fingerprint(key: EllipticCurvePublicKey) -> str:
    """Return the SHA-256 of a public key as PEM: by it a signature says whose it is."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(pem).hexdigest()


def algorithm(key: EllipticCurvePublicKey) -> ECDSA:
    """Return ECDSA with the hash that goes with a key's curve."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA

    return ECDSA(getattr(hashes, _CURVES[key.curve.name])())


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}", remedy=_MAKE) from error


def _check_curve(path: Path, key: EllipticCurvePublicKey) -> None:
    if key.curve.name not in _CURVES:
        raise BadInput(
            f"{path}: a key on {key.curve.name}; the curves are {', '.join(_CURVES)}", remedy=_MAKE
        )
