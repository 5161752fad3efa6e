"""Versions that were never released, or not yet when the card was written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from hubq.audit.known import releases
from hubq.audit.known.versions import Version
from hubq.audit.rule import Rule, finding
from hubq.audit.stack import Stated, stated
from hubq.audit.subject import Subject
from hubq.model.finding import Finding

#: Packages whose every release is on the package index; others are released elsewhere too.
_PACKAGES = frozenset(
    {"transformers", "torch", "vllm", "accelerate", "peft", "optimum", "datasets", "tokenizers"}
    | {"bitsandbytes", "autoawq", "compressed-tensors", "llmcompressor"}
)


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each version that nobody can have had."""
    written = subject.gathered.changed.get(subject.gathered.card_path, "")[:10]
    seen: set[tuple[str, str]] = set()
    for one in stated(subject.document):
        if one.package not in _PACKAGES or one.value.early or (one.package, one.version) in seen:
            continue
        seen.add((one.package, one.version))
        what = _never(one) or (_not_yet(one, written) if one.kind != "least" else "")
        if what:
            yield finding(
                subject,
                RULE.id,
                what,
                severity="warning",
                at=one.spot,
                said=one.said,
                remedy="State the version that the environment has (`pip freeze`).",
                sources=(f"https://pypi.org/project/{one.package}/#history",),
                part=f"{one.package} {one.version}",
            )


def _never(one: Stated) -> str:
    """Return a sentence about a version between two releases; empty for one that may exist."""
    version, package = one.value, one.package
    newest, oldest = releases.newest(package), releases.oldest(package)
    if releases.released(package, version) or not oldest < version < newest:
        return ""
    before, after = releases.near(package, version)
    if len(version.numbers) < 3 and after and version.covers(Version.of(after)):
        return ""
    days = [f"{name} ({releases.day_of(package, name)})" for name in (before, after) if name]
    return f"there is no {package} {_plain(one)}; around it were released {' and '.join(days)}"


def _not_yet(one: Stated, written: str) -> str:
    """Return a sentence about a version younger than the card; empty for another."""
    day = releases.released(one.package, one.value)
    if not day or not written:
        return ""
    try:
        late = dt.date.fromisoformat(day) - dt.date.fromisoformat(written)
    except ValueError:
        return ""
    if late <= dt.timedelta(days=1):
        return ""
    return (
        f"{one.package} {_plain(one)} was released on {day}; the card was last changed on {written}"
    )


def _plain(one: Stated) -> str:
    return one.version.partition("+")[0]


RULE = Rule(
    id="unreleased-version",
    group="environment",
    title="A stated version was never released, or not yet",
    severity="warning",
    why=(
        "A version that does not exist cannot be installed, and is a sign that the list was typed "
        "rather than printed. The same holds for a version that is younger than the card."
    ),
    example="`transformers==4.38.7`: there is no such release; 4.38.2 was followed by 4.39.0.",
    fix="Print the versions from the environment that ran.",
    check=check,
    sources=("https://packaging.python.org/en/latest/specifications/simple-repository-api/",),
)
