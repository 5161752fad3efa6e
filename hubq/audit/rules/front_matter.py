"""A front matter that the Hub refuses, ignores or reads wrongly."""

from __future__ import annotations

from collections.abc import Iterator

from hubq.audit.bases import is_quantized
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.markdown.front_rules import front_findings
from hubq.model.finding import SEVERITIES, Finding

#: Said by rules of their own.
_ELSEWHERE = frozenset({"base_model_relation", "language", "library_name", "pipeline_tag"})
_LICENSE = ("license_name", "license_link")


def check(subject: Subject) -> Iterator[Finding]:
    """Yield what keeps the Hub from reading the front matter as it was meant, once a key."""
    document = subject.document
    on_hub = subject.repo or is_quantized(subject)
    if not document.front.present and not (on_hub and document.body.strip()):
        return
    found: dict[str, list[Finding]] = {}
    for one in front_findings(document.text, None):
        absent = one.rule == "license" and one.found.endswith("is not said")
        if one.rule not in _ELSEWHERE and one.rule not in _LICENSE and not absent:
            found.setdefault(one.rule, []).append(one)
    for problems in found.values():
        first = min(problems, key=lambda one: SEVERITIES.index(one.severity))
        more = f", and {len(problems) - 1} more like it" if len(problems) > 1 else ""
        yield finding(
            subject,
            RULE.id,
            first.found + more,
            severity=first.severity,
            at=(first.line, 1),
            said=document.quote(first.line).strip() if document.front.present else "",
            remedy=first.remedy,
            sources=RULE.sources,
            part=first.rule,
        )


RULE = Rule(
    id="front-matter",
    group="metadata",
    title="The front matter is missing, broken, or holds what the Hub refuses",
    severity="error",
    why="The Hub reads license, base model, task and library from the YAML at the top of the "
    "README. What it cannot read is not there for search, filters and the model tree; a commit "
    "with a value that it refuses is rejected.",
    example="```yaml\nbase_model: ./models/llama-7b\n```\n\n`base_model` is a path, not the id of "
    "a repo: the Hub refuses the next commit to this README.",
    fix="Begin the file with `---`, plain `key: value` lines and `---`; use ids and identifiers of "
    "the Hub's own lists.",
    check=check,
    sources=("https://huggingface.co/docs/hub/model-cards",),
)
