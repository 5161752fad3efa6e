"""Indexes that name files which are not there."""

from __future__ import annotations

from collections.abc import Iterator

from hubq.audit.quantization import spot_of
from hubq.audit.rule import Rule, finding
from hubq.audit.shards import Index, indexes_of
from hubq.audit.subject import Subject
from hubq.model.finding import Finding


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each index that names a file which is not there."""
    for index in indexes_of(subject):
        missing = [path for path in index.files if path not in subject.files]
        if missing:
            yield _missing(subject, index, missing)
        elif index.single in subject.files:
            yield finding(
                subject,
                RULE.id,
                f"{index.single} is there too: transformers reads that one and leaves the "
                f"{len(index.files)} files of the index alone, other engines read both",
                severity="warning",
                path=index.path,
                remedy="Delete the checkpoint that is not meant.",
            )


def _missing(subject: Subject, index: Index, missing: list[str]) -> Finding:
    # An index that was left behind by a checkpoint of several files, beside one that is whole.
    whole = index.single in subject.files
    other = index.path.endswith(".bin.index.json") and any(
        path.endswith(".safetensors") for path in subject.files
    )
    listed = ", ".join(missing[:3]) + (", ..." if len(missing) > 3 else "")
    number = f"{len(missing)} of the {len(index.files)} files that it names"
    found = f"{number} are not there: {listed}"
    if whole or other:
        found += "; the weights are in other files, the index is left over"
    name = missing[0].rpartition("/")[2]
    return finding(
        subject,
        RULE.id,
        found,
        severity="warning" if whole or other else "error",
        at=spot_of(
            subject, index.path, next(k for k, v in index.shards.items() if v == missing[0])
        ),
        path=index.path,
        said=name,
        remedy="Delete the index." if whole or other else "Upload the files, or the right index.",
    )


RULE = Rule(
    id="dangling-index",
    group="weights",
    title="An index names files that are not there",
    severity="error",
    why="Loaders open the files that the index names: with one of them missing nothing can be "
    "loaded. An index that was copied from the base, beside a single `model.safetensors`, stops "
    "engines that trust it.",
    example="`model.safetensors.index.json` names `model-00002-of-00002.safetensors`; the repo has "
    "the first file only.",
    fix="Upload what is missing, or delete the index where one file holds everything.",
    check=check,
    needs=("files",),
    sources=("https://huggingface.co/docs/transformers/big_models",),
)
