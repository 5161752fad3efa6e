"""Variants whose numbers are those of another variant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from hubq.audit.held import plainly, where
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.cards.published import exact
from hubq.cards.published.sheets import Block, Line, Place
from hubq.evaluate.formats.known import plain
from hubq.model.finding import Finding

_LEAST = 3


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each two variants of a block with the same numbers throughout."""
    for sheet in subject.document.sheets:
        for block in sheet.blocks:
            for texts, same in _alike(block).items():
                names = [line.name for line, _ in same]
                if len(same) < 2:
                    continue
                other = len({plain(line.label) for line, _ in same}) > 1
                place = same[1][1]
                yield finding(
                    subject,
                    RULE.id,
                    f"{where(block, sheet=sheet) or 'the table'}: {plainly(names, 6, ' and ')} "
                    f"have the same {len(texts)} numbers ({plainly([text for _, text in texts])})",
                    severity="warning" if other else "info",
                    at=place.found.at,
                    said=place.found.shown,
                    remedy="Put in the numbers that belong to each of them.",
                    part=" and ".join(names),
                )


def _alike(block: Block) -> dict[tuple[tuple[str, str], ...], list[tuple[Line, Place]]]:
    """Return the numbers of a line -> the lines that have them."""
    tasks = block.of("score", "speed", "time", "per-item", "memory")
    found: dict[tuple[tuple[str, str], ...], list[tuple[Line, Place]]] = {}
    for line, cells in _twins(block, tasks) if len(tasks) >= _LEAST else ():
        texts = tuple((task, f"{p.found.value:.{p.found.decimals}f}") for task, p in cells)
        telling = {text for _, text in texts if _is_telling(text)}
        if len(telling) >= _LEAST:
            found.setdefault(texts, []).append((line, cells[0][1]))
    return found


def _is_telling(text: str) -> bool:
    """Say whether a number has so many digits that two models hardly share it; 128 is a setting."""
    digits = text.replace(".", "")
    return len(digits) > (2 if digits != text else 3)


def _twins(block: Block, tasks: Sequence[str]) -> Iterator[tuple[Line, list[tuple[str, Place]]]]:
    """Yield the lines whose values are those of another line, with their cells."""
    begun: dict[tuple[str, Decimal], list[int]] = {}
    rows: list[tuple[Line, list[tuple[str, Place]]]] = []
    every = block.cells
    for line in block.variants:
        name = line.name
        cells = [
            (task, place)
            for task in tasks
            if (place := every.get((name, task))) is not None and place.found.value is not None
        ]
        if len(cells) >= _LEAST:
            task, first = cells[0]
            begun.setdefault((task, exact.decimal_of(first.found)), []).append(len(rows))
            rows.append((line, cells))
    found: dict[tuple[tuple[str, Decimal], ...], list[int]] = {}
    # Few rows begin alike, and only those are looked at whole.
    for position in (one for same in begun.values() if len(same) > 1 for one in same):
        key = tuple((task, exact.decimal_of(place.found)) for task, place in rows[position][1])
        found.setdefault(key, []).append(position)
    for position in sorted(one for same in found.values() if len(same) > 1 for one in same):
        yield rows[position]


RULE = Rule(
    id="identical-rows",
    group="scores",
    title="Two variants have the same numbers throughout",
    severity="warning",
    why=(
        "Two quantized models do not agree in every digit of every benchmark. Either a row was "
        "copied, or the same model was measured twice under two names."
    ),
    example="`GPTQ-Int4` and `AWQ` both with 41.33, 86.96, 71.64 and 39.90.",
    fix="Put in the row's own numbers; compare the hashes of the two models' weights.",
    check=check,
)
