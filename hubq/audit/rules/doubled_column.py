"""Columns that hold the numbers of another column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hubq.audit.held import plainly, where
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.cards.published.sheets import Block, Place, Sheet
from hubq.evaluate.formats.known import plain
from hubq.model.finding import Finding

_LEAST, _MOST = 3, 200


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each two tasks of a table with the same numbers throughout."""
    for sheet in subject.document.sheets:
        tasks = dict.fromkeys(
            task
            for block in sheet.blocks
            for task in block.of("score", "speed", "time", "per-item")
        )
        if len(tasks) > _MOST:
            continue
        for texts, same in _columns(sheet, tasks).items():
            if len(same) > 1:
                block, task, place = same[1]
                names = plainly([name for _, name, _ in same], 6, " and ")
                alike = plain(same[0][1].rpartition(" (")[0] or same[0][1]) == plain(
                    task.rpartition(" (")[0] or task
                )
                yield finding(
                    subject,
                    RULE.id,
                    f"{where(block, sheet=sheet) or 'the table'}: {names} hold the same "
                    f"{len(texts)} numbers ({plainly(texts)})",
                    severity="info" if alike else "warning",
                    at=place.found.at,
                    said=place.found.shown,
                    remedy="Put in the numbers that belong to each of them, or leave one out.",
                    part=names,
                )


def _columns(
    sheet: Sheet, tasks: Iterable[str]
) -> dict[tuple[str, ...], list[tuple[Block, str, Place]]]:
    """Return the numbers of columns, of those that begin like another one -> where they stand."""
    rows = [(block, line.name) for block in sheet.blocks for line in block.variants]
    begun: dict[str, list[str]] = {}
    for task in tasks:
        cells = (block.place(name, task) for block, name in rows)
        first = next((place for place in cells if place is not None), None)
        if first is not None:
            begun.setdefault(_text(first), []).append(task)
    alike = {task for same in begun.values() if len(same) > 1 for task in same}
    found: dict[tuple[str, ...], list[tuple[Block, str, Place]]] = {}
    for task in tasks if alike else ():
        if task in alike:
            every = [(block, block.place(name, task)) for block, name in rows]
            own = [(block, place) for block, place in every if place is not None]
            texts = tuple(_text(place) for _, place in own)
            if _tells(texts):
                found.setdefault(texts, []).append((own[0][0], task, own[0][1]))
    return found


def _text(place: Place) -> str:
    return f"{place.found.value:.{place.found.decimals}f}"


def _tells(texts: tuple[str, ...]) -> bool:
    """Say whether it cannot be chance that two columns have these numbers."""
    exact = [text for text in texts if "." in text and len(text.replace(".", "")) > 2]
    return len(set(exact)) >= _LEAST


RULE = Rule(
    id="doubled-column",
    group="scores",
    title="Two columns hold the same numbers",
    severity="warning",
    why=(
        "Two benchmarks do not give the same scores to two decimals for three models in a row. "
        "One of the columns was copied, and its own numbers are missing."
    ),
    example="`| MMMU | MMBench |` over 41.88 / 41.88, 41.55 / 41.55 and 39.22 / 39.22.",
    fix="Put the right numbers into the column that was copied.",
    check=check,
)
