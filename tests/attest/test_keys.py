"""Keys are read from files, passwords from the environment, and both are refused clearly."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from hubq.attest import keys as reading
from hubq.attest.signing import check_ready, signer_for
from hubq.errors import BadInput
from hubq.secrets import redact
from tests.attest.conftest import PASSWORD, Keys


def test_a_key_with_a_password_is_the_same_signer(
    keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(reading.PASSWORD, PASSWORD)
    locked, plain = signer_for(f"key:{keys.encrypted}"), signer_for(f"key:{keys.private}")
    assert locked.fingerprint == plain.fingerprint


def test_a_password_is_never_said_once_it_was_used(
    keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(reading.PASSWORD, PASSWORD)
    signer_for(f"key:{keys.encrypted}")
    assert PASSWORD not in redact(f"it failed with {PASSWORD}")


def test_a_missing_password_and_a_wrong_one_are_said(
    keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(reading.PASSWORD, raising=False)
    with pytest.raises(BadInput, match="the key is encrypted") as caught:
        check_ready(f"key:{keys.encrypted}")
    assert reading.PASSWORD in caught.value.remedy
    monkeypatch.setenv(reading.PASSWORD, "another pass phrase")
    with pytest.raises(BadInput, match="no private key can be read with the password"):
        check_ready(f"key:{keys.encrypted}")


def test_what_is_no_private_key_is_refused(keys: Keys, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="No such file"):
        check_ready(f"key:{tmp_path}/nothing.pem")
    with pytest.raises(BadInput, match="no private key can be read"):
        check_ready(f"key:{keys.public}")
    with pytest.raises(BadInput, match="expected key:FILE or identity"):
        check_ready("gpg")


def test_keys_that_model_signing_does_not_know_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    for key, said in (
        (rsa.generate_private_key(65537, 2048), "not an elliptic-curve key"),
        (ec.generate_private_key(ec.SECP256K1()), "a key on secp256k1"),
    ):
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path.write_bytes(pem)
        with pytest.raises(BadInput, match=said):
            check_ready(f"key:{path}")


def test_no_signature_needs_nothing() -> None:
    check_ready("")


def test_an_identity_is_nobody_until_it_signs() -> None:
    assert signer_for("identity").fingerprint == "identity"
