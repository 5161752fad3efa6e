from __future__ import annotations

import json
import logging
import struct
from pathlib import Path

import pytest

from hubq.errors import Refused
from hubq.hub.redaction import RedactingFilter, redact, refuse_secrets, secret_in

TOKEN = "hf_" + "aB3" * 12
AWS = "AKIA" + "ABCDEFGH12345678"
PEM = "-----BEGIN " + "OPENSSH PRIVATE KEY-----"


def test_tokens_are_taken_out_of_a_text() -> None:
    assert redact(f"GET /x with {TOKEN}.") == "GET /x with hf_***."
    assert redact("Authorization: Bearer abc.def") == "Authorization: Bearer hf_***"
    assert redact("a local-secret here", "local-secret") == "a hf_*** here"


def test_ordinary_names_stay_as_they_are() -> None:
    text = "hf_hub_download and hf_transfer of self_hf_" + "a" * 40
    assert redact(text) == text


def test_the_log_filter_takes_tokens_out_of_messages_and_tracebacks(
    caplog: pytest.LogCaptureFixture,
) -> None:
    logger = logging.getLogger("hubq.test-redaction")
    caplog.handler.addFilter(RedactingFilter())
    try:
        raise RuntimeError(TOKEN)  # noqa: TRY301
    except RuntimeError:
        logger.exception("sent %s", TOKEN)
    assert TOKEN not in caplog.text
    assert "sent hf_***" in caplog.text


@pytest.mark.parametrize(
    ("text", "what"),
    [(TOKEN, "a Hugging Face token"), (PEM, "a private key"), (AWS, "an AWS access key")],
)
def test_secrets_are_found(text: str, what: str) -> None:
    assert secret_in(b"some text\n" + text.encode() + b"\nmore") == what


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


def test_the_refusal_names_the_files_and_never_the_secret() -> None:
    with pytest.raises(Refused) as caught:
        refuse_secrets({"a.txt": b"fine", "b.txt": TOKEN.encode(), "c.pem": PEM.encode()})
    assert caught.value.exit_code == 3
    assert "b.txt holds a Hugging Face token" in str(caught.value)
    assert "c.pem holds a private key" in str(caught.value)
    assert TOKEN not in str(caught.value)
