"""Numbered weight files that no index names, or whose others are missing."""

from __future__ import annotations

from collections.abc import Iterator

from hubq.audit.rule import Rule, finding
from hubq.audit.shards import Set, indexes_of, sets_of
from hubq.audit.subject import Subject
from hubq.model.finding import Finding


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each set of files that no index names whole."""
    indexes = {index.path: set(index.files) for index in indexes_of(subject)}
    named = set().union(*indexes.values()) if indexes else set()
    for group in sets_of(subject):
        orphans = [path for path in group.parts.values() if path not in named]
        if group.missing and orphans:
            numbers = ", ".join(map(str, group.missing[:5]))
            yield _finding(
                subject,
                group,
                f"of the {group.total} files {len(group.parts)} are there; number {numbers} "
                f"{'is' if len(group.missing) == 1 else 'are'} missing",
                "error" if not named else "warning",
            )
        elif orphans and group.index in indexes:
            listed = ", ".join(path.rpartition("/")[2] for path in sorted(orphans)[:3])
            yield _finding(
                subject, group, f"{group.index} does not name {listed}: nobody loads it", "warning"
            )
        elif orphans and group.total > 1 and group.index not in subject.files:
            yield _finding(
                subject, group, f"there is no {group.index}: transformers cannot load it", "warning"
            )


def _finding(subject: Subject, group: Set, found: str, severity: str) -> Finding:
    return finding(
        subject,
        RULE.id,
        found,
        severity="error" if severity == "error" else "warning",
        path=min(group.parts.values()),
        said=group.pattern,
        remedy="Upload the files and the index of one checkpoint, and delete what is left over.",
    )


RULE = Rule(
    id="orphan-shard",
    group="weights",
    title="Numbered weight files belong to no index, or some of them are missing",
    severity="error",
    why="A set of files whose index is missing or names others was left over from a former upload, "
    "or was not uploaded whole. It costs everybody its download, and some engines load it too.",
    example="`model-00001-of-00003.safetensors` beside an index that names `...-of-00002` only.",
    fix="Upload the files and the index of one checkpoint, and delete what is left over.",
    check=check,
    needs=("files",),
    sources=("https://huggingface.co/docs/transformers/big_models",),
)
