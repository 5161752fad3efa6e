from __future__ import annotations

import gzip
import io
import json
import struct
import zipfile
from pathlib import Path

import pytest

from hubq.errors import Refused
from hubq.hub import scanning
from hubq.hub.scanning import refuse_secrets, secret_in
from hubq.secrets import keep_secret

TOKEN = "hf_" + "aB3" * 12
PEM = "-----BEGIN " + "OPENSSH PRIVATE KEY-----"


def zipped(**members: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, member in members.items():
            archive.writestr(name, member)
    return content.getvalue()


def test_secrets_are_found() -> None:
    assert secret_in(b"some text\n" + TOKEN.encode() + b"\nmore") == "a Hugging Face token"
    assert secret_in(PEM.encode()) == "a private key"
    assert secret_in(b"") == ""


def test_a_secret_in_use_is_found_whatever_it_looks_like() -> None:
    keep_secret("scanned-of-no-shape")
    assert "in use" in secret_in(b"x scanned-of-no-shape y")


def test_a_secret_across_two_pieces_of_a_large_file_is_found(tmp_path: Path) -> None:
    file = tmp_path / "log.txt"
    file.write_bytes(b"x" * ((1 << 20) - 11) + b" " + TOKEN.encode() + b"x " + b"y" * 100)
    assert secret_in(file) == "a Hugging Face token"


def test_only_the_header_of_a_safetensors_file_is_looked_at(tmp_path: Path) -> None:
    def write(metadata: str, body: bytes) -> Path:
        header = json.dumps({"__metadata__": {"note": metadata}}).encode()
        file = tmp_path / "model.safetensors"
        file.write_bytes(struct.pack("<Q", len(header)) + header + body)
        return file

    assert secret_in(write("fine", TOKEN.encode())) == ""
    assert secret_in(write(TOKEN, b"")) == "a Hugging Face token"
    (tmp_path / "model.safetensors").write_bytes(b"short")
    assert secret_in(tmp_path / "model.safetensors") == ""


def test_archives_are_unpacked(tmp_path: Path) -> None:
    packed = zipped(fine=b"nothing", log=b"x" * 5000 + TOKEN.encode())
    assert TOKEN.encode() not in packed
    assert secret_in(packed) == "a Hugging Face token (in log)"
    (tmp_path / "evidence.zip").write_bytes(packed)
    assert secret_in(tmp_path / "evidence.zip") == "a Hugging Face token (in log)"
    assert secret_in(zipped(inner=packed)) == "a Hugging Face token (in log) (in inner)"
    assert secret_in(zipped(inner=gzip.compress(PEM.encode()))) == "a private key (in inner)"
    assert secret_in(gzip.compress(b"a" * 99 + PEM.encode())) == "a private key"
    assert secret_in(zipped(fine=b"nothing", folder=b"")) == ""


def test_the_names_in_an_archive_are_looked_at() -> None:
    assert secret_in(zipped(**{f"notes/{TOKEN}.txt": b""})) == "a Hugging Face token"


def test_what_only_begins_like_an_archive_is_a_file() -> None:
    assert secret_in(b"PK\x03\x04 and no more") == ""
    assert secret_in(b"\x1f\x8b\x08 and no more") == ""
    assert secret_in(b"PK\x03\x04 " + TOKEN.encode()) == "a Hugging Face token"


def test_an_archive_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = zipped(a=bytes(3 << 20), b=bytes(3 << 20))
    assert secret_in(bomb) == ""
    monkeypatch.setattr(scanning, "UNPACKED", 4 << 20)
    assert "too much to look through" in secret_in(bomb)
    assert "too much to look through" in secret_in(zipped(inner=bomb))
    assert "too much to look through" in secret_in(gzip.compress(bytes(5 << 20)))


def test_the_refusal_names_the_files_and_never_the_secret() -> None:
    with pytest.raises(Refused) as caught:
        refuse_secrets({"a.txt": b"fine", "b.txt": TOKEN.encode(), "c.pem": PEM.encode()})
    assert caught.value.exit_code == 3
    assert "b.txt holds a Hugging Face token" in str(caught.value)
    assert "c.pem holds a private key" in str(caught.value)
    assert TOKEN not in str(caught.value)
