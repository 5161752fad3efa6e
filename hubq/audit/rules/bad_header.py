"""Weight files that are no safetensors files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hubq.audit.headers import UNREAD, Header
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.model.finding import Finding
from hubq.quantize.headers import Tensor

_POINTER = 200
"""Bytes: git's pointer to a large file has about 130; the smallest weights have thousands."""


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each file that cannot be read as its name says."""
    headers = subject.gathered.headers
    for path in sorted({*subject.files, *headers}):
        if not path.endswith(".safetensors"):
            continue
        header = headers.get(path)
        size = subject.files[path].size if path in subject.files else _POINTER
        problem = _problem(header) if header is not None else ""
        if size < _POINTER and (header is None or header.problem):
            problem = f"the file has {size} bytes: git's pointer to the weights, not the weights"
        if problem:
            yield finding(
                subject,
                RULE.id,
                problem,
                severity=RULE.severity,
                path=path,
                remedy="Upload the file again.",
            )


def _problem(header: Header) -> str:
    """Return what is wrong with a header, in words."""
    if header.problem:
        return "" if header.problem == UNREAD else header.problem
    return _wrong_size(header.tensors) or _misplaced(header.tensors)


def _wrong_size(tensors: Mapping[str, Tensor]) -> str:
    for name, one in tensors.items():
        expected = one.elements * one.bits
        if one.bits and expected != (one.end - one.start) * 8:
            shape = " x ".join(map(str, one.shape)) or "scalar"
            return f"{name} has {one.end - one.start:,} bytes, which is no {shape} of {one.dtype}"
    return ""


def _misplaced(tensors: Mapping[str, Tensor]) -> str:
    end = 0
    for name, one in sorted(tensors.items(), key=lambda item: (item[1].start, item[1].end)):
        if one.start != end:
            kind = "overlaps the one before" if one.start < end else "leaves a hole before it"
            return f"{name} begins at {one.start:,} where {end:,} is expected: it {kind}"
        end = one.end
    return ""


RULE = Rule(
    id="bad-header",
    group="weights",
    title="A weight file cannot be read as safetensors",
    severity="error",
    why="The header says where each tensor's bytes are. One that is no JSON, or whose tensors "
    "overlap or have other sizes than their shapes, is refused by every loader. A file of some "
    "hundred bytes is git's pointer, committed in place of the weights.",
    example="`model.safetensors` with 134 bytes, which begin with `version https://git-lfs`.",
    fix="Upload the file again, with `hf upload` or with git-lfs installed.",
    check=check,
    needs=("files",),
    sources=(
        "https://huggingface.co/docs/safetensors",
        "https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md",
    ),
)
