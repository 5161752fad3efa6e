"""Checking signatures: whether a release's files are those that somebody signed.

Nothing is read but the signatures: what the files are now is given by their hashes, so that a repo
is checked without downloading its weights.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from hubq.attest import envelope, identities, statement
from hubq.attest.envelope import Untrusted
from hubq.attest.names import EVALUATION, SIGNATURE, signed
from hubq.attest.trust import Trust, check_trust
from hubq.model.finding import Finding

Read = Callable[[str], bytes]

_SERIALIZATION = {"method": "files", "hash_type": "sha256"}


def check(hashes: Mapping[str, str], read: Read, trust: Trust) -> list[Finding]:
    """Return what is wrong with a release's signatures.

    A release without any has one finding (`signature-missing`) when somebody's is asked for, and
    none otherwise.

    Args:
        hashes: path -> SHA-256 of every file that is there now.
        read: gives the content of a small file.
        trust: whose signature it must be.

    Raises:
        BadInput: what is trusted cannot be read.
    """
    check_trust(trust)
    if SIGNATURE not in hashes:
        return _missing(hashes, trust)
    found = [*_check_files(hashes, read(SIGNATURE), trust)]
    if EVALUATION in hashes:
        found += _check_evaluation(hashes, read(EVALUATION), trust)
    elif trust.given:
        found.append(_finding("attestation-missing", EVALUATION, "it is not there", "warning"))
    if not trust.given:
        said = "nobody said whose signature it must be; only the hashes in it were compared"
        remedy = "Name the key: --key key.pub, or the signer: --identity NAME --issuer URL"
        unchecked = _finding("signature-unchecked", SIGNATURE, said, "info")
        found.append(msgspec.structs.replace(unchecked, remedy=remedy))
    return found


def _missing(hashes: Mapping[str, str], trust: Trust) -> list[Finding]:
    if not trust.given:
        return []
    there = f", only {EVALUATION}" if EVALUATION in hashes else ""
    return [_finding("signature-missing", SIGNATURE, f"the release is not signed{there}")]


def _check_files(hashes: Mapping[str, str], signature: bytes, trust: Trust) -> list[Finding]:
    """Compare the files with those that a signature speaks of."""
    now = signed(hashes)
    try:
        said = _resources(envelope.enclosed(signature))
        there = {path: sha256 for path, sha256 in now.items() if path in said}
        agrees = not trust.given or _verified(signature, there, trust)
    except Untrusted as error:
        return [_finding("signature-wrong", SIGNATURE, str(error))]
    found = [
        Finding(rule="signature-file", path=path, said=sha256, found=_found(now.get(path)))
        for path, sha256 in sorted(said.items())
        if now.get(path) != sha256
    ]
    if not agrees and not found:
        found.append(_finding("signature-wrong", SIGNATURE, "it speaks of other files than these"))
    extra = [path for path in now if path not in said]
    return found + [
        _finding("signature-file", path, "it is not signed", "warning") for path in extra
    ]


def _check_evaluation(hashes: Mapping[str, str], content: bytes, trust: Trust) -> list[Finding]:
    """Compare the files with those that the statement of what was measured is about."""
    try:
        payload = _unsealed(content, trust) if trust.given else envelope.enclosed(content)
        said = statement.named(payload)
    except Untrusted as error:
        return [_finding("attestation-wrong", EVALUATION, str(error))]
    return [
        Finding(
            rule="attestation-file",
            path=EVALUATION,
            said=f"{path} {sha256}",
            found=_found(hashes.get(path)),
        )
        for path, sha256 in sorted(said.items())
        if hashes.get(path) != sha256
    ]


def _verified(signature: bytes, hashes: Mapping[str, str], trust: Trust) -> bool:
    """Say whether a signature of whom it must be speaks of exactly these files.

    Raises:
        Untrusted: it is not of whom it must be, or was changed.
    """
    from cryptography.exceptions import InvalidSignature
    from model_signing.verifying import Config
    from sigstore.errors import Error

    from hubq.attest import modelsig

    try:
        if trust.key is not None:
            by_key = Config().use_elliptic_key_verifier(public_key=trust.key)
            return modelsig.covers(by_key, signature, hashes)
        with identities.root_file(trust) as root:
            by_name = Config().use_sigstore_verifier(
                identity=trust.identity, oidc_issuer=trust.issuer, trust_config=root
            )
            return modelsig.covers(by_name, signature, hashes)
    except InvalidSignature:
        raise Untrusted("it is not signed with this key, or was changed since") from None
    # What is read here may be anybody's file: whatever the library stumbles over, it is no
    # signature of whom it must be.
    except (Error, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise Untrusted(f"it is not believed: {identities.first_line(error)}") from error


def _unsealed(content: bytes, trust: Trust) -> bytes:
    """Return the payload of a statement that is signed by whom it must be.

    Raises:
        Untrusted: it is not.
    """
    if trust.key is None:
        return identities.unbundle(content, trust)
    from hubq.attest.keys import public_key

    return envelope.unseal(content, public_key(trust.key))


class _Resource(msgspec.Struct, frozen=True):
    name: str
    digest: str
    algorithm: str = "sha256"


class _Predicate(msgspec.Struct, frozen=True):
    resources: tuple[_Resource, ...]
    serialization: dict[str, Any] = {}


class _Signed(msgspec.Struct, frozen=True):
    predicate: _Predicate


def _resources(payload: bytes) -> dict[str, str]:
    """Return path -> SHA-256 of the files that model-signing's statement names.

    Raises:
        Untrusted: they are named in another way than by file and SHA-256.
    """
    try:
        found = msgspec.json.decode(payload, type=_Signed).predicate
    except msgspec.MsgspecError as error:
        raise Untrusted(f"it is no statement of model-signing's: {error}") from error
    form = {name: found.serialization.get(name) for name in _SERIALIZATION}
    if form != _SERIALIZATION:
        raise Untrusted(
            f"its files are hashed in another way ({form['method']}, {form['hash_type']}); "
            "check a download with model_signing verify"
        )
    return {one.name: one.digest for one in found.resources}


def _found(sha256: str | None) -> str:
    return f"it is {sha256}" if sha256 else "it is not there"


def _finding(rule: str, path: str, found: str, severity: Any = "error") -> Finding:
    return Finding(rule=rule, path=path, found=found, severity=severity)
