"""A license of which no more is said than that it is another one."""

from __future__ import annotations

from collections.abc import Iterator

from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.model.finding import Finding


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for `license: other` without its name and address."""
    front = subject.document.front
    if [name.lower() for name in front.items("license")] != ["other"]:
        return
    absent = [key for key in ("license_name", "license_link") if not front.text(key)]
    if absent:
        yield finding(
            subject,
            RULE.id,
            f"the license is `other`, and {' and '.join(absent)} "
            f"{'are' if len(absent) > 1 else 'is'} missing",
            severity="warning" if len(absent) > 1 else "info",
            at=subject.document.key_spot("license"),
            said="other",
            remedy="Add license_name and license_link, or the identifier where the Hub has one.",
            sources=RULE.sources,
        )


RULE = Rule(
    id="license-unnamed",
    group="metadata",
    title="The license is `other`, and nobody says which",
    severity="warning",
    why="`other` alone tells nobody what is allowed. The Hub asks for `license_name` and "
    "`license_link` with it, and shows them.",
    example="`license: other` and nothing more about it.",
    fix="Add `license_name` and `license_link`; where the Hub has an identifier for the license, "
    "write that instead of `other`.",
    check=check,
    sources=("https://huggingface.co/docs/hub/repositories-licenses",),
)
