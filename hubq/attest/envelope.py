"""Envelopes: a payload with signatures over it, in the form of DSSE.

What is signed is not the payload alone but its type too, each with its length before it
(https://github.com/secure-systems-lab/dsse/blob/v1.0.0/protocol.md).
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

import msgspec

from hubq.attest import keys
from hubq.model.codec import pretty

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import (
        EllipticCurvePrivateKey,
        EllipticCurvePublicKey,
    )

IN_TOTO = "application/vnd.in-toto+json"
"""The type of a payload that is an in-toto statement."""


class Untrusted(Exception):  # noqa: N818 - reads as a sentence where it is raised
    """A signature is none, is of another key, or is over something else; says which."""


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """One signature: its bytes in base64, and whose it is said to be."""

    sig: str
    keyid: str = ""


class Envelope(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A payload in base64, its type, and the signatures over both."""

    payload: str
    payload_type: str
    signatures: tuple[Signature, ...]


class Bundle(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The part of a Sigstore bundle in which the payload lies."""

    dsse_envelope: Envelope
    media_type: str = ""


def preauthenticated(kind: str, payload: bytes) -> bytes:
    """Return what is signed: DSSE's pre-authentication encoding of a payload and its type."""
    return b" ".join(
        [b"DSSEv1", b"%d" % len(kind.encode()), kind.encode(), b"%d" % len(payload), payload]
    )


def seal(payload: bytes, key: EllipticCurvePrivateKey) -> bytes:
    """Return an in-toto statement in an envelope, signed with a key, as JSON."""
    public = key.public_key()
    made = key.sign(preauthenticated(IN_TOTO, payload), keys.algorithm(public))
    signature = Signature(sig=base64.b64encode(made).decode(), keyid=keys.fingerprint(public))
    envelope = Envelope(
        payload=base64.b64encode(payload).decode(), payload_type=IN_TOTO, signatures=(signature,)
    )
    return pretty(envelope).encode()


def enclosed(content: bytes) -> bytes:
    """Return the payload of an envelope, or of a bundle that holds one; nothing is checked.

    Raises:
        Untrusted: it is neither.
    """
    return _payload(_envelope(content))


def unseal(content: bytes, key: EllipticCurvePublicKey) -> bytes:
    """Return the payload of an envelope that a key has signed.

    Raises:
        Untrusted: it is no envelope, or none of its signatures is of this key.
    """
    from cryptography.exceptions import InvalidSignature

    envelope = _envelope(content)
    payload = _payload(envelope)
    for signature in envelope.signatures:
        try:
            key.verify(
                _decoded(signature.sig),
                preauthenticated(envelope.payload_type, payload),
                keys.algorithm(key),
            )
        except InvalidSignature:
            continue
        return payload
    raise Untrusted("it is not signed with this key, or was changed since")


def _envelope(content: bytes) -> Envelope:
    try:
        return msgspec.json.decode(content, type=Envelope)
    except msgspec.MsgspecError:
        pass  # then it may be a bundle
    try:
        return msgspec.json.decode(content, type=Bundle).dsse_envelope
    except msgspec.MsgspecError:
        raise Untrusted("it is no envelope with a signature") from None


def _payload(envelope: Envelope) -> bytes:
    if envelope.payload_type != IN_TOTO:
        raise Untrusted(f"it holds {envelope.payload_type}, not {IN_TOTO}")
    return _decoded(envelope.payload)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Untrusted("it is not base64") from None
