"""Targets: what people may name to be audited, told apart by how it is written and what is there.

A repo (`org/name[@revision]` or its page), a user or organization, a collection (slug or page), a
folder (of one repo, of READMEs, of repos' folders), a README, a list of targets, or `-` for a
README on standard input.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

import msgspec

from hubq.errors import BadInput
from hubq.model.source import split_reference

STDIN = "-"
Kind = Literal["repo", "owner", "collection", "folder", "readme"]

_NAME = r"[A-Za-z0-9][\w.-]{0,95}"
_REPO = re.compile(rf"{_NAME}/{_NAME}\Z")
_OWNER = re.compile(r"[A-Za-z0-9][\w-]{0,95}\Z")
_COLLECTION = re.compile(rf"{_NAME}/[\w.-]*-?[0-9a-f]{{24}}\Z")
_READMES = frozenset({".md", ".markdown", ".mdown", ".mdx"})
_LISTS = frozenset({".txt", ".list", ".lst"})
_WEIGHTS = ("*.safetensors", "*.gguf", "*.bin", "*.pt")
_HIDDEN = (".", "__")
_DEPTH = 6
"""Folders within folders that are looked through."""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to audit, or to look up what to audit.

    Attributes:
        kind: what it is.
        name: the repo's id, the owner, the collection's slug, or the path as it was given.
        revision: of a repo; empty for its main branch.
        repo: the id of what a folder or README is of, where that was said; empty otherwise.
    """

    kind: Kind
    name: str
    revision: str = ""
    repo: str = ""


def targets_of(words: tuple[str, ...], endpoint: str = "") -> tuple[Target, ...]:
    """Return what some words name, in order and once.

    Args:
        words: as on the command line.
        endpoint: of the hub, whose pages may be named; empty for none.

    Raises:
        BadInput: a word names nothing that can be audited, or a path that is not there.
    """
    found = (target for word in words for target in _named(word, endpoint))
    return tuple(dict.fromkeys(found))


def _named(word: str, endpoint: str) -> Iterator[Target]:
    """Yield what a word names."""
    path = Path(word).expanduser()
    if word == STDIN:
        yield Target(kind="readme", name=STDIN)
    elif word.startswith(("http://", "https://")):
        yield _page(word, endpoint)
    elif path.is_dir():
        yield from in_folder(path)
    elif path.is_file():
        if path.suffix.lower() in _LISTS:
            yield from _listed(path, endpoint)
        else:
            yield Target(kind="readme", name=str(path))
    else:
        yield _on_hub(word)


def _on_hub(word: str) -> Target:
    """Return what a word names on a hub.

    Raises:
        BadInput: nothing.
    """
    looks_like_path = word.startswith((".", "/", "~")) or word.lower().endswith(
        (*_READMES, *_LISTS)
    )
    repo, revision = split_reference(word)
    if looks_like_path:
        raise BadInput(f"{word}: no such file or folder")
    if _COLLECTION.match(word):
        return Target(kind="collection", name=word)
    if _REPO.match(repo):
        return Target(kind="repo", name=repo, revision=revision or "")
    if _OWNER.match(word):
        return Target(kind="owner", name=word)
    raise BadInput(
        f"{word}: nothing that can be audited",
        remedy="Name a repo (org/name[@revision]), a user or organization, a collection, a folder, "
        "a README, a list of those (.txt), or - for standard input.",
    )


def _page(address: str, endpoint: str) -> Target:
    """Return what a page of the hub is about.

    Raises:
        BadInput: it is a page of another server, or about nothing that can be audited.
    """
    parts = urlsplit(address)
    if parts.netloc != urlsplit(endpoint).netloc:
        raise BadInput(
            f"{address}: not a page of {endpoint or 'any hub that is asked'}",
            remedy=f"Say where it is: --hub {parts.scheme}://{parts.netloc}",
        )
    path = [unquote(part) for part in parts.path.strip("/").split("/") if part]
    if path[:1] == ["collections"] and len(path) == 3:
        return Target(kind="collection", name="/".join(path[1:]))
    if path[:1] in (["datasets"], ["spaces"]) or not path:
        raise BadInput(f"{address}: no model, user, organization or collection")
    if len(path) == 1:
        return _on_hub(path[0])
    revision = path[3] if len(path) > 3 and path[2] in ("tree", "blob", "commit") else ""
    return _on_hub("/".join(path[:2]) + (f"@{revision}" if revision else ""))


