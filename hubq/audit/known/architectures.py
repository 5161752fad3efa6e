"""Architectures: since when the engines load them."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from hubq.audit.known.tables import Span, engine, transformers
from hubq.audit.known.versions import Version

_SEPARATORS = re.compile(r"[-_. ]+")
#: Names that say less than they seem to, or belong to models of other makes as well.
_LOOSE = frozenset(
    {"auto", "bert", "bit", "clip", "code_llama", "dac", "deprecated", "dit", "dpr", "encodec"}
    | {"esm", "fast", "git", "glm", "groupvit", "instruct", "led", "levit", "mega", "mra", "opt"}
    | {"owl", "phi", "plbart", "rag", "rembert", "sam", "shieldgemma", "superglue", "timm", "vit"}
)


def of_type(model_type: str) -> Span | None:
    """Return the transformers releases that know a `model_type`; none for an unknown one."""
    return _certain(transformers().model_types.get(model_type))


def of_class(name: str) -> Span | None:
    """Return the transformers releases that have a model class; none for an unknown one."""
    return _certain(transformers().classes.get(name))


def in_engine(architecture: str, package: str) -> Span | None:
    """Return the releases that run an architecture themselves; none for an unknown one.

    What is in the first release with any may be older, and is unknown.

    Args:
        architecture: the name of a class, as config.json has it.
        package: the engine, `vllm` or `sglang`.
    """
    span = engine(package).architectures.get(architecture)
    return None if span is None or span.first == _begins(package) else span


@cache
def _begins(package: str) -> str:
    firsts = {span.first for span in engine(package).architectures.values()}
    return min(firsts, key=Version.of)


def _certain(span: Span | None) -> Span | None:
    """Return a span but where its first release is the first one that was read."""
    return None if span is None or span.first == transformers().oldest else span


@cache
def _plain() -> dict[str, str]:
    """Return model types without separators -> as they are written."""
    plain: dict[str, str] = {}
    for name in transformers().model_types:
        if name not in _LOOSE and len(name) > 2:
            plain.setdefault(_SEPARATORS.sub("", name.lower()), name)
    return plain


@lru_cache(maxsize=1024)
def type_in_name(model: str) -> str:
    """Return the `model_type` that a model's name begins with; empty where none is plain.

    `Qwen2-VL-7B-Instruct-AWQ` begins with `qwen2_vl`; of several, the longest counts.

    Args:
        model: the second part of a repo's id.
    """
    parts = [part for part in _SEPARATORS.split(model.lower()) if part][:4]
    for count in range(len(parts), 0, -1):
        found = _plain().get("".join(parts[:count]))
        if found:
            return found
    return ""


@cache
def _classes(package: str) -> dict[str, str]:
    """Return model types without separators -> the architecture an engine had first for them."""
    found: dict[str, str] = {}
    spans = engine(package).architectures
    for name in sorted(spans, key=lambda one: Version.of(spans[one].first)):
        stem, wanted, _ = name.partition("For")
        if wanted:
            found.setdefault(_SEPARATORS.sub("", stem.lower()), name)
    return found


def class_of(model_type: str, package: str) -> str:
    """Return the architecture of a `model_type` as an engine has it; empty for an unknown one."""
    return _classes(package).get(_SEPARATORS.sub("", model_type.lower()), "")


@cache
def fallback(package: str) -> str:
    """Return the first release of an engine that runs models with the code of transformers."""
    listed = engine(package).architectures.items()
    firsts = [span.first for name, span in listed if name.startswith("Transformers")]
    return min(firsts, key=Version.of, default="")
