"""Licenses: which one a card states, and what some of them demand of whoever passes a model on.

The demands were read in the agreements themselves; each has its address. A license is told by an
identifier or by its full name, never by the first words of a sentence.
"""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

from hubq.markdown.frontmatter import FrontMatter
from hubq.markdown.vocabulary import LICENSES


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What a license demands of those who pass the model on, quantized or not.

    Attributes:
        id: as `stated` returns it.
        name: of the agreement.
        source: its address.
        copy: the section that demands a copy of the agreement.
        notice: the section that demands a text file named Notice.
        line: what that file must say.
        shown: the section that demands a line on a page or in the documentation; empty for none.
        phrases: any of which fulfils it, as the agreement writes them.
        marks: pieces, in lower case, that a copy of the agreement holds.
        owners: who gives it, and is not bound by it, by their names on the Hub in lower case.
    """

    id: str
    name: str
    source: str
    copy: str
    notice: str
    line: str
    shown: str = ""
    phrases: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()


_META = ("meta-llama", "facebook", "codellama")


def _llama(version: str, phrase: str) -> Terms:
    name = f"Meta Llama {version}" if version == "3" else f"Llama {version}"
    return Terms(
        id=f"llama{version}",
        name=f"{name} Community License",
        source=f"https://www.llama.com/llama{version.replace('.', '_')}/license/",
        copy="1.b.i",
        notice="1.b.iii",
        line=f"{name} is licensed under the {name} Community License, Copyright © Meta Platforms, "
        "Inc. All Rights Reserved.",
        shown="1.b.i",
        phrases=(phrase,),
        marks=(f"llama {version} community license agreement",),
        owners=_META,
    )


def _qwen(key: str, name: str, model: str, who: str = "Qwen") -> Terms:
    displayed = who == "Qwen"
    return Terms(
        id=key,
        name=name,
        source=f"https://huggingface.co/Qwen/{model}/blob/main/LICENSE",
        copy="3.a",
        notice="3.c",
        line=f"{who} is licensed under the {name}, Copyright (c) Alibaba Cloud. All Rights "
        "Reserved.",
        shown="4.b" if displayed else "",
        phrases=("Built with Qwen", "Improved using Qwen") if displayed else (),
        marks=(name.lower(),),
        owners=("qwen",),
    )


TERMS = {
    one.id: one
    for one in (
        Terms(
            id="llama2",
            name="Llama 2 Community License",
            source="https://ai.meta.com/llama/license/",
            copy="1.b.i",
            notice="1.b.iii",
            line="Llama 2 is licensed under the LLAMA 2 Community License, Copyright (c) Meta "
            "Platforms, Inc. All Rights Reserved.",
            marks=("llama 2 community license agreement",),
            owners=_META,
        ),
        _llama("3", "Built with Meta Llama 3"),
        _llama("3.1", "Built with Llama"),
        _llama("3.2", "Built with Llama"),
        _llama("3.3", "Built with Llama"),
        _llama("4", "Built with Llama"),
        Terms(
            id="gemma",
            name="Gemma Terms of Use",
            source="https://ai.google.dev/gemma/terms",
            copy="3.1",
            notice="3.1",
            line="Gemma is provided under and subject to the Gemma Terms of Use found at "
            "ai.google.dev/gemma/terms",
            marks=("gemma terms of use last modified", "section 1: definitions 1.1"),
            owners=("google",),
        ),
        _qwen("qwen", "Qwen LICENSE AGREEMENT", "Qwen2.5-72B-Instruct"),
        _qwen("qwen-research", "Qwen RESEARCH LICENSE AGREEMENT", "Qwen2.5-3B-Instruct"),
        _qwen(
            "tongyi-qianwen",
            "Tongyi Qianwen LICENSE AGREEMENT",
            "Qwen1.5-14B-Chat",
            who="Tongyi Qianwen",
        ),
        _qwen(
            "tongyi-qianwen-research",
            "Tongyi Qianwen RESEARCH LICENSE AGREEMENT",
            "Qwen1.5-0.5B-Chat",
            who="Tongyi Qianwen",
        ),
    )
}
"""By their identifier; of the licenses that ask for files or for a line on a page."""

_NOT_NAME = re.compile(r"[^a-z0-9.]+")
_WORDS = re.compile(
    r"\b(?:the|license|licence|agreement|terms|of|use|community|version|meta|public|v)\b"
)
_LLAMA = re.compile(r"llama-?([234](?:\.[0-3])?)(?:-.*)?")
_MODELS = (
    (re.compile(r"meta-llama/(?:meta-)?llama-(3\.[1-3]|[234])-", re.IGNORECASE), "llama{}"),
    (re.compile(r"codellama/codellama-", re.IGNORECASE), "llama2"),
    (re.compile(r"google/(?:code|rec)?gemma-(?:[123]n?-|\db|1\.1-)", re.IGNORECASE), "gemma"),
    (re.compile(r"qwen/qwen2\.5-(?:vl-)?3b(?:-instruct)?", re.IGNORECASE), "qwen-research"),
    (re.compile(r"qwen/qwen2\.5-(?:vl-)?72b(?:-instruct)?", re.IGNORECASE), "qwen"),
)


def stated(front: FrontMatter) -> str:
    """Return the license that a front matter states; empty for none, several, or an unnamed one."""
    names = {name.strip().lower() for name in front.items("license")}
    if len(names) != 1:
        return ""
    (name,) = names
    return (read(front.text("license_name")) or "") if name == "other" else read(name) or name


@lru_cache(maxsize=512)
def read(name: str) -> str:
    """Return the identifier of a license from its name; empty where the name tells of none.

    Args:
        name: alone, as in `Apache 2 License` or `[Llama 3.1 Community License]`.
    """
    if len(name) > 100:
        return ""
    plain = _NOT_NAME.sub("-", name.lower()).strip("-.")
    if plain in LICENSES or plain in TERMS:
        return plain
    short = _NOT_NAME.sub("-", _WORDS.sub(" ", name.lower())).strip("-.")
    found = _LLAMA.fullmatch(short)
    if found and f"llama{found[1]}" in TERMS:
        return f"llama{found[1]}"
    aliases = {
        "apache": "apache-2.0",
        "apache-2": "apache-2.0",
        "apache2": "apache-2.0",
        "apache2.0": "apache-2.0",
        "cc-by": "cc-by",
        "cc-by-nc": "cc-by-nc",
        "qwen-research": "qwen-research",
        "tongyi-qianwen-research": "tongyi-qianwen-research",
        "gpl": "gpl",
        "gplv3": "gpl-3.0",
        "gpl-3": "gpl-3.0",
    }
    return aliases.get(short, short if short in LICENSES or short in TERMS else "")


def of_model(repo: str) -> str:
    """Return the license of a model known by its id; empty for any other.

    Args:
        repo: `namespace/name`.
    """
    for pattern, name in _MODELS:
        found = pattern.match(repo)
        whole = found and (name not in ("qwen", "qwen-research") or found.end() == len(repo))
        if found and whole:
            return name.format(*found.groups())
    return ""


def agree(one: str, other: str) -> bool:
    """Return whether two identifiers may be of one license; `cc-by` is any of its versions."""
    return one == other or one.startswith(f"{other}-") or other.startswith(f"{one}-")
