"""A card of hubq's whose numbers are not what its evidence gives."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from hubq.audit.rule import Rule, finding
from hubq.audit.subject import CARD, Subject
from hubq.errors import BadInput
from hubq.model.finding import Finding
from hubq.verify.verification import verify


def check(subject: Subject) -> Iterator[Finding]:
    """Yield what `hubq verify` finds wrong in a repo that holds evidence.

    Siblings and the source are left to the rules about them.
    """
    if subject.place is None:
        return
    try:
        found = verify(subject.place, siblings=False, source=False).findings
    except BadInput as error:
        yield finding(subject, RULE.id, error.message, path="hubq.json", remedy=error.remedy)
        return
    for one in found:
        if one.severity == "info":
            continue
        quote = subject.document.quote(one.line) if one.path == CARD else one.quote
        path, _, pointer = one.path.partition("#")
        yield msgspec.structs.replace(
            one,
            rule=RULE.id,
            repo=subject.repo,
            path=path or "hubq.json",
            quote=quote,
            part=" ".join(part for part in (one.rule, pointer, one.part) if part),
        )


RULE = Rule(
    id="unbacked",
    group="evidence",
    title="The evidence beside the weights does not give what the card says",
    severity="error",
    why="""A card that hubq wrote lies beside its evidence: `hubq.json` names a file, its SHA-256
and a place in it for every number, and `evidence/` holds the answers that the scores were counted
from. So anybody can work every number out again. Where that gives something else, somebody edited
a number, or the files were exchanged after they were measured.""",
    example="""The card says `MMMU 39.2`, `hubq.json` names 351 right answers of 900, which is
39.0: *README.md:41: says '39.2', the evidence gives 39.0*.

It says nothing of repos without a `hubq.json`.""",
    fix="""See all of it with `hubq verify REPO`. Put the number back that was measured, or measure
again and publish the family anew: `hubq release` does what is missing.""",
    check=check,
    needs=("evidence",),
    sources=("https://github.com/hubq/hubq/blob/main/docs/verify.md",),
)
