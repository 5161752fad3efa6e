"""Configurations: which rows of a card's tables are of one thing measured twice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

import msgspec

from hubq.audit.document import Document
from hubq.cards.published import exact, roles
from hubq.cards.published.sheets import Block, Place, Sheet
from hubq.evaluate.formats.known import plain
from hubq.evaluate.formats.remembering import remembered

_SIZED = re.compile(r"[a-z][\w.]*(?:-[\w.]+)*?-\d+(?:\.\d+)?b\b", re.IGNORECASE)
_TOKEN = re.compile(r"[^\s()\[\],/|]+")
_SETTING = re.compile(
    r"\d|shot|cot|think|\bval|\btest|\bdev|temperature|greedy|sampl|backend|engine|vllm|sglang|tgi"
    r"|kernel|seed|run|language|english|chinese|\bhard\b|lite|mini|strict|subset|small|medium|large"
)
#: Tables that are worked out from others.
_WORKED = re.compile(
    r"\bloss(es)?\b|differen|delta|recover|relative|sensitiv|spread|\brange|interval|against|rank"
    r"|margin|\bvs\b|error",
    re.IGNORECASE,
)
_SAME = {"fq": "fake-quant", "fakequant": "fake-quant", "fake": "fake-quant"}
_MILLISECONDS = {"min": 60_000, "s": 1000, "sec": 1000, "h": 3_600_000}
_SPLIT = re.compile(r"_(val(idation)?|test|dev(_en)?|mini|testmini)$", re.IGNORECASE)
_MOST = 3000
#: So many lines above a table, each of at most so many characters, may be its heading.
_LOOK, _SHORT = 4, 120


class Twice(msgspec.Struct, frozen=True, kw_only=True):
    """One configuration with two values.

    Attributes:
        task: that both are of.
        first, second: the cells, in the card's order.
        headings: of their tables.
        same: whether both are rows of one table with the same name.
        items: how many items the second's time and time per item tell; none where they do not.
    """

    task: str
    first: Place
    second: Place
    headings: tuple[str, str]
    same: bool
    items: int | None = None


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    sheet: Sheet
    block: Block
    title: str
    name: str
    tokens: frozenset[str]
    telling: str
    models: frozenset[str]


def twice(document: Document) -> Iterator[Twice]:
    """Yield each score that stands twice on a card for one configuration, with two values."""
    # Both rows of a pair stand in tables of their own.
    if len(document.sheets) < 2:
        return
    rows = [row for row in _rows(document) if row.tokens]
    if len(rows) > _MOST:
        return
    by_task: dict[str, list[tuple[_Row, str, Place]]] = {}
    for row in rows:
        for task in row.block.of("score", "average") if row.telling else ():
            place = row.block.score(row.name, task)
            if place is not None:
                by_task.setdefault(_task(task), []).append((row, task, place))
    for cells in by_task.values():
        yield from _pairs(cells)


def _pairs(cells: list[tuple[_Row, str, Place]]) -> Iterator[Twice]:
    buckets: dict[str, list[tuple[_Row, str, Place]]] = {}
    for cell in cells:
        buckets.setdefault(cell[0].telling, []).append(cell)
    for bucket in buckets.values():
        for position, (first, task, one) in enumerate(bucket[:60]):
            for second, other, two in bucket[position + 1 : 60]:
                if first.sheet is second.sheet:
                    continue
                splits = {_split(task), _split(other)} - {""}
                if len(splits) < 2 and _is_same(first, second) and _differ(one, two):
                    yield Twice(
                        task=task,
                        first=one,
                        second=two,
                        headings=(first.title, second.title),
                        same=first.sheet is second.sheet,
                        items=items_of(second.block, second.name),
                    )


def _rows(document: Document) -> Iterator[_Row]:
    for sheet in document.sheets:
        title = title_of(document, sheet)
        for block in sheet.blocks:
            models = _models(f"{title} {block.title}")
            for line in block.variants:
                tokens = _tokens(line.label)
                yield _Row(
                    sheet=sheet,
                    block=block,
                    title=title,
                    name=line.name,
                    tokens=tokens,
                    telling=" ".join(sorted(_telling(tokens))),
                    models=models | _models(line.label),
                )


@remembered
def _models(text: str) -> frozenset[str]:
    """Return the names of models with their sizes in a text."""
    found = _SIZED.findall(text) if "-" in text else ()
    return frozenset(one.lower() for one in found)


def title_of(document: Document, sheet: Sheet) -> str:
    """Return what stands over a table: its heading, or a short line that looks like one.

    In text taken from pages headings are lines like others.
    """
    line, looked = (sheet.table.line or 1) - 1, 0
    while line > 0 and looked < _LOOK:
        text = document.quote(line).strip()
        looked += bool(text)
        if text.startswith("#"):
            break
        if text and len(text) < _SHORT and text[-1] not in ".:;," and not text.startswith("|"):
            return text
        line -= 1
    return sheet.table.heading


@remembered
def _tokens(label: str) -> frozenset[str]:
    found = (one.strip("`*:;.").lower() for one in _TOKEN.findall(label))
    return frozenset(_SAME.get(one, one) for one in found if one)


def _telling(tokens: frozenset[str]) -> frozenset[str]:
    """Return the tokens that name a way of quantizing."""
    return frozenset(one for one in tokens if roles.is_quantized(one) or "=" in one)


@remembered
def _task(task: str) -> str:
    """Return a task's name as it is compared: `DocVQA` and `DocVQA_VAL` may be one."""
    last = task.rpartition(" / ")[2]
    return plain(_SPLIT.sub("", last))


