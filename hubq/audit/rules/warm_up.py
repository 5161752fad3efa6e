"""Baselines that are faster on more input than on less."""

from __future__ import annotations

from collections.abc import Iterator

from hubq.audit.held import plainly, where
from hubq.audit.rule import Rule, finding
from hubq.audit.speeds import warming
from hubq.audit.subject import Subject
from hubq.model.finding import Finding


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each block whose baseline is faster on a longer input."""
    for sheet in subject.document.sheets:
        for block in sheet.blocks:
            found = list(warming(block)) if block.of("speed") else []
            if not found:
                continue
            texts = [
                f"{one.variant} makes {one.second.found.shown} at an input of {one.long} and "
                f"{one.first.found.shown} at {one.short}"
                for one in found
            ]
            place = found[0].first
            yield finding(
                subject,
                RULE.id,
                f"{where(block, sheet=sheet) or 'the table'}: {plainly(texts, 4, '; ')}; more "
                "input does not speed a model up, so the shorter one was probably timed before "
                "the device was warm",
                severity="info",
                at=place.found.at,
                said=place.found.shown,
                remedy="Time again after warm-up runs, and say how many there were.",
                part=f"{block.title} {found[0].short}",
            )


RULE = Rule(
    id="warm-up",
    group="scores",
    title="A longer input is faster than a shorter one",
    severity="info",
    why=(
        "The first runs on a device load kernels, tune them and fill caches. A speed that rises "
        "with the length of the input was most likely measured on a cold device, and every "
        "speed-up against it is too large."
    ),
    example="BF16 makes 35.29 tokens/s at an input of 1 and 36.58 at 6144.",
    fix="Warm up before timing, and say so.",
    check=check,
)
