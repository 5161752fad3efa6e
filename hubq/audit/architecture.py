"""Architectures: what a subject's model is, and which releases of an engine can know it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from hubq.audit.document import Document
from hubq.audit.known import architectures
from hubq.audit.known.tables import Span
from hubq.audit.known.versions import Version
from hubq.audit.subject import Subject

_IMPORT = re.compile(
    r"from[ \t]{1,4}transformers[ \t]{1,4}import[ \t]{0,4}(\([^)]{0,2000}|[^\n#]{0,400})"
)
_CLASS = re.compile(r"\b(?!Auto|TF|Flax)[A-Z]\w{1,60}For[A-Z]\w{2,60}\b")
_UNKNOWN = re.compile(r"KeyError:\s{0,2}[\"'`]([a-z][a-z0-9_-]{2,30})[\"'`]")
_REMOTE = re.compile(r"trust[_-]remote[_-]code(?![ \t]{0,3}=[ \t]{0,3}False)")


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """Why a model can only be loaded by some releases.

    Attributes:
        name: of the architecture: a `model_type`, or a class.
        span: the releases that know it.
        words: where that is said: `config.json says model_type qwen2_vl`.
        certain: whether the subject says it, rather than only its name.
        otherwise: the first release that may load it all the same; empty for none.
    """

    name: str
    span: Span
    words: str
    certain: bool = True
    otherwise: str = ""

    def excludes(self, version: Version) -> bool:
        """Return whether a version as written stands for releases that cannot know it."""
        first = Version.of(self.span.first)
        if self.otherwise and version >= Version.of(self.otherwise):
            return False
        short = len(version.numbers) < len(first.numbers)
        return self.span.before(version) and not (short and version.covers(first))


def in_transformers(subject: Subject) -> tuple[Evidence, ...]:
    """Return what tells of transformers releases, what is certain first."""
    return tuple(sorted(_transformers(subject), key=lambda one: not one.certain))


def in_engine(subject: Subject, package: str) -> tuple[Evidence, ...]:
    """Return what tells of releases of an engine, what is certain first.

    Later ones run what they do not know with the code of transformers.

    Args:
        subject: whose model it is.
        package: the engine, `vllm` or `sglang`.
    """
    found: list[Evidence] = []
    for name, words, certain in _named(subject, package):
        span = architectures.in_engine(name, package)
        if span is not None:
            found.append(
                Evidence(
                    name=name,
                    span=span,
                    words=words,
                    certain=certain,
                    otherwise=architectures.fallback(package),
                )
            )
    return tuple(sorted(found, key=lambda one: not one.certain))


def against(evidence: tuple[Evidence, ...], version: Version) -> Evidence | None:
    """Return the best evidence that a version cannot load the model; none where it may."""
    return next((one for one in evidence if one.excludes(version)), None)


def _transformers(subject: Subject) -> Iterator[Evidence]:
    remote = _REMOTE.search(subject.document.text) is not None
    for kind, words, certain in _types(subject):
        span = architectures.of_type(kind)
        if span is not None and (certain or not remote):
            yield Evidence(name=kind, span=span, words=words, certain=certain)
    for name in imported(subject.document):
        span = architectures.of_class(name)
        if span is not None:
            yield Evidence(name=name, span=span, words=f"the card's code imports `{name}`")


def _types(subject: Subject) -> Iterator[tuple[str, str, bool]]:
    """Yield the model's types with where they are said, and whether they are said for certain."""
    for owner, whose in ((subject, "config.json"), (subject.base, "the base model's config.json")):
        config = owner.config if owner is not None else None
        kind = (config or {}).get("model_type")
        if config is not None and isinstance(kind, str):
            if not config.get("auto_map"):
                yield kind, f"{whose} says model_type `{kind}`", True
            return
    text = subject.document.text
    told = subject.document.front.data.get("model_type")
    if isinstance(told, str) and architectures.of_type(told):
        yield told, f"the card's front matter says model_type `{told}`", False
    if "KeyError" in text:
        for kind in dict.fromkeys(_UNKNOWN.findall(text)):
            yield kind, f"the card quotes `KeyError: '{kind}'` of older releases", True
    for model in _models(subject):
        kind = architectures.type_in_name(model)
        if kind:
            yield kind, f"by its name, {model}, its model_type is `{kind}`", False
            return


def _models(subject: Subject) -> Iterator[str]:
    """Yield names that the model goes by."""
    if subject.model:
        yield subject.model
    title = subject.document.title.strip("` ")
    if title and " " not in title:
        yield title.rpartition("/")[2]
    base = subject.document.front.data.get("base_model")
    for one in base if isinstance(base, list) else [base]:
        if isinstance(one, str):
            yield one.rpartition("/")[2]


def _named(subject: Subject, package: str) -> Iterator[tuple[str, str, bool]]:
    """Yield names of architectures as an engine has them."""
    config = subject.config or (subject.base.config if subject.base else None) or {}
    listed = config.get("architectures")
    for name in listed if isinstance(listed, list) else ():
        if isinstance(name, str):
            yield name, f"config.json says architecture `{name}`", True
    for name in imported(subject.document):
        yield name, f"the card's code imports `{name}`", True
    for kind, words, certain in _types(subject):
        name = architectures.class_of(kind, package)
        if name:
            yield name, words, certain


def imported(document: Document) -> tuple[str, ...]:
    """Return the classes of models that a card's code imports from transformers."""
    if "from transformers" not in document.text:
        return ()
    names: dict[str, None] = {}
    for code in document.codes:
        for found in _IMPORT.findall(code.text):
            names |= dict.fromkeys(_CLASS.findall(found))
    return tuple(names)
