"""A card that states no license."""

from __future__ import annotations

from collections.abc import Iterator

from hubq.audit import licenses
from hubq.audit.bases import is_quantized, linked_base, stated_bases
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.model.finding import Finding


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for a card without `license`."""
    front = subject.document.front
    if front.data.get("license") or front.problem or not subject.document.text.strip():
        return
    if not front.present and not subject.repo and not is_quantized(subject):
        return
    base = next(iter(stated_bases(subject)), "") or linked_base(subject)[0]
    known = licenses.of_model(base)
    if subject.base is not None and subject.base.repo == base:
        known = licenses.stated(subject.base.document.front) or known
    yield finding(
        subject,
        RULE.id,
        "license is not said" + (f"; {base} is under {known}" if known else ""),
        severity=RULE.severity,
        at=(1, 1) if front.present else (0, 0),
        remedy=f"Add `license: {known}`." if known else "Add the license of the base model.",
        sources=RULE.sources,
    )


RULE = Rule(
    id="license-missing",
    group="metadata",
    title="No license is stated",
    severity="warning",
    why="Nobody may use, copy or change a model whose license is not said, and search by license "
    "does not find it. A sentence in the text is not read by the Hub.",
    example="A front matter with `language` and `tags` and no `license`.",
    fix="Add `license:` with the identifier of the base model's license.",
    check=check,
    sources=("https://huggingface.co/docs/hub/repositories-licenses",),
)
