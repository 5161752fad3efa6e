"""The size that an index says against the files'."""

from __future__ import annotations

from collections.abc import Iterator

from hubq.audit.quantization import spot_of
from hubq.audit.rule import Rule, finding
from hubq.audit.shards import Index, indexes_of
from hubq.audit.subject import Subject
from hubq.model.finding import Finding

_FAR = 0.02
"""Of the size; tensors that share their bytes are counted twice by some tools."""


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each index whose total is not that of its files."""
    for index in indexes_of(subject):
        held, exact = _held(subject, index)
        if not index.total or not held:
            continue
        off = index.total - held
        if exact and off in {0, *_shared(subject, index)}:
            continue
        far = abs(off) > _FAR * held
        if far or (exact and off):
            yield finding(
                subject,
                RULE.id,
                f"the files that it names hold {held:,} bytes of tensors"
                if exact
                else f"the files that it names have {held:,} bytes in all",
                severity="warning" if far else "info",
                at=spot_of(subject, index.path, "total_size"),
                path=index.path,
                said=f"total_size: {index.total:,}",
                remedy="Upload the index that was written with these files.",
            )


def _held(subject: Subject, index: Index) -> tuple[int, bool]:
    """Return how many bytes an index's files have, and whether of tensors alone; 0 if unknown."""
    headers = subject.gathered.headers
    if all(path in headers and not headers[path].problem for path in index.files):
        tensors = (one for path in index.files for one in headers[path].tensors.values())
        return sum(one.end - one.start for one in tensors), True
    if all(path in subject.files for path in index.files):
        return sum(subject.files[path].size for path in index.files), False
    return 0, False


def _shared(subject: Subject, index: Index) -> set[int]:
    """Return the sizes of tensors that are kept once and may be counted twice."""
    headers = subject.gathered.headers
    return {
        one.end - one.start
        for path in index.files
        for name, one in headers[path].tensors.items()
        if "embed" in name or "wte" in name or "lm_head" in name
    }


RULE = Rule(
    id="size-total",
    group="weights",
    title="An index says another size than its files have",
    severity="warning",
    why="`metadata.total_size` is written with the files. One that does not fit them shows "
    "that the "
    "index is of another checkpoint: mostly of the base, in full precision. Tools that plan memory "
    "by it plan wrongly.",
    example='`"total_size": 15231233024` in the index of files with 5.6 GB.',
    fix="Upload the index that was written with the files.",
    check=check,
    needs=("files",),
    sources=("https://huggingface.co/docs/transformers/big_models",),
)
