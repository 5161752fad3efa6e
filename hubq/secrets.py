"""Secrets: what they look like, which ones are in use, and how they are taken out of a text.

A token comes from the environment or from the client's own store. Whoever learns one says so with
`keep_secret`; from then on it is taken out of everything that hubq says or writes, whatever it
looks like, plain, URL-encoded and in base64. Texts that look like a secret are taken out as well.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import os
import re
import threading
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

SHOWN = "***"
"""What stands in the place of a secret."""

SHORTEST = 8
"""Characters below which a value cannot be told from a word, and is not taken for a secret."""

SHAPES: dict[str, tuple[str, ...]] = {
    "a Hugging Face token": (
        r"_(?<=hf_)(?<!_hf_)(?:[A-Za-z0-9]{30,}|(?:oauth|jwt)_[A-Za-z0-9_.-]{30,})",
        r"_(?<=api_)org_[A-Za-z0-9]{34}(?![A-Za-z0-9])",
    ),
    "a GitHub token": (
        r"_(?<=gh[opsru]_)[A-Za-z0-9]{36}",
        r"_(?<=github_)pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}",
    ),
    "a GitLab token": (r"-(?<=glpat-)[A-Za-z0-9_-]{20}",),
    "an API key": (
        r"-(?<=sk-)[A-Za-z0-9]{48}(?![A-Za-z0-9])",
        r"-(?<=sk-)[A-Za-z0-9_-]{20,80}T3BlbkFJ[A-Za-z0-9_-]{20,80}",
        r"-(?<=sk-)ant-[a-z]{3,5}\d\d-[A-Za-z0-9_-]{80,120}",
        r"-(?<=sk-)or-v1-[0-9a-f]{64}",
    ),
    "an AWS access key": (
        r"K(?<=AK)IA(?![A-Z2-7]{9}EXAMPLE)[A-Z2-7]{16}(?![A-Za-z0-9/+=])",
        r"S(?<=AS)IA(?![A-Z2-7]{9}EXAMPLE)[A-Z2-7]{16}(?![A-Za-z0-9/+=])",
    ),
    "a Google API key": (r"I(?<=AI)za[A-Za-z0-9_-]{35}(?![A-Za-z0-9_/+=-])",),
    "a Slack token": (
        r"-(?<=xox[abeoprs]-)\d{6,}-[A-Za-z0-9-]{16,}",
        r"-(?<=xapp-)\d-[A-Z0-9]{8,}-\d{10,}-[0-9a-f]{32,}",
    ),
    "an npm token": (r"_(?<=npm_)[A-Za-z0-9]{36}(?![A-Za-z0-9])",),
    "a PyPI token": (r"-(?<=pypi-)AgE[A-Za-z0-9_-]{50,}",),
    "a private key": (r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----",),
}
"""What never may be said or published, and how it looks: prefixes and lengths as they are issued.

Each begins with a character that is rare in text and looks behind itself for what has to stand
there: so a search passes over everything else quickly.
"""

_IN_USE = "a secret that is in use on this machine"
_ENDS_OF_NAMES = ("_TOKEN", "_API_KEY", "_SECRET", "_SECRET_KEY", "_ACCESS_KEY", "_PASSWORD")
_NAMED_SHORTEST = 16
_HUB_NAMES = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HUGGINGFACE_TOKEN")
_STORED = re.compile(r"^\s*hf_token\s*=\s*(\S+)", re.MULTILINE)
_KEY_BODY = r"(?:[A-Za-z0-9+/=\s\\]*(?:-----END (?:[A-Z]+ )*PRIVATE KEY-----)?)"
_LOOSE_KEY = r"-(?<=sk-)(?<![A-Za-z0-9_-]sk-)(?=[A-Za-z0-9_-]*\d)[A-Za-z0-9_-]{20,}"

_FLAT = [shape for shapes in SHAPES.values() for shape in shapes]
_EXACT = re.compile("|".join(_FLAT).encode())
_ANY = re.compile(
    "|".join([*(shape + _KEY_BODY * shape.startswith("-----") for shape in _FLAT), _LOOSE_KEY])
)
_HEADER = re.compile(
    r"((?:[Aa]uthorization|AUTHORIZATION)['\"]?\s*[:=,]\s*(?:b(?=['\"]))?['\"]?"
    r"(?i:(?:bearer|basic|token)\s+)?)[^\s'\",}]+"
)
_BEARER = re.compile(r"((?:[Bb]earer|BEARER)\s+)[A-Za-z0-9._~+/=-]{16,}")
_ADDRESS = re.compile(r"(?<=://)[^\s/@:'\"<>]*:[^\s/@'\"<>]+(?=@)")
_SIGNATURE = re.compile(
    r"([?&;](?:x-(?:amz|goog)-(?:signature|security-token|credential)|signature|sig|token"
    r"|access_token|api_key|key-pair-id)=)[^&\s'\"<>]+",
    re.IGNORECASE,
)


class _Kept:
    """The secrets in use in this process; more of them only ever come."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.values: frozenset[str] = frozenset()

    def add(self, value: str) -> None:
        """Remember one more."""
        with self._lock:
            self.values |= {value}


