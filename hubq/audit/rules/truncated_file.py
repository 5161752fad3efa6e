"""Weight files that end before their tensors do, or after."""

from __future__ import annotations

from collections.abc import Iterator

from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.model.finding import Finding


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each file whose size is not what its header says."""
    for path, header in sorted(subject.gathered.headers.items()):
        if header.problem or not header.tensors or header.end == header.size:
            continue
        short = header.size < header.end
        difference = abs(header.end - header.size)
        yield finding(
            subject,
            RULE.id,
            f"its header describes {header.end:,} bytes, the file has {header.size:,}: "
            f"{difference:,} {'are missing' if short else 'too many'}",
            severity=RULE.severity,
            path=path,
            said=f"{header.size:,} bytes",
            remedy="Upload the file again.",
        )


RULE = Rule(
    id="truncated-file",
    group="weights",
    title="A weight file is shorter or longer than its header says",
    severity="error",
    why="An upload that broke off, or a file that was cut: safetensors refuses to open it.",
    example="The header's last tensor ends at byte 4,967,215,360; the file has 3,221,225,472.",
    fix="Upload the file again, and compare its SHA-256 with that of the file on disk.",
    check=check,
    needs=("headers",),
    sources=("https://huggingface.co/docs/safetensors",),
)
