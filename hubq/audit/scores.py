"""Scores: every printed score whose benchmark is known, with what it still tells.

How many questions a score is over is known from the benchmark's name, or from the split that the
card's text names: a column `MathVista` under a list with `MathVista_MINI` is that. A card that says
it asked only some of the questions, or printed the mean of several runs, tells nothing by this.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

import msgspec

from hubq import stats
from hubq.audit.document import Document
from hubq.audit.kept import kept
from hubq.audit.lowered import holds_any, lowered
from hubq.cards.published.sheets import Block, Line, Place, Sheet
from hubq.evaluate.formats import known
from hubq.evaluate.formats.benchmarks import What
from hubq.evaluate.formats.known import Size

_SPLIT = re.compile(r"[A-Za-z][A-Za-z0-9-]*(?:_[A-Za-z0-9]+)+")
_SUBSET = (
    re.compile(
        r"(\d[\d,]*)[- ](?:sample|question|item|example|instance|prompt)s? subset", re.IGNORECASE
    ),
    re.compile(r"\bsubset of (\d[\d,]*)\b", re.IGNORECASE),
    re.compile(r"\bfirst (\d[\d,]*) (?:samples|questions|items|examples|prompts)", re.IGNORECASE),
)
_LIMIT = re.compile(r"--(?:limit|num_samples|max_samples|n_samples)[= ]+(\d+(?:\.\d+)?)")
_LIMITED = re.compile(r"subset|\bfirst \d", re.IGNORECASE)
#: Of these so many questions of each subject are asked.
_GROUPS = re.compile(r"mmlu|bbh|big-?bench|mgsm|c-?eval|agieval|musr|mmmu|ifeval", re.IGNORECASE)
_MEANS = ("average", "mean", "median")
_REPEATED = ("runs", "seeds", "trials", "times", "repe", "samplings")
_RUNS = re.compile(
    r"(?:averaged?|means?|medians?)\b[^.]{0,30}\b(?:over|of|across|from)\b[^.]{0,20}"
    r"\b(?:\d+|two|three|four|five|ten|several|multiple)\b[^.]{0,20}\b(?:runs|seeds|trials|times"
    r"|repeats|repetitions|samplings)\b",
    re.IGNORECASE,
)


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """A printed score.

    Attributes:
        sheet, block, line, task, place: where it stands.
        size: how many questions it is over.
        read: what it stands for; none where it is on no scale of theirs.
    """

    sheet: Sheet
    block: Block
    line: Line
    task: str
    place: Place
    size: Size
    read: stats.Printed | None

    @property
    def counted(self) -> bool:
        """Whether it is a count of right answers, and some count is printed so."""
        return self.read is not None and not self.read.reason

    @property
    def shown(self) -> str:
        """The number without what stands behind it."""
        found = self.place.found
        return f"{found.value:.{found.decimals}f}{'%' if found.unit == '%' else ''}"


@kept
def scores(document: Document) -> tuple[Score, ...]:
    """Return every score of a card's tables whose number of questions is known."""
    told = any(block.of("score") for sheet in document.sheets for block in sheet.blocks)
    return tuple(_scores(document)) if told else ()


def _scores(document: Document) -> Iterator[Score]:
    limited = _limit(document)
    if limited == 0:
        return
    named = _splits(document)
    for sheet in document.sheets:
        for block in sheet.blocks:
            for task in block.of("score"):
                size = _size(task, named)
                if size is None:
                    continue
                if limited is not None and limited < size.n:
                    if _GROUPS.search(task):
                        continue
                    said = f"the card says that {limited} were asked"
                    size = Size(n=limited, what=size.what, said=said)
                yield from _column(sheet, block, task, size)


def _column(sheet: Sheet, block: Block, task: str, size: Size) -> Iterator[Score]:
    for line in block.variants:
        place = block.score(line.name, task)
        if place is not None:
            yield Score(
                sheet=sheet,
                block=block,
                line=line,
                task=task,
                place=place,
                size=size,
                read=_read(place, size),
            )


@lru_cache(maxsize=4096)
def _known(task: str) -> Size | None:
    return known.size_of(task, {})


def _size(task: str, named: dict[str, Size]) -> Size | None:
    return _known(task) or named.get(known.plain(task.rpartition(" / ")[2]))


def _read(place: Place, size: Size) -> stats.Printed | None:
    found = place.found
    scale = 100.0 if found.scale == "percent" else 1.0
    if found.value is None or not 0 <= found.value <= scale:
        return None
    return _printed(f"{found.value:.{found.decimals}f}", size.n, scale, size.what)


@lru_cache(maxsize=4096)
def _printed(text: str, n: int, scale: float, what: What) -> stats.Printed:
    return stats.read(text, n, scale=scale, kind=what)


def _splits(document: Document) -> dict[str, Size]:
    """Return plain name of a benchmark -> the one known split of it that the card's text names."""
    found: dict[str, dict[str, Size]] = {}
    for passage in document.passages:
        if "_" not in passage.text:
            continue
        for name in _SPLIT.findall(passage.text):
            size = _known(name)
            if size is not None:
                short = known.plain(name.partition("_")[0])
                found.setdefault(short, {})[known.plain(name)] = msgspec.structs.replace(
                    size, said=f"{size.said}; the card names {name}"
                )
    return {short: next(iter(own.values())) for short, own in found.items() if len(own) == 1}


def _is_repeated(document: Document) -> bool:
    """Say whether a card says that its scores are means of several runs."""
    lower = lowered(document)
    if not holds_any(document.text, _REPEATED):
        return False
    if not holds_any(lower, _MEANS):
        return False
    # No match goes beyond a full stop.
    return any(
        _RUNS.search(piece)
        for piece in lower.split(".")
        if holds_any(piece, _REPEATED) and holds_any(piece, _MEANS)
    )


def _limit(document: Document) -> int | None:
    """Return how many questions the card says that it asked; 0 where it cannot be told.

    None where it says nothing: then all were asked.
    """
    found: set[int] = set()
    whole = document.text
    passages = document.passages if "subset" in whole or "first " in whole else ()
    if _is_repeated(document):
        return 0
    for passage in passages:
        text = passage.text
        if _LIMITED.search(text):
            for pattern in _SUBSET:
                found.update(int(one.replace(",", "")) for one in pattern.findall(text))
    limited = "--limit" in whole or "_samples" in whole
    for code in document.codes if limited else ():
        if "--" in code.text:
            found.update(int(float(one)) for one in _LIMIT.findall(code.text))
    if not found:
        return None
    return found.pop() if len(found) == 1 else 0
