"""Variants whose numbers are those of another variant."""

from __future__ import annotations

from collections.abc import Iterator

from hubq.audit.held import plainly, where
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
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
    for line in block.variants if len(tasks) >= _LEAST else ():
        cells = [
            (task, place) for task in tasks if (place := block.place(line.name, task)) is not None
        ]
        texts = tuple((task, f"{p.found.value:.{p.found.decimals}f}") for task, p in cells)
        exact = {text for _, text in texts if "." in text and len(text.replace(".", "")) > 2}
        if len(exact) >= _LEAST:
            found.setdefault(texts, []).append((line, cells[0][1]))
    return found


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
