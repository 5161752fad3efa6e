"""What is signed is accepted by model-signing's own program, on a plain download of the repo."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest

from hubq.attest import keys as reading
from hubq.attest.names import SIGNATURE, signed
from hubq.attest.signing import signer_for
from tests.attest.conftest import PASSWORD, Keys


def model_signing(repo: Path, key: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Run the program as people are told to."""
    command = [sys.executable, "-m", "model_signing", "verify", "key", str(repo)]
    options = ["--signature", str(repo / SIGNATURE), "--public_key", str(key), *more]
    return subprocess.run([*command, *options], capture_output=True, text=True, check=False)


def sign(repo: Path, hashes: dict[str, str], key: Path) -> None:
    (repo / SIGNATURE).write_bytes(signer_for(f"key:{key}").sign_files(repo.name, hashes))


@pytest.mark.long
def test_the_program_accepts_a_download_and_an_edited_card_and_nothing_else(
    repo: Path, hashes: dict[str, str], keys: Keys
) -> None:
    sign(repo, hashes, keys.private)
    assert model_signing(repo, keys.public).returncode == 0
    assert model_signing(repo, keys.stranger).returncode == 1
    (repo / "README.md").write_text("# Small, with a word of mine\n")
    assert model_signing(repo, keys.public).returncode == 0
    (repo / "notes.txt").write_text("mine")
    assert "Extra files" in model_signing(repo, keys.public).stderr
    assert model_signing(repo, keys.public, "--ignore_unsigned_files").returncode == 0
    (repo / "model-00002-of-00002.safetensors").write_bytes(b"another half")
    assert model_signing(repo, keys.public, "--ignore_unsigned_files").returncode == 1


def test_the_library_accepts_what_a_key_with_a_password_signed(
    repo: Path, hashes: dict[str, str], keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    from model_signing.verifying import Config

    monkeypatch.setenv(reading.PASSWORD, PASSWORD)
    sign(repo, hashes, keys.encrypted)
    verifier = Config().use_elliptic_key_verifier(public_key=keys.public)
    verifier.verify(repo, repo / SIGNATURE)


def test_no_file_is_read_to_be_signed(hashes: dict[str, str], keys: Keys) -> None:
    made = signer_for(f"key:{keys.private}").sign_files("Small-AWQ", hashes)
    payload = json.loads(base64.b64decode(json.loads(made)["dsseEnvelope"]["payload"]))
    assert payload["subject"][0]["name"] == "Small-AWQ"
    named = {one["name"]: one["digest"] for one in payload["predicate"]["resources"]}
    assert named == signed(hashes)


def test_a_signature_leaves_out_what_may_change_after_it(hashes: dict[str, str]) -> None:
    assert hashes.keys() - signed(hashes).keys() == {"README.md", "SHA256SUMS"}
    assert "sub/README.md" in signed({"sub/README.md": "0" * 64})
