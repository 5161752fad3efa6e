"""Links: where an address of a card leads: a file of the repo, a heading, a repo, the web."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal
from urllib.parse import unquote, urlsplit

import msgspec

from hubq.audit.document import Document

Kind = Literal["file", "anchor", "web", "empty", "other"]

_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
_HUB = frozenset({"huggingface.co", "www.huggingface.co", "hf.co"})
#: First parts of the Hub's addresses that are no namespaces.
_PAGES = frozenset(
    {
        *("api", "blog", "chat", "collections", "course", "datasets", "docs", "enterprise"),
        *("join", "learn", "login", "models", "new", "organizations", "papers", "posts"),
        *("pricing", "settings", "spaces", "tasks", "terms-of-service"),
    }
)
_REPO = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
_VIEWS = frozenset({"blob", "resolve", "raw", "tree"})
_BARE_HOST = re.compile(
    r"(?:www\.[\w-]+\.[a-z]{2,}"
    r"|(?:[\w-]+\.)*(?:arxiv\.org|github\.com|huggingface\.co|discord\.gg|youtube\.com|patreon\.com"
    r"|colab\.research\.google\.com|ko-fi\.com))(?:[/?#].*)?",
    re.IGNORECASE,
)
_HOST = re.compile(r"(?:[a-z0-9-]+\.)+(?:ai|app|co|com|dev|gg|info|io|me|net|org)", re.IGNORECASE)
_NOT_ASKED = re.compile(r"[\s{}<>\\]|\.\.\.|\u2026")
_NOT_SLUG = re.compile(r"[^\w-]+")
_NAMED = re.compile(r"""\b(?:id|name)\s*=\s*["']?([^"'\s>]+)""", re.IGNORECASE)


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Where an address leads.

    Attributes:
        kind: `file` of the repo; `anchor` of the same page; `web`; `empty`; `other`: mail, magnets
            and what cannot be read.
        path: of a file in the repo, without leading `./`.
        fragment: behind `#`.
        repo: of the Hub that a web address leads to; empty elsewhere.
        inside: path of a file in that repo's main branch.
    """

    kind: Kind
    path: str = ""
    fragment: str = ""
    repo: str = ""
    inside: str = ""


@lru_cache(maxsize=4096)
def read_target(address: str) -> Target:
    """Return where an address leads.

    Args:
        address: as written in the card.
    """
    address = address.strip()
    if not address:
        return Target(kind="empty")
    if address.startswith("#"):
        return Target(kind="anchor", fragment=unquote(address[1:]))
    if address.startswith("//") or address.lower().startswith(("http:", "https:")):
        return _web(address)
    if _SCHEME.match(address) or address.startswith(("/", "\\", "{", "<")):
        return Target(kind="other")
    path, _, fragment = address.partition("#")
    path = unquote(path.partition("?")[0])
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts or not parts:
        return Target(kind="other")
    return Target(kind="file", path="/".join(parts), fragment=unquote(fragment))


def _web(address: str) -> Target:
    try:
        split = urlsplit(address)
        host = (split.hostname or "").lower()
    except ValueError:
        return Target(kind="other")
    if host not in _HUB:
        return Target(kind="web")
    parts = [unquote(part) for part in split.path.split("/") if part]
    if len(parts) < 2 or parts[0] in _PAGES or not _REPO.fullmatch("/".join(parts[:2])):
        return Target(kind="web")
    inside = ""
    if len(parts) > 4 and parts[2] in _VIEWS and parts[3] == "main":
        inside = "/".join(parts[4:])
    return Target(kind="web", repo="/".join(parts[:2]), inside=inside)


@lru_cache(maxsize=4096)
def web_address(address: str) -> str:
    """Return an address of the web as it can be asked for, without `#...`; empty for others.

    Those of the Hub are looked up elsewhere; what holds spaces, braces or a password is none.
    """
    address = address.strip().partition("#")[0]
    if address.startswith("//"):
        address = f"https:{address}"
    if not address.lower().startswith(("http://", "https://")) or _NOT_ASKED.search(address):
        return ""
    try:
        split = urlsplit(address)
        host = (split.hostname or "").lower()
    except ValueError:
        return ""
    own = any(host == one or host.endswith(f".{one}") for one in _HUB)
    return "" if own or "." not in host or "@" in split.netloc else address


def lacks_scheme(address: str) -> bool:
    """Return whether an address is one of the web without its `https://`."""
    return bool(_BARE_HOST.fullmatch(address.strip()))


def is_host(text: str) -> bool:
    """Return whether a text is the name of a site: `gpus.example.org`."""
    return bool(_HOST.fullmatch(text.strip()))


def anchors(document: Document) -> frozenset[str]:
    """Return what a page can be linked to with `#`: its headings' slugs and named elements."""
    found: set[str] = set()
    for one in document.passages:
        if one.kind == "heading":
            found.add(slug(one.heading))
            found.add(slug(one.text))
    if "id=" in document.text or "name=" in document.text:
        found |= {name.lower() for name in _NAMED.findall(document.body)}
    return frozenset(found)


def slug(heading: str) -> str:
    """Return a heading as addresses name it, more leniently than any site does."""
    return _NOT_SLUG.sub("", heading.lower().replace(" ", "-")).strip("-")
