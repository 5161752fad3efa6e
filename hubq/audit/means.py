"""Means: averages that a card prints, held against the cells that they are over.

Which cells those are is not said. The scores of the same group, those since the last average, and
all scores of the row are tried, and what agrees with most rows is taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

import msgspec

from hubq.audit.held import Held
from hubq.cards.published import exact
from hubq.cards.published.exact import Span
from hubq.cards.published.sheets import Block, Place, Sheet
from hubq.evaluate.formats.remembering import remembered
from hubq.model.finding import Severity

_NAMED = re.compile(r"\bavg\b|average|\bmean\b", re.IGNORECASE)
#: Means over these are over their questions, and not over the columns.
_PARTS = re.compile(
    r"\bstem\b|humanit|social|\bothers?\b|\bhard\b|\(\s*\d{2,4}\s*\)$|classification|retrieval"
    r"|clustering|rerank|pair ?class|summari[sz]|subject|categor|\bl[1-5]\b|level",
    re.IGNORECASE,
)
_BENCHMARKS = re.compile(
    r"mmmu|docvqa|mmbench|mathvista|mmlu|gsm-?8k|hellaswag|\barc\b|arc[-_ ]|winogrande|truthfulqa"
    r"|ifeval|chartqa|ocrbench|textvqa|scienceqa|sciqa|seed|vqa|gpqa|humaneval|mbpp|\bbbh\b|musr"
    r"|mgsm|boolq|piqa|openbookqa|\bobqa\b|lambada|ai2d|\bmath\b|\bmme\b|cmmlu|c-?eval|big-?bench",
    re.IGNORECASE,
)
_Row = tuple[str, Place]


class _Column(msgspec.Struct, frozen=True):
    """A column of averages as it was probably meant: its rows, their means, over which scores."""

    task: str
    rows: list[_Row]
    spans: list[Span | None]
    agreeing: int
    members: tuple[str, ...]


def means(sheet: Sheet, block: Block) -> Iterator[Held]:
    """Yield every average of a block whose cells are known."""
    for task in _averages(block):
        rows = [
            (line.name, place)
            for line in block.variants
            if (place := block.score(line.name, task)) is not None
        ]
        found = _best(block, task, rows)
        if found is not None:
            yield from _column(sheet, block, found)


def _averages(block: Block) -> tuple[str, ...]:
    """Return the tasks that are averages of others; `IFEval / prompt and inst avg` is none."""
    return tuple(task for task in block.of("average") if not _is_benchmark(task))


@remembered
def _is_benchmark(task: str) -> bool:
    return bool(_BENCHMARKS.search(task))


@remembered
def _is_part(task: str) -> bool:
    return bool(_PARTS.search(task))


def _choices(block: Block, task: str) -> list[tuple[str, ...]]:
    """Return which scores an average may be over, the likeliest first."""
    averages, group = _averages(block), block.groups[task]
    scores = [one for one in block.of("score", "average") if one not in averages]
    prefix = task.rpartition(" / ")[0]
    order = {name: position for position, name in enumerate(block.tasks)}
    means_at = [order[one] for one in averages]
    before = max((at for at in means_at if at < order[task]), default=-1)
    after = min((at for at in means_at if at > order[task]), default=len(order))
    own = [one for one in scores if block.groups[one] == group]
    within = [one for one in own if one.startswith(f"{prefix} / ")] if prefix else own
    since = [one for one in scores if before < order[one] < order[task]]
    until = [one for one in scores if order[task] < order[one] < after]
    earlier = [one for one in averages if order[one] < order[task]]
    every = (within, since, own, scores, until, earlier)
    found = [tuple(one) for one in every if len(one) > 1]
    return list(dict.fromkeys(found))


def _best(block: Block, task: str, rows: list[_Row]) -> _Column | None:
    """Return a column read as most of its rows agree with."""
    best: _Column | None = None
    for members in _choices(block, task):
        spans = [_mean(block, name, members) for name, _ in rows]
        if not any(spans):
            continue
        agreeing = sum(
            span is not None and _agrees(span, place)
            for span, (_, place) in zip(spans, rows, strict=True)
        )
        if best is None or agreeing > best.agreeing:
            best = _Column(task, rows, spans, agreeing, members)
        if agreeing == len(rows):
            break
    return best


def _mean(block: Block, name: str, members: Sequence[str]) -> Span | None:
    scores, spans = block.scores, []
    for one in members:
        place = scores.get((name, one))
        if place is None:
            return None
        spans.append(exact.span_of(place.found))
    return exact.mean(spans)


def _agrees(span: Span, place: Place) -> bool:
    return span.agrees(exact.decimal_of(place.found), exact.unit_of(place.found))


def _column(sheet: Sheet, block: Block, column: _Column) -> Iterator[Held]:
    task, rows, agreeing = column.task, column.rows, column.agreeing
    known = sum(span is not None for span in column.spans)
    if not _NAMED.search(task) and 2 * agreeing < known:
        return
    severity = "error" if 2 * agreeing >= known else _alone(block, column)
    for (name, place), span in zip(rows, column.spans, strict=True):
        agrees = span is not None and _agrees(span, place)
        if span is None or (not agrees and severity is None):
            continue
        yield Held(
            kind="average",
            sheet=sheet,
            block=block,
            place=place,
            variant=name,
            task=task,
            shown=place.found.shown,
            at=place.found.at,
            right=span,
            digits=max(place.found.decimals, 2),
            agrees=agrees,
            how=f"the mean of its {len(column.members)} cells",
            severity=severity or "info",
        )


def _alone(block: Block, column: _Column) -> Severity | None:
    """Return how sure it is that a column's means are wrong, of which most do not agree."""
    task, rows, members = column.task, column.rows, column.members
    if any(map(_is_part, members)) or not _is_clear(block, task):
        return None
    cells = [[exact.decimal_of(p.found) for p in _places(block, name, members)] for name, _ in rows]
    printed = [exact.decimal_of(place.found) for _, place in rows]
    if _impossible(cells, printed, exact.unit_of(rows[0][1].found)):
        return "error"
    left_out = [one for one in block.of("other") if block.groups[one] == block.groups[task]]
    if left_out or _without_one(block, rows, members):
        return None
    named = sum(map(_is_benchmark, members))
    return "warning" if 2 * named >= len(members) else None


