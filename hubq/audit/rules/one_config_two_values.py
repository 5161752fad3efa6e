"""Configurations that have two values on one card."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hubq.audit.configs import Twice, twice
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.model.finding import Finding

_N = re.compile(r"\bN ?= ?(\d[\d,]*)")


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each configuration with two values."""
    for one in twice(subject.document):
        first, second = one.first.found, one.second.found
        yield finding(
            subject,
            RULE.id,
            f"{second.variant} has {second.shown} for {one.task} here, and {first.shown} "
            f"{_where(one)}{_items(subject, one)}",
            severity="info",
            at=second.at,
            said=second.shown,
            remedy="Say what differs between the two runs, or give one number.",
            part=f"{second.variant} {one.task}",
        )


def _where(one: Twice) -> str:
    line = f" (line {one.first.found.at[0]})" if one.first.found.at[0] else ""
    heading = one.headings[0]
    return f"as {one.first.found.variant} under {heading!r}{line}" if heading else f"above{line}"


def _items(subject: Subject, one: Twice) -> str:
    """Say over how many items the time of the run tells that it was."""
    if one.items is None:
        return ""
    text = "\n".join(passage.text for passage in subject.document.passages)
    sizes = {int(size.replace(",", "")) for size in _N.findall(text)}
    own = f"; its time and time per item tell that it was over {one.items} items"
    if one.items in sizes and len(sizes) > 1:
        others = " and ".join(str(size) for size in sorted(sizes - {one.items}))
        return f"{own}, and the card names runs over {others} too"
    return own


RULE = Rule(
    id="one-config-two-values",
    group="scores",
    title="One configuration has two values on one card",
    severity="info",
    why=(
        "The same model, quantized in the same way, stands in two tables with different scores. "
        "The two were measured over different questions or settings, and differences between "
        "their rows mean nothing until the card says which."
    ),
    example=(
        "`sq-ph α=0.8` with an overall score of 0.4140 in one table and 0.3942 in the next, whose "
        "58.5 minutes at 9.14 s an item are 384 items and not 1536."
    ),
    fix="Say over what each of the two was measured.",
    check=check,
)
