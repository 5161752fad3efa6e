"""A report as JSON: the value itself, from which every other form can be made again."""

from __future__ import annotations

from hubq.model.audit import Report
from hubq.model.codec import pretty


def render(report: Report) -> str:
    """Return a report as indented JSON with sorted keys."""
    return pretty(report)
