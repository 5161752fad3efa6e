"""Speeds of variants that ran on different numbers of GPUs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hubq.audit.held import plainly, where
from hubq.audit.rule import Rule, finding
from hubq.audit.speeds import Counts, gpu_counts
from hubq.audit.subject import Subject
from hubq.cards.published.sheets import Block, Sheet
from hubq.model.finding import Finding


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each block of a table whose variants used different numbers of GPUs."""
    for sheet in subject.document.sheets:
        for block in sheet.blocks:
            found = list(gpu_counts(block))
            if found:
                yield _finding(subject, sheet, block, found)


def _finding(subject: Subject, sheet: Sheet, block: Block, found: Sequence[Counts]) -> Finding:
    texts = [_text(one) for one in found]
    place = found[0].variants[0][1]
    return finding(
        subject,
        RULE.id,
        f"{where(block, sheet=sheet) or 'the table'}: the variants ran on different numbers of "
        f"GPUs ({plainly(texts, 12, '; ')}), so that their speeds do not compare one model on one "
        "machine",
        severity="info",
        at=place.found.at,
        said=place.found.shown,
        remedy="Measure all variants on the same GPUs as well, or give speed for each GPU.",
        part=block.title,
    )


def _text(one: Counts) -> str:
    counts = plainly([f"{variant} {place.found.shown}" for variant, place in one.variants], 8)
    return f"at {one.workload}: {counts}" if one.workload else counts


RULE = Rule(
    id="gpu-count-confound",
    group="scores",
    title="Speeds of variants that ran on different numbers of GPUs",
    severity="info",
    why=(
        "A model on two GPUs waits for the links between them. A quantized variant that fits on "
        "one is compared with something else than its own speed; the saving is in GPUs, and the "
        "ratio of the speeds is not what quantizing does."
    ),
    example="`| BF16 | 4 | 2.93 |` beside `| AWQ | 2 | 3.39 |`: four GPUs against two.",
    fix="Add a measurement on equal GPUs, or say that the speeds are not comparable.",
    check=check,
)
