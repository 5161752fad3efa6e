"""Group sizes in name, card and configuration against one another."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hubq.audit.lowered import fold
from hubq.audit.naming import read_name
from hubq.audit.parts import Spot
from hubq.audit.quantization import declared, spot_of
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.audit.wording import said_in
from hubq.model.finding import Finding

_IN_CODE = re.compile(
    r"(?<![\w])(?:q_)?group_?size['\"]?\s*[=:]\s*(-?\d{1,4})(?!\d)", re.IGNORECASE
)


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding where two places tell of different group sizes."""
    name, one = read_name(subject.model), declared(subject)
    given = one.group_size if one is not None and not one.mixed else None
    named = name.group_size
    if one is not None and given is not None and named is not None and given != named:
        yield finding(
            subject,
            RULE.id,
            f"{one.path} says that the group size is {given}, the repo's name says {named}",
            at=spot_of(subject, one.path, "group_size"),
            path=one.path,
            said=str(given),
            remedy="Rename the repo, or upload the weights that belong here.",
        )
    told = {one.value: one for one in said_in(subject.document) if one.topic == "group-size"}
    if len(told) != 1:
        return
    said = next(iter(told.values()))
    truth, source = _truth(subject, given, named, one.path if one is not None else "")
    if truth is not None and truth != said.value:
        yield finding(
            subject,
            RULE.id,
            f"the group size is {truth}: {source}",
            severity="warning",
            at=said.spot,
            said=said.text,
            remedy="Say the group size that was used.",
        )


def _truth(
    subject: Subject, given: int | None, named: int | None, path: str
) -> tuple[int | None, str]:
    if given is not None:
        return given, f"{path} says so"
    if named is not None:
        return named, "the repo's name says so"
    found = _in_code(subject)
    return (
        (found[0], f"the card's own code says so in line {found[1].line}") if found else (None, "")
    )


def _in_code(subject: Subject) -> tuple[int, Spot] | None:
    """Return the one group size that the card's code sets, and where."""
    found: dict[int, Spot] = {}
    for code in subject.document.codes:
        if "roup" not in fold(code.text):
            continue
        for one in _IN_CODE.finditer(code.text):
            line = code.line + code.text.count("\n", 0, one.start())
            found.setdefault(int(one[1]), Spot(line))
    return next(iter(found.items())) if len(found) == 1 else None


RULE = Rule(
    id="group-size",
    group="weights",
    title="Name, card and configuration tell of different group sizes",
    severity="error",
    why="The group size decides how good and how large a 4-bit model is, and which kernels can run "
    "it. A card that names another one than was used cannot be reproduced.",
    example="> quantized with a group size of 128\n\non the card of a repo whose `config.json` "
    "says "
    '`"group_size": 32`.',
    fix="Find out which it is (`group-tensors` reads it from the shapes), and mend the others.",
    check=check,
    needs=(),
    sources=("https://huggingface.co/docs/transformers/main_classes/quantization",),
)
