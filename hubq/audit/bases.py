"""Bases: what a quantized repo was made from, as its card, its name and its base say."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from hubq.audit.links import read_target
from hubq.audit.naming import read_name
from hubq.audit.parts import Spot
from hubq.audit.quantization import quantization_of
from hubq.audit.subject import Subject
from hubq.markdown.frontmatter import is_repo_id

_NOT_NAME = re.compile(r"[^a-z0-9]+")
#: Keys of a config that quantization does not change.
SHAPE = ("model_type", "hidden_size", "num_hidden_layers", "num_attention_heads")


def stated_bases(subject: Subject) -> tuple[str, ...]:
    """Return the ids that the front matter names as base models."""
    found = subject.document.front.items("base_model")
    return tuple(one.strip() for one in found if is_repo_id(one.strip()))


def is_quantized(subject: Subject) -> bool:
    """Return whether a repo holds quantized weights, by its files, its name or its card's title.

    A README whose repo is not known is told by the name of the file too.
    """
    if quantization_of(subject):
        return True
    stem = PurePosixPath(subject.gathered.card_path).stem
    names = (subject.model,) if subject.repo else (subject.document.title, stem)
    return any(_tells(name) for name in names)


def _tells(name: str) -> bool:
    facts = read_name(name)
    converted = facts.method == "mlx" and facts.bits is None and not facts.mixed
    return facts.quantized and not converted


def same_name(one: str, other: str) -> bool:
    """Return whether two names of models differ in nothing but case and punctuation."""
    return plain_name(one) == plain_name(other) != ""


def plain_name(name: str) -> str:
    """Return a model's name in lower case, without owner and punctuation."""
    return _NOT_NAME.sub("", name.rpartition("/")[2].lower())


def linked_base(subject: Subject) -> tuple[str, Spot]:
    """Return the repo that the card links to and whose name is this one's without quantization.

    Returns:
        Its id and where the link stands; empty where there is none, or several.
    """
    guess = plain_name(read_name(subject.model).base_guess) if subject.model else ""
    found: dict[str, Spot] = {}
    for link in subject.document.links if guess else ():
        repo = read_target(link.target).repo
        if repo and repo != subject.repo and plain_name(repo) == guess:
            found.setdefault(repo, Spot(link.line, link.column))
    return next(iter(found.items())) if len(found) == 1 else ("", Spot(0))


def certain_base(subject: Subject) -> str:
    """Return the base that was looked up, where nothing speaks against its being the base.

    Its name must be this repo's without what tells of quantization, or what the card links to as
    such, and the shapes in both configurations must agree.
    """
    base = subject.base
    if base is None or not base.repo or base.repo == subject.repo:
        return ""
    guess = plain_name(read_name(subject.model).base_guess) if subject.model else ""
    named = guess == plain_name(base.repo) or linked_base(subject)[0] == base.repo
    ours, theirs = subject.config, base.config
    if not named or ours is None or theirs is None:
        return ""
    same = all(ours.get(key) == theirs.get(key) for key in SHAPE)
    return base.repo if same and not read_name(base.model).quantized else ""
