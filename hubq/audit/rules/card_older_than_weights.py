"""Cards that are older than the weights that they describe."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.audit.tensors import weight_files
from hubq.model.finding import Finding

_CLOSE = dt.timedelta(days=1)
"""Within which one release is pushed, file by file."""


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding where weights were changed and the card was not touched since."""
    changed = subject.gathered.changed
    card = _moment(changed.get("README.md", ""))
    times = [
        (moment, path)
        for path in weight_files(subject)
        if (moment := _moment(changed.get(path, ""))) is not None
    ]
    if card is None or not times:
        return
    last, path = max(times)
    if last - card > _CLOSE and subject.document.tables:
        yield finding(
            subject,
            RULE.id,
            f"{path} was changed on {last:%Y-%m-%d}, the card was last changed on {card:%Y-%m-%d}: "
            "its numbers are of the weights before",
            severity="info",
            remedy="Measure the new weights, or say on the card that the numbers still hold.",
        )


def _moment(text: str) -> dt.datetime | None:
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)


RULE = Rule(
    id="card-older-than-weights",
    group="weights",
    title="The weights were changed after the card's numbers were written",
    severity="info",
    why="Scores, speeds and sizes on the card were measured before the weights that are there now.",
    example="`model.safetensors` was replaced in March; the card's tables are from January.",
    fix="Measure again, or say that the numbers still hold and why.",
    check=check,
    needs=("files",),
    sources=("https://huggingface.co/docs/hub/repositories-getting-started",),
)