def _is_clear(block: Block, task: str) -> bool:
    """Say whether it is clear which scores an average is over: its group's, or all there are."""
    return bool(block.groups[task]) or " / " in task or len(_choices(block, task)) == 1


def _places(block: Block, name: str, members: Sequence[str]) -> list[Place]:
    return [place for one in members if (place := block.score(name, one)) is not None]


def _impossible(cells: list[list[Decimal]], printed: list[Decimal], unit: Decimal) -> bool:
    """Say whether no weights of the columns give the printed means.

    A mean lies between its cells, and the difference of two between those of their cells.
    """
    whole = [
        (own, mean)
        for own, mean in zip(cells, printed, strict=True)
        if len(own) == max(map(len, cells), default=0) and own
    ]
    if any(not min(own) - unit <= mean <= max(own) + unit for own, mean in whole):
        return True
    first = whole[:1]
    for own, mean in whole[1:]:
        for other, theirs in first:
            gaps = [one - two for one, two in zip(own, other, strict=True)]
            if not min(gaps) - 2 * unit <= mean - theirs <= max(gaps) + 2 * unit:
                return True
    return False


def _without_one(block: Block, rows: Sequence[_Row], members: Sequence[str]) -> bool:
    """Say whether leaving one column out explains all of several rows."""
    if len(rows) < 2 or not 2 < len(members) <= 30:
        return False
    for left in members:
        rest = [one for one in members if one != left]
        if all(_gives(block, name, rest, place) for name, place in rows):
            return True
    return False


def _gives(block: Block, name: str, members: Sequence[str], place: Place) -> bool:
    span = _mean(block, name, members)
    return span is not None and _agrees(span, place)
