"""A title that names another model than the repo."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hubq.audit.naming import NameFacts, read_name
from hubq.audit.parts import Passage
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.model.finding import Finding

_LONGEST = 150
_GAP = re.compile(r"[\s_]+(?:[-–—|:][\s_]+)?")
_ALSO = re.compile(r"[,&+]|\band\b|\bvs\b|\bor\b", re.IGNORECASE)


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding where the first heading tells of other weights than the repo's name."""
    title = next((one for one in subject.document.passages if one.level), None)
    if title is None or len(title.text) > _LONGEST or _ALSO.search(title.text):
        return
    said = read_name(_GAP.sub("-", title.text.strip()))
    ours = read_name(subject.model)
    for what, theirs, own in _differences(said, ours):
        yield finding(
            subject,
            RULE.id,
            f"the title says {what} {theirs}, the repo's name {own}",
            severity="warning",
            at=_spot(title),
            said=" ".join(title.text.split()),
            remedy=f"Title the card as the repo is called: {subject.model}.",
            part=what,
        )
        return


def _spot(title: Passage) -> tuple[int, int]:
    return title.line, title.column


def _differences(said: NameFacts, ours: NameFacts) -> Iterator[tuple[str, str, str]]:
    """Yield (what, as the title has it, as the repo's name has it) where both say it."""
    if said.method and ours.method and said.method != ours.method:
        yield "method", said.method, ours.method
    bits = said.bits and ours.bits and not said.mixed and not ours.mixed
    if bits and said.bits != ours.bits:
        yield "bits", str(said.bits), str(ours.bits)
    if said.bits and ours.bits and said.floating != ours.floating and said.said and ours.said:
        yield "type", said.said, ours.said
    sizes = (said.size_b, ours.size_b)
    if sizes[0] and sizes[1] and abs(sizes[0] - sizes[1]) > 0.06 * max(sizes[0], sizes[1]):
        yield "size", f"{sizes[0]:g}B", f"{sizes[1]:g}B"


RULE = Rule(
    id="copied-id",
    group="prose",
    title="The title is that of another model",
    severity="warning",
    why="Readers who come by a link see the title and not the repo's name: they load 4-bit weights "
    "for 8-bit ones, or believe that the scores below are those of another size. It tells of a "
    "card that was copied from a sibling.",
    example="""`# Tern-VL-72B-Instruct-quantized-w4a16` on the card of
`acme/Tern-VL-72B-Instruct-FP8-dynamic`: `the title says bits 4, the repo's name 8`

Method, bits, type and size are compared, each only where title and name both say it.""",
    fix="Use the repo's name as title, and look for what else was copied.",
    check=check,
    needs=("card", "repo"),
)
