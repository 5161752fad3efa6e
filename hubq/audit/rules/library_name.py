"""A card that does not say which library loads the model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from functools import lru_cache

from hubq.audit.bases import is_quantized
from hubq.audit.naming import read_name
from hubq.audit.quantization import quantization_of
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.markdown.vocabulary import LIBRARIES
from hubq.model.finding import Finding

_IMPORT = re.compile(r"^\s*(?:from|import) (transformers|vllm)\b", re.MULTILINE)
#: Libraries that transformers or vLLM load the files of.
_LOADED = frozenset({"transformers", "peft", "sentence-transformers"})
_LONGEST = 100
"""Characters of a library's name that are compared."""
_FEWEST = 300
"""Characters of a card that speaks of anything."""


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for a library that is not said, or misspelt."""
    document = subject.document
    front = document.front
    if not front.present or front.problem:
        return
    library = front.text("library_name")
    if library:
        yield from _misspelt(subject, library)
        yield from _unused(subject, library)
    elif not front.data.get("library_name") and not _is_gguf(subject):
        yield finding(
            subject,
            RULE.id,
            "library_name is not said, and the Hub infers none for repos made since August 2024",
            severity="info",
            at=(1, 1),
            remedy="Add library_name, `transformers` for what transformers loads.",
            sources=RULE.sources,
        )


def _misspelt(subject: Subject, library: str) -> Iterator[Finding]:
    near = "" if library in LIBRARIES else _near(library)
    if near:
        yield finding(
            subject,
            RULE.id,
            f"the Hub knows no library of this name; it knows {near}",
            severity="info",
            at=subject.document.key_spot("library_name"),
            said=library,
            remedy=f"Write `library_name: {near}`, if that is meant.",
            sources=RULE.sources,
        )


@lru_cache(maxsize=256)
def _near(library: str) -> str:
    """Return the known library that was likely meant; empty for none."""
    folded = {one.lower(): one for one in LIBRARIES}
    word = library.lower().replace(" ", "-")[:_LONGEST]
    found = get_close_matches(word, sorted(folded), n=1, cutoff=0.8)
    return folded[found[0]] if found else ""


def _unused(subject: Subject, library: str) -> Iterator[Finding]:
    """Yield a finding for a library of which the card says nothing, while its code uses another."""
    if library in _LOADED or library not in LIBRARIES or not is_quantized(subject):
        return
    body = subject.document.body.lower()
    plain = library.lower()
    if len(body) < _FEWEST or plain in body or plain.replace("-", "_") in body:
        return
    used = _IMPORT.search("\n".join(one.text for one in subject.document.codes))
    instead = "the files are GGUF" if _is_gguf(subject) else ""
    instead = f"the card's code uses {used[1]}" if used else instead
    yield finding(
        subject,
        RULE.id,
        f"nothing on the card speaks of {library}" + (f"; {instead}" if instead else ""),
        severity="warning" if instead else "info",
        at=subject.document.key_spot("library_name"),
        said=library,
        remedy="Write the library that loads the model.",
        sources=RULE.sources,
    )


def _is_gguf(subject: Subject) -> bool:
    """Return whether the files are such that the Hub knows their library from them."""
    methods = {one.method for one in quantization_of(subject)}
    return "gguf" in methods or read_name(subject.model).format in ("gguf", "ggml")


RULE = Rule(
    id="library-name",
    group="metadata",
    title="The library that loads the model is not said, or is another one",
    severity="warning",
    why="By `library_name` the Hub shows how to load a model, counts its downloads and finds it by "
    "filters. It infers none for repos made since August 2024. GGUF files say it themselves.",
    example="A front matter with `license` and `base_model`, and no `library_name`.",
    fix="Add `library_name: transformers`, or the library that it is made for.",
    check=check,
    sources=("https://huggingface.co/docs/hub/model-cards#specifying-a-library",),
)
