"""Tensors that an index names against those in the files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hubq.audit.quantization import spot_of
from hubq.audit.rule import Rule, finding
from hubq.audit.shards import Index, indexes_of
from hubq.audit.subject import Subject
from hubq.model.finding import Finding

_TIED = ("lm_head.weight", "model.lm_head.weight", "language_model.lm_head.weight")


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for tensors that are not where an index says, and for those it leaves out."""
    for index in indexes_of(subject):
        yield from _of(subject, index)


def _of(subject: Subject, index: Index) -> Iterator[Finding]:
    headers = subject.gathered.headers
    read = {path for path in index.files if path in headers and not headers[path].problem}
    absent = [
        name
        for name, path in index.shards.items()
        if path in read and name not in headers[path].tensors and not name.endswith(_TIED)
    ]
    if absent:
        yield finding(
            subject,
            RULE.id,
            f"{len(absent)} tensors are not in the files that it names: {_some(absent)}",
            severity="error",
            at=spot_of(subject, index.path, absent[0]),
            path=index.path,
            said=f"{absent[0]}: {index.shards[absent[0]]}",
            remedy="Upload the index that belongs to these files.",
            part="absent",
        )
    unnamed = [
        name for path in sorted(read) for name in headers[path].tensors if name not in index.shards
    ]
    if unnamed:
        yield finding(
            subject,
            RULE.id,
            f"{len(unnamed)} tensors of the files are not in it: {_some(unnamed)}",
            severity="warning",
            path=index.path,
            remedy="Upload the index that belongs to these files.",
            part="unnamed",
        )


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")


RULE = Rule(
    id="index-tensors",
    group="weights",
    title="An index and the files that it names hold different tensors",
    severity="error",
    why="Loaders look each tensor up in the file that the index names. One that is not there stays "
    "random, or stops the loader; an index of the base model names `weight` where the quantized "
    "files hold `qweight`, `scales` and `qzeros`.",
    example="The index names `model.layers.0.self_attn.q_proj.weight`; the file holds "
    "`model.layers.0.self_attn.q_proj.qweight`.",
    fix="Upload the index that was written with the files.",
    check=check,
    needs=("headers",),
    sources=("https://huggingface.co/docs/transformers/big_models",),
)
