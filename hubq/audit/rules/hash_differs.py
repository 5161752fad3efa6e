"""A file whose bytes are not those that the hub lists."""

from __future__ import annotations

from collections.abc import Iterator

from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.model.finding import Finding


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each file that was fetched and has another SHA-256 than is listed."""
    for path, found in sorted(subject.gathered.hashes.items()):
        listed = subject.files[path].sha256 if path in subject.files else ""
        if listed and listed != found:
            yield finding(
                subject,
                RULE.id,
                f"its bytes have the SHA-256 {found[:16]}…",
                severity=RULE.severity,
                path=path,
                said=f"SHA-256 {listed[:16]}…",
                remedy="Upload the file again, and compare its hash afterwards.",
            )


RULE = Rule(
    id="hash-differs",
    group="weights",
    title="A file's bytes are not those that the Hub lists",
    severity="error",
    why="""A file on the Hub is named by the SHA-256 of its content. Where the bytes that are sent
hash to something else, the upload or the storage went wrong, and everybody downloads other weights
than were measured.""",
    example="""`model.safetensors` is listed with SHA-256 `2c26b46b…`, and what was fetched has
`fcde2b2e…`. Only `--deep` fetches weights, so only it can find this.""",
    fix="Upload the file again, and compare with `hubq verify --deep` or `hf cache verify`.",
    check=check,
    needs=("files",),
    sources=("https://huggingface.co/docs/huggingface_hub/guides/manage-cache",),
)
