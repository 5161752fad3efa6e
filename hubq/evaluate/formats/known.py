"""Known sizes: how many questions well-known benchmarks have, and what their scores are.

A number of questions is taken as known only where the printed name says which split it is, or where
there is one split that scores are given for. What a user says (`--n TASK=N`) goes before.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from hubq.evaluate.formats.benchmarks import BENCHMARKS, Benchmark, What
from hubq.evaluate.formats.remembering import remembered

_PARTS = re.compile(r"\s+/\s+|[,;()\[\]]")
#: What may stand beside a benchmark's name without making it another set of questions.
_BESIDE = re.compile(
    r"(zero|few|\d+)[ -]?shots?|acc(uracy)?([_-]\w+)?|em|exact[ _-]?match|pass@1|score|cot|mc\d"
    r"|strict([ _-]match)?|flexible([ _-]\w+)?|greedy|%|\d+|test|val(idation)?|dev"
    r"|relaxed( acc\w*)?|(general|reasoning|maths?|code|knowledge|vision|text)( tasks| benchmarks)?"
    r"|tasks|benchmarks|↑",
    re.IGNORECASE,
)
_NOISE = re.compile(r"[^a-z0-9]+")

#: Metrics whose mean is no count of right answers, and why it is not.
_PARTIAL = {
    **dict.fromkeys(("anls", "ned", "f1", "bleu", "rouge", "iou"), "gives parts of a point"),
    **dict.fromkeys(("vqa acc", "vqa score", "gpt score"), "gives parts of a point"),
    **dict.fromkeys(("macro", "average", "avg"), "is a mean of several scores"),
}


#: Benchmarks whose own score is such a mean, whatever the split.
_MEANS = ("docvqa", "infovqa", "infographicvqa", "textvqa", "vqav2", "stvqa", "ocrbenchv2")


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """How many questions a score is over, and what it is: a count of right ones, or a mean.

    Attributes:
        n: the questions.
        what: `count` where each is right or wrong.
        said: where n is from; for a mean, why it is no count.
    """

    n: int
    what: What = "count"
    said: str = "known size"


def _size(one: Benchmark) -> Size:
    return Size(n=one.n, what=one.what, said=one.said)


def _mean(n: int, said: str) -> Size:
    return Size(n=n, what="mean", said=said)


_SIZES = {one.name: _size(one) for one in BENCHMARKS}
_BY_NAME = {
    plain_name: one.name
    for one in BENCHMARKS
    for plain_name in (_NOISE.sub("", one.name), *one.aliases)
}


def size_of(task: str, given: Mapping[str, int]) -> Size | None:
    """Return the size of a task as it is printed in a table, or none when it is not known.

    Args:
        task: the printed name, with or without a metric in brackets.
        given: sizes that the user knows, by the printed name.
    """
    names = _names(task)
    short = names | {plain(re.split(r"[(\[]", task)[0])}
    why = next((f"{word} {said}" for word, said in _PARTIAL.items() if word in task.lower()), "")
    if not why and plain(task).startswith(_MEANS):
        why = "its metric gives parts of a point"
    for name, n in given.items():
        if plain(name) in short:
            return Size(n=n, what="mean" if why else "count", said=why or "given by --n")
    found = next((_BY_NAME[name] for name in sorted(names) if name in _BY_NAME), None)
    if found is None:
        return None
    size = _SIZES[found]
    return _mean(size.n, why) if why and size.what == "count" else size


def _names(task: str) -> set[str]:
    """Return the names under which a printed task may be known.

    The whole of it, and the one part that is a name when the others only say how it was asked:
    `GSM8K (8-shot)` is all of GSM8K, `MMLU (humanities)` is not all of MMLU.
    """
    parts = [part.strip() for part in _PARTS.split(task) if part.strip()]
    own = [part for part in parts if not _BESIDE.fullmatch(part) and not _is_metric(part)]
    return {plain(task), *([plain(own[0])] if len(own) == 1 else [])}


def _is_metric(part: str) -> bool:
    return any(part.lower().startswith(word) for word in _PARTIAL)


@remembered
def plain(name: str) -> str:
    """Return a name in lower-case letters and digits alone."""
    return _NOISE.sub("", name.lower())
