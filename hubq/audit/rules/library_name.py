"""A card that does not say which library loads the model."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from hubq.audit.naming import read_name
from hubq.audit.quantization import quantization_of
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.markdown.vocabulary import LIBRARIES
from hubq.model.finding import Finding


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for a library that is not said, or misspelt."""
    document = subject.document
    front = document.front
    if not front.present or front.problem:
        return
    library = front.text("library_name")
    if library:
        yield from _misspelt(subject, library)
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
    folded = {one.lower(): one for one in LIBRARIES}
    near = get_close_matches(library.lower().replace(" ", "-"), sorted(folded), n=1, cutoff=0.8)
    if library not in LIBRARIES and near:
        yield finding(
            subject,
            RULE.id,
            f"the Hub knows no library of this name; it knows {folded[near[0]]}",
            severity="info",
            at=subject.document.key_spot("library_name"),
            said=library,
            remedy=f"Write `library_name: {folded[near[0]]}`, if that is meant.",
            sources=RULE.sources,
        )


def _is_gguf(subject: Subject) -> bool:
    """Return whether the files are such that the Hub knows their library from them."""
    methods = {one.method for one in quantization_of(subject)}
    return "gguf" in methods or read_name(subject.model).format in ("gguf", "ggml")


RULE = Rule(
    id="library-name",
    group="metadata",
    title="The library that loads the model is not said",
    severity="info",
    why="By `library_name` the Hub shows how to load a model, counts its downloads and finds it by "
    "filters. It infers none for repos made since August 2024. GGUF files say it themselves.",
    example="A front matter with `license` and `base_model`, and no `library_name`.",
    fix="Add `library_name: transformers`, or the library that it is made for.",
    check=check,
    sources=("https://huggingface.co/docs/hub/model-cards#specifying-a-library",),
)
