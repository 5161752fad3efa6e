"""Columns that hold the numbers of another column."""

from __future__ import annotations

from collections.abc import Iterator

from hubq.audit.held import plainly, where
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.cards.published.sheets import Block, Place
from hubq.evaluate.formats.known import plain
from hubq.model.finding import Finding

_LEAST, _MOST = 3, 200


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each two tasks of a table with the same numbers throughout."""
    for sheet in subject.document.sheets:
        columns: dict[tuple[str, ...], list[tuple[Block, str, Place]]] = {}
        tasks = dict.fromkeys(
            task
            for block in sheet.blocks
            for task in block.of("score", "speed", "time", "per-item")
        )
        if len(tasks) > _MOST:
            continue
        for task in tasks:
            cells = [
                (block, place)
                for block in sheet.blocks
                for line in block.variants
                if (place := block.place(line.name, task)) is not None
            ]
            texts = tuple(f"{place.found.value:.{place.found.decimals}f}" for _, place in cells)
            if _tells(texts):
                columns.setdefault(texts, []).append((cells[0][0], task, cells[0][1]))
        for texts, same in columns.items():
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
