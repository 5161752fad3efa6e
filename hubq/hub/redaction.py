"""Secrets: taken out of everything hubq says, and looked for in everything it publishes."""

from __future__ import annotations

import logging
import re
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path

from hubq.errors import Refused
from hubq.hub.port import Content

_TOKEN = rb"(?<![A-Za-z0-9_])hf_[A-Za-z0-9]{30,}"
PATTERNS: dict[str, re.Pattern[bytes]] = {
    "a Hugging Face token": re.compile(_TOKEN),
    "a private key": re.compile(rb"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"),
    "an AWS access key": re.compile(rb"(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
}
"""What must never be published, and how it looks."""

_SHOWN = "hf_***"
_ANY_TOKEN = re.compile(_TOKEN.decode())
_BEARER = re.compile(r"(?i)(authorization\s*[:=]\s*['\"]?(?:bearer\s+)?)[^\s'\",}]+")
_CHUNK = 1 << 20
_OVERLAP = 4096


def redact(text: str, *known: str) -> str:
    """Return a text without tokens: those that look like one, and those that are known.

    Args:
        text: any text that a person or a file will see.
        known: tokens in use, whatever they look like.
    """
    for token in known:
        if token:
            text = text.replace(token, _SHOWN)
    return _BEARER.sub(rf"\1{_SHOWN}", _ANY_TOKEN.sub(_SHOWN, text))


class RedactingFilter(logging.Filter):
    """A logging filter that takes tokens out of messages and tracebacks."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact the record in place and keep it."""
        record.msg = redact(record.getMessage())
        record.args = ()
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = redact(record.exc_text)
        return True


def secret_in(content: Content) -> str:
    """Return what secret a content holds (`a private key`), or an empty string.

    Of a safetensors file only the header is looked at: the rest is numbers.
    """
    seen = b""
    for chunk in _chunks(content):
        window = seen + chunk
        for name, pattern in PATTERNS.items():
            if pattern.search(window):
                return name
        seen = window[-_OVERLAP:]
    return ""


def refuse_secrets(files: Mapping[str, Content]) -> None:
    """Make sure that no file to be published holds a secret.

    Raises:
        Refused: names the files and what was found in them, never the secret.
    """
    found = [(path, secret_in(content)) for path, content in sorted(files.items())]
    leaks = [f"{path} holds {what}" for path, what in found if what]
    if leaks:
        raise Refused(
            "nothing was sent: " + "; ".join(leaks),
            remedy="Remove it from the file, revoke it where it was issued, and run again.",
        )


def _chunks(content: Content) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    with content.open("rb") as file:
        if content.suffix == ".safetensors":
            yield file.read(_header_size(file.read(8), content))
            return
        while chunk := file.read(_CHUNK):
            yield chunk


def _header_size(prefix: bytes, path: Path) -> int:
    """Return the bytes of a safetensors header, never more than the file has."""
    if len(prefix) < 8:
        return 0
    size: int = struct.unpack("<Q", prefix)[0]
    return min(size, path.stat().st_size)
