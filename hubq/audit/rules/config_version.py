"""The version that wrote config.json, against the card's and the architecture's."""

from __future__ import annotations

from collections.abc import Iterator

from hubq.audit import architecture
from hubq.audit.known import releases
from hubq.audit.known.versions import Version, readable
from hubq.audit.quantization import spot_of
from hubq.audit.rule import Rule, finding
from hubq.audit.stack import stated
from hubq.audit.subject import Subject
from hubq.model.finding import Finding

_CONFIG, _KEY = "config.json", "transformers_version"


def check(subject: Subject) -> Iterator[Finding]:
    """Yield findings about the version in config.json."""
    said = (subject.config or {}).get(_KEY)
    if not isinstance(said, str) or not readable(said):
        return
    written = Version.of(said)
    yield from _older_than_architecture(subject, written)
    seen: set[str] = set()
    for one in stated(subject.document):
        if one.package != "transformers" or one.kind != "stack" or one.version in seen:
            continue
        seen.add(one.version)
        if one.value.release[:2] < written.release[:2]:
            yield finding(
                subject,
                RULE.id,
                f"config.json was written by transformers {written}, which is newer: the files "
                f"were not made with the stated {one.version}",
                severity="info",
                at=one.spot,
                said=one.said,
                remedy="State the version that made the files, and the one that measured, if two.",
                part=f"{one.version} {written}",
            )


def _older_than_architecture(subject: Subject, written: Version) -> Iterator[Finding]:
    kind = (subject.config or {}).get("model_type")
    for evidence in architecture.in_transformers(subject):
        if evidence.name == kind and evidence.certain and evidence.excludes(written):
            first = evidence.span.first
            yield finding(
                subject,
                RULE.id,
                f"transformers {written} does not know model_type `{kind}`; the first release "
                f"that does is {first} of {releases.day_of('transformers', first)}: the file was "
                "written by a changed copy of the package, or by hand",
                severity="info",
                path=_CONFIG,
                at=spot_of(subject, _CONFIG, _KEY),
                said=f'"{_KEY}": "{written}"',
                remedy="Save the configuration with a release that knows the architecture.",
                sources=(releases.page("transformers", first),),
                part=str(kind),
            )


RULE = Rule(
    id="config-version",
    group="environment",
    title="config.json was written by another transformers version than the card states",
    severity="info",
    why=(
        "`transformers_version` in config.json is written by the package itself when the model is "
        "saved, so it is better evidence than a list on the card. A stated version that is older "
        "than it did not make these files; a version that does not know the architecture wrote a "
        "file that it cannot read."
    ),
    example='`Transformers 4.38.2` on a card, `"transformers_version": "4.45.0.dev0"` in the file.',
    fix="State the version of the environment that made the files.",
    check=check,
    needs=("config",),
    sources=("https://huggingface.co/docs/transformers/main_classes/configuration",),
)
