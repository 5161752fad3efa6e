"""Kin: the model that a repo was made from, and its owner's other quantized repos of its family.

A family is an owner's models of one name, whatever their sizes; versions of the very same model
stand first among them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePath

import msgspec

from hubq.audit.document import Document
from hubq.audit.library import Library
from hubq.audit.links import read_target
from hubq.audit.naming import read_name
from hubq.audit.subject import Gathered, Subject
from hubq.errors import BadInput
from hubq.markdown.frontmatter import is_repo_id, parse

MOST = 8
"""Siblings that are looked at beside a repo."""

_LISTED = 100
"""Repos of an owner that are looked through for siblings."""
_PLAIN = re.compile(r"[^a-z0-9]+")
_PROJECT = re.compile(r"github\.com/([\w-]{1,39})/([\w.-]{1,100})")
_OF_PROJECT = re.compile(r"(?P<owner>[A-Za-z0-9-]{1,39})_(?P<name>[\w.-]{1,100}?)__README")


class Kin(msgspec.Struct, frozen=True, kw_only=True):
    """Who is akin to a repo.

    Attributes:
        family: what its siblings share with it; empty where the repo's id is not known.
        bases: ids of what it may have been made from, the surest first.
        base: of those, the one that was looked up and is there; empty for none.
        siblings: ids of repos that were looked up.
        gone: ids that the card names, and that are not there.
    """

    family: str = ""
    bases: tuple[str, ...] = ()
    base: str = ""
    siblings: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()


def family_of(repo: str) -> str:
    """Return what a repo's siblings share: owner and name before the size; empty for no id."""
    owner, _, name = repo.rpartition("/")
    plain = _plain(_family(name))
    return f"{owner.lower()}/{plain}" if owner and plain else ""


def project_of(path: str) -> str:
    """Return the project on GitHub whose README a file is, by its name: `OWNER_NAME__README.md`.

    In lower case; empty for other files.
    """
    found = _OF_PROJECT.fullmatch(PurePath(path).stem)
    return f"{found['owner']}/{found['name']}".lower() if found else ""


def projects_linked(card: str) -> tuple[str, ...]:
    """Return the projects on GitHub that a card links to, in lower case, the first few."""
    if "github.com/" not in card:
        return ()
    found = (f"{one[1]}/{one[2].removesuffix('.git')}" for one in _PROJECT.finditer(card))
    return tuple(dict.fromkeys(one.rstrip(".").lower() for one in found))[:MOST]


def nearest(repo: str, others: Iterable[str]) -> list[str]:
    """Return repos of a family with those of the very same model first."""
    model = _plain(read_name(repo.rpartition("/")[2]).base_guess)
    return sorted(
        others, key=lambda one: _plain(read_name(one.rpartition("/")[2]).base_guess) != model
    )


def _family(name: str) -> str:
    facts = read_name(name)
    return facts.family or facts.base_guess or name


def _plain(text: str) -> str:
    return _PLAIN.sub("", text.lower())


def bases_of(gathered: Gathered) -> tuple[str, ...]:
    """Return ids of what a repo may have been made from, the surest first.

    What its front matter says; what its config was loaded from; a repo of the same owner whose name
    is its own without quantization.
    """
    found = parse(gathered.card).items("base_model") if gathered.card else []
    config = Subject(gathered).config or {}
    found.append(str(config.get("_name_or_path", "")))
    owner, _, name = gathered.repo.rpartition("/")
    guess = read_name(name).base_guess if name else ""
    found.append(f"{owner}/{guess}" if guess and guess != name else "")
    names = (one.strip() for one in found)
    return tuple(dict.fromkeys(one for one in names if _is_id(one) and one != gathered.repo))


def alone(gathered: Gathered) -> Kin:
    """Return who is akin to a repo as far as its own files tell."""
    return Kin(family=family_of(gathered.repo), bases=bases_of(gathered))


def looked_up(library: Library, gathered: Gathered, known: frozenset[str]) -> Kin:
    """Return who is akin to a repo, asked of a hub.

    Args:
        library: that is asked.
        gathered: the repo.
        known: ids that are audited themselves, and need not be looked up.

    Raises:
        HubProblem: the hub does not answer.
    """
    kin = alone(gathered)
    base = next((one for one in kin.bases if one in known or library.kin(one)), "")
    siblings = _siblings(library, gathered, kin, known)
    stated = parse(gathered.card).items("base_model") if gathered.card else []
    named = [one for one in (*stated, *_linked(gathered)) if _is_id(one)]
    there = {base, *siblings, *known, gathered.repo}
    gone = tuple(one for one in dict.fromkeys(named) if one not in there and library.gone(one))
    return msgspec.structs.replace(kin, base=base, siblings=siblings, gone=gone)


def _siblings(
    library: Library, gathered: Gathered, kin: Kin, known: frozenset[str]
) -> tuple[str, ...]:
    """Return ids of the owner's other quantized repos of the family."""
    owner, _, name = gathered.repo.rpartition("/")
    if not kin.family:
        return ()
    try:
        listed = library.models(owner, _family(name), _LISTED)
    except BadInput:
        return ()
    same = [
        one.repo
        for one in listed
        if one.repo not in {gathered.repo, *kin.bases}
        and family_of(one.repo) == kin.family
        and read_name(one.repo.rpartition("/")[2]).quantized
    ]
    near = nearest(gathered.repo, same)[:MOST]
    return tuple(one for one in near if one in known or library.kin(one) is not None)


def _linked(gathered: Gathered) -> list[str]:
    """Return ids of the owner's repos that a card links to, the first few."""
    owner = gathered.repo.partition("/")[0]
    if not gathered.card or not owner or f"{owner}/" not in gathered.card:
        return []
    linked = (read_target(link.target).repo for link in Document(gathered.card).links)
    return list(dict.fromkeys(one for one in linked if one.startswith(f"{owner}/")))[:MOST]


def _is_id(text: str) -> bool:
    return is_repo_id(text) and text.count("/") == 1