def _listed(path: Path, endpoint: str) -> Iterator[Target]:
    """Yield what the lines of a list name: `TARGET`, or `PATH REPO` for what is of a repo.

    Paths are relative to the list. Empty lines and those that begin with `#` are passed over.

    Raises:
        BadInput: a line has other parts, or names nothing; says which.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: cannot be read as a list of targets: {error}") from None
    for number, line in enumerate(lines, start=1):
        words = line.split("#", 1)[0].split() if line.lstrip().startswith("#") else line.split()
        if not words:
            continue
        here = path.parent / Path(words[0]).expanduser()
        word = str(here) if here.exists() else words[0]
        if len(words) > 2 or (len(words) == 2 and not (_REPO.match(words[1]) and here.exists())):
            raise BadInput(
                f"{path}:{number}: {line.strip()}: expected a target, or a path and its repo's id"
            )
        try:
            found = tuple(_named(word, endpoint))
        except BadInput as error:
            raise BadInput(f"{path}:{number}: {error.message}", remedy=error.remedy) from None
        for one in found:
            yield msgspec.structs.replace(one, repo=words[1]) if len(words) == 2 else one


def in_folder(folder: Path) -> Iterator[Target]:
    """Yield what a folder holds: itself when it is a repo's, else READMEs and repos' folders.

    Raises:
        BadInput: there is nothing of that in it.
    """
    found = tuple(_walk(folder, 0))
    if not found:
        raise BadInput(
            f"{folder}: neither a model's folder nor any README in it",
            remedy="Name a folder with a README.md or a config.json, or one that holds such.",
        )
    yield from found


def _walk(folder: Path, depth: int) -> Iterator[Target]:
    if is_model(folder):
        yield Target(kind="folder", name=str(folder))
        return
    entries = sorted(folder.iterdir())
    for path in entries:
        if path.is_file() and path.suffix.lower() in _READMES:
            yield Target(kind="readme", name=str(path))
    for path in entries:
        if path.is_dir() and not path.name.startswith(_HIDDEN) and depth < _DEPTH:
            yield from _walk(path, depth + 1)


def is_model(folder: Path) -> bool:
    """Say whether a folder holds the files of one repo, rather than several repos or cards."""
    if any((folder / name).is_file() for name in ("config.json", "hubq.json")):
        return True
    return any(next(folder.glob(pattern), None) is not None for pattern in _WEIGHTS)


def repo_id(path: Path, card: str, base: Callable[[], str]) -> str:
    """Return the id of the repo that a file or folder is of; empty where nothing confirms it.

    Its name says it (`OWNER_NAME.md`, `OWNER__NAME.md`, a folder `NAME`), and the card names that
    repo, as something else than the model that it was made from.

    Args:
        path: of the README or folder.
        card: the README's text.
        base: gives the id of the model that it was made from.
    """
    stem = path.name.removesuffix(path.suffix) if path.suffix.lower() in _READMES else path.name
    for owner, name in _guesses(stem):
        pattern = re.escape(name) if not owner else rf"{re.escape(owner)}/{re.escape(name)}"
        before = rf"(?<![\w/.-])(?:{_NAME}/)?" if not owner else r"(?<![\w.-])"
        ends = rf"{before}{pattern}(?![\w-]|\.\w|/[\w.-])"
        for found in re.finditer(ends, card, re.IGNORECASE):
            whole = found[0]
            if "/" in whole and whole != base():
                return f"{whole.partition('/')[0]}/{name}"
    return ""


def _guesses(stem: str) -> Iterator[tuple[str, str]]:
    """Yield the owners and names that a file's name may stand for."""
    for mark in ("__", "--", "_"):
        owner, found, name = stem.partition(mark)
        if found and owner and name:
            yield owner, name
    if stem.lower() not in {"readme", "card", "model"}:
        yield "", stem