_kept = _Kept()


def keep_secret(value: str | None) -> None:
    """Take a value out of everything that is said or written from now on.

    Args:
        value: a token or key in use; none, or a very short one, is passed over.
    """
    if value and len(value.strip()) >= SHORTEST:
        _kept.add(value.strip())


def keep_known(environ: Mapping[str, str]) -> None:
    """Keep the secrets that a program starts with: its environment's and the Hub client's store.

    The client library itself is not imported: that takes long.
    """
    for name, value in environ.items():
        upper = name.upper()
        named = upper.endswith(_ENDS_OF_NAMES) and len(value) >= _NAMED_SHORTEST
        if upper in _HUB_NAMES or named:
            keep_secret(value)
    token = _token_path(environ)
    with contextlib.suppress(OSError, UnicodeDecodeError):
        keep_secret(token.read_text(encoding="utf-8"))
    with contextlib.suppress(OSError, UnicodeDecodeError):
        stored = token.with_name("stored_tokens").read_text(encoding="utf-8")
        for value in _STORED.findall(stored):
            keep_secret(value)


def redact(text: str, *known: str) -> str:
    """Return a text without secrets: those that look like one, and those that are in use.

    Args:
        text: any text that a person or a file will see.
        known: further secrets, whatever they look like.
    """
    values = _kept.values | {value for value in known if value}
    if values:
        text = _forms(values).sub(SHOWN, text)
    text = _ANY.sub(SHOWN, text)
    text = _ADDRESS.sub(SHOWN, text) if "://" in text else text
    text = _SIGNATURE.sub(rf"\1{SHOWN}", text) if "=" in text else text
    if "earer" in text or "uthorization" in text or "EARER" in text or "UTHORIZATION" in text:
        text = _BEARER.sub(rf"\1{SHOWN}", _HEADER.sub(rf"\1{SHOWN}", text))
    return text


def redact_file(path: Path, *, in_use_only: bool = False) -> bool:
    """Take the secrets out of a file and return whether there were any.

    The file is replaced by another, so that whoever still writes to it writes no more of it.

    Args:
        path: a text file; bytes that are no text stay as they are.
        in_use_only: leave what merely looks like a secret.
    """
    raw = path.read_bytes()
    if in_use_only and not any(form in raw for form in _encoded(_kept.values)):
        return False
    text = raw.decode("utf-8", errors="surrogateescape")
    clean = _forms(_kept.values).sub(SHOWN, text) if in_use_only else redact(text)
    if clean == text:
        return False
    temporary = path.with_name(f".{path.name}.clean")
    temporary.write_bytes(clean.encode("utf-8", errors="surrogateescape"))
    temporary.chmod(path.stat().st_mode & 0o777)
    temporary.replace(path)
    return True


def find_secret(data: bytes) -> str:
    """Return what secret some bytes hold (`a private key`), or an empty string.

    Only what has the exact shape of a secret counts, and the secrets in use here.
    """
    if any(form in data for form in _encoded(_kept.values)):
        return _IN_USE
    found = _EXACT.search(data)
    if found is None:
        return ""
    return next(
        name
        for name, shapes in SHAPES.items()
        if any(re.compile(shape.encode()).match(data, found.start()) for shape in shapes)
    )


@functools.lru_cache(maxsize=16)
def _forms(values: frozenset[str] | set[str]) -> re.Pattern[str]:
    """Return what finds some values in any form, longest first."""
    found = {form for value in values for form in forms(value)}
    return re.compile("|".join(re.escape(form) for form in sorted(found, key=len, reverse=True)))


@functools.lru_cache(maxsize=16)
def _encoded(values: frozenset[str]) -> tuple[bytes, ...]:
    return tuple(sorted({form.encode() for value in values for form in forms(value)}))


def forms(value: str) -> set[str]:
    """Return how a secret may stand in a text: plain, quoted, URL-encoded, in base64.

    Of base64 only what does not depend on what stands before and after it.
    """
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    found = {value, escaped, quote(value, safe=""), quote(value)}
    raw = value.encode()
    for before in range(3):
        first, end = -(-before * 8 // 6), (before + len(raw)) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            found.add(encode(bytes(before) + raw).decode()[first:end])
    return found


def _token_path(environ: Mapping[str, str]) -> Path:
    """Return where the Hub's client keeps its token, by the variables that it goes by."""
    if environ.get("HF_TOKEN_PATH"):
        return Path(os.path.expandvars(environ["HF_TOKEN_PATH"])).expanduser()
    if environ.get("HF_HOME"):
        return Path(os.path.expandvars(environ["HF_HOME"])).expanduser() / "token"
    cache = environ.get("XDG_CACHE_HOME") or f"{environ.get('HOME', '')}/.cache"
    return Path(cache) / "huggingface" / "token"
