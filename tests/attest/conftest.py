"""A made-up variant with keys to sign it, and a folder with its files."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from hubq.attest.facts import Check, Facts, Origin, Score
from hubq.model.environment import Package

CONTENTS = {
    "README.md": b"# Small\n",
    "SHA256SUMS": b"sums\n",
    "config.json": b"{}",
    "evidence/AWQ.zip": b"samples",
    "hubq.json": b'{"claims": []}',
    "model-00001-of-00002.safetensors": b"first half",
    "model-00002-of-00002.safetensors": b"second half",
}
PASSWORD = "a long pass phrase"


class Keys(msgspec.Struct, frozen=True):
    """The files of a key pair, of the same private key with a password, and of a stranger's key."""

    private: Path
    encrypted: Path
    public: Path
    stranger: Path


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    folder = tmp_path_factory.mktemp("keys")
    one, other = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP384R1())
    made = Keys(*(folder / name for name in ("key.pem", "locked.pem", "key.pub", "stranger.pub")))
    form = PrivateFormat.PKCS8
    made.private.write_bytes(one.private_bytes(Encoding.PEM, form, NoEncryption()))
    locked = BestAvailableEncryption(PASSWORD.encode())
    made.encrypted.write_bytes(one.private_bytes(Encoding.PEM, form, locked))
    for key, path in ((one, made.public), (other, made.stranger)):
        pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        path.write_bytes(pem)
    return made


@pytest.fixture
def hashes() -> dict[str, str]:
    return {path: sha256(content) for path, content in CONTENTS.items()}


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A folder with the files, as a client downloads them."""
    folder = tmp_path / "Small-AWQ"
    for path, content in CONTENTS.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    (folder / ".gitattributes").write_text("*.safetensors filter=lfs\n")
    (folder / ".cache" / "huggingface").mkdir(parents=True)
    (folder / ".cache" / "huggingface" / "note").write_text("when it was fetched")
    return folder


@pytest.fixture
def facts(hashes: dict[str, str]) -> Facts:
    score = Score(
        task="DocVQA_VAL",
        metric="anls",
        harness="hubq",
        engine="transformers",
        n=200,
        value=0.875,
        low=0.82,
        high=0.92,
        delta=-0.005,
        delta_low=-0.02,
        delta_high=0.01,
    )
    return Facts(
        hubq="0.1.0",
        repo="acme/Small-AWQ",
        variant="AWQ",
        baseline="BF16",
        source=Origin(name="Small", digest="a" * 40, repo="acme/Small", commit="a" * 40),
        files=hashes,
        config={"model_type": "qwen2_vl", "architectures": ["Qwen2VLForConditionalGeneration"]},
        metadata={"license": "apache-2.0", "pipeline_tag": "image-text-to-text"},
        method={"method": "awq", "bits": 4, "sym": False},
        recipe="b" * 64,
        suite="documents",
        scores=(
            score,
            msgspec.structs.replace(score, task="Thin", low=None, high=None, delta=None),
        ),
        checks=(
            Check(engine="transformers", name="loads", good=True, said="every weight"),
            Check(engine="transformers", name="divergence", good=True),
        ),
        environments={"gptqmodel": "c" * 64},
        packages=(Package(name="torch", version="2.13.0+cpu"),),
        datasets={"DocVQA_VAL": "d" * 64, "calibration": "e" * 64},
    )
