"""Sizes of files on the card against the files."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hubq.audit.offers import Offer, offers_in, size_of
from hubq.audit.parts import Spot
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.audit.tensors import weight_files
from hubq.model.finding import Finding

_LOADING = re.compile(
    r"(?P<size>\d{1,4}(?:\.\d{1,3})?\s*[MG]i?B) of (?:V?RAM|(?:GPU )?memory) (?:are|is) (?:needed|"
    r"required) (?:only |just )?(?:for|to) load",
    re.IGNORECASE,
)
_LESS = 0.9
"""Of the weights: what is needed to load them cannot be much less than they are."""


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each size that is not that of the file."""
    weights = sum(
        subject.files[path].size for path in weight_files(subject) if path in subject.files
    )
    for rows in offers_in(subject.document):
        for row in rows:
            yield from _row(subject, row, weights)
    yield from _loading(subject, weights)


def _row(subject: Subject, row: Offer, weights: int) -> Iterator[Finding]:
    if row.size is None:
        return
    size = subject.files[row.name].size if row.name in subject.files else 0
    if row.branch and row.name == "main":
        size = weights
    if size and not row.size.fits(size):
        yield finding(
            subject,
            RULE.id,
            f"{row.name if not row.branch else 'the weights of this branch'}: {size:,} bytes, "
            f"{size / 1e9:.2f} GB",
            severity=RULE.severity,
            at=row.spots["size"],
            said=row.size.text,
            remedy="Write the file's size.",
            part=row.name,
        )


def _loading(subject: Subject, weights: int) -> Iterator[Finding]:
    """Yield a finding where less memory is said to be needed than the weights have."""
    if not weights or not any(word in subject.document.text for word in (" to load", " for load")):
        return
    for passage in subject.document.passages:
        for found in _LOADING.finditer(passage.text):
            size = size_of(found["size"])
            if size is not None and max(high for _, high in size.ranges) < _LESS * weights:
                line = passage.line_of(found.start())
                spot = subject.document.find(found["size"], line, line)
                yield finding(
                    subject,
                    RULE.id,
                    f"the weights alone have {weights / 1e9:.2f} GB ({weights / 2**30:.2f} GiB)",
                    severity=RULE.severity,
                    at=spot if spot.line else Spot(line),
                    said=found["size"],
                    remedy="Write what loading was seen to take.",
                )


RULE = Rule(
    id="file-size",
    group="weights",
    title="The card says another size than the file has",
    severity="warning",
    why="People choose a file by its size, against the memory that they have. A size of another "
    "file, or of a former upload, makes them choose wrongly.",
    example="`model-Q6_K.gguf | 4.38GB` for a file of 6.25 GB.",
    fix="Write the size that the repo's list of files shows. Units of 1000 and of 1024 are both "
    "taken.",
    check=check,
    needs=("card", "files"),
    sources=("https://huggingface.co/docs/hub/repositories-getting-started",),
)
