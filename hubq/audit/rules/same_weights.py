"""The same weights under two names."""

from __future__ import annotations

from collections.abc import Iterator

from hubq.audit.naming import read_name
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.audit.tensors import weight_files
from hubq.model.finding import Finding, Severity


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each other repo that holds the very same weights."""
    mine = _hashes(subject)
    if not mine:
        return
    base = subject.base
    name = read_name(subject.model)
    if base is not None and name.quantized and _hashes(base) == mine:
        again = _same(subject, base)
        yield _finding(subject, base, "info" if again else "error", "those of the base model")
    for other in subject.siblings:
        if other.repo not in (subject.repo, base.repo if base else "") and _hashes(other) == mine:
            copy = _same(subject, other)
            yield _finding(subject, other, "warning" if copy else "error", "those of")


def _same(subject: Subject, other: Subject) -> bool:
    """Say whether two names promise the same, so that one may be a copy of the other."""
    first, second = read_name(subject.model), read_name(other.model)
    return (first.bits, first.method) == (second.bits, second.method)


def _hashes(subject: Subject) -> frozenset[str]:
    """Return the hashes of all files with weights; nothing where one is not known."""
    found = [subject.files[path].sha256 for path in weight_files(subject) if path in subject.files]
    return frozenset(found) if found and all(found) else frozenset()


def _finding(subject: Subject, other: Subject, severity: Severity, whose: str) -> Finding:
    return finding(
        subject,
        RULE.id,
        f"the weights are {whose} {other.repo}, byte for byte",
        severity=severity,
        path=weight_files(subject)[0],
        remedy="Upload the weights of this variant, or delete one of the repos.",
        part=other.repo,
    )


RULE = Rule(
    id="same-weights",
    group="weights",
    title="Two repos hold the same weights",
    severity="error",
    why="The Hub lists large files by their SHA-256. Where two variants have the same, one of them "
    "was uploaded into the other one's repo: its name, its card and its scores are about weights "
    "that are not there.",
    example="`acme/Model-GPTQ-Int8` and `acme/Model-GPTQ-Int4` list the same SHA-256 for "
    "`model.safetensors`.",
    fix="Upload the weights that belong to the name.",
    check=check,
    needs=("files",),
    sources=("https://huggingface.co/docs/hub/storage-backends",),
)