@remembered
def _split(task: str) -> str:
    found = _SPLIT.search(task)
    return found[1].lower() if found else ""


def _is_same(first: _Row, second: _Row) -> bool:
    """Say whether two rows are of one configuration, by all that they say."""
    if first.sheet is second.sheet or _WORKED.search(f"{first.title} {second.title}"):
        return False
    one, two = first.tokens, second.tokens
    telling = _telling(one)
    if first.telling != second.telling or not (one <= two or two <= one):
        return False
    if len(telling) < 2 and (one != two or _other_setting(first.title, second.title)):
        return False
    settings = {token for token in one ^ two if "=" in token or token[:1].isdigit()}
    return not settings and _one_model(first.models, second.models)


def _other_setting(first: str, second: str) -> bool:
    """Say whether the titles of two tables tell of different settings."""
    one, two = (set(re.findall(r"[\w.-]+", title.lower())) for title in (first, second))
    return any(_SETTING.search(word) for word in one ^ two)


def _one_model(first: frozenset[str], second: frozenset[str]) -> bool:
    if not first or not second:
        return not first and not second
    return any(one.startswith(two) or two.startswith(one) for one in first for two in second)


def _differ(one: Place, two: Place) -> bool:
    """Say whether rounding does not explain what is between two numbers."""
    if one.found.scale != two.found.scale or one.found.unit != two.found.unit:
        return False
    gap = abs(exact.decimal_of(one.found) - exact.decimal_of(two.found))
    return gap > exact.unit_of(one.found) + exact.unit_of(two.found)


def items_of(block: Block, name: str) -> int | None:
    """Return how many items a run was over, by its time and its time per item."""
    for whole in block.of("time"):
        for each in block.of("per-item"):
            total, single = block.place(name, whole), block.place(name, each)
            if total is None or single is None or not single.found.value:
                continue
            factor = _MILLISECONDS.get(total.found.unit.lower())
            unit = 1 if "ms" in each.lower() or single.found.unit == "ms" else 1000
            if factor is not None:
                value = exact.decimal_of(total.found) * factor
                return round(value / (exact.decimal_of(single.found) * Decimal(unit)))
    return None
