"""Derived numbers: `comparison.json` worked out again from the samples of every variant."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from hubq.cards.comparison import compare
from hubq.cards.family import Family
from hubq.cards.ledger import COMPARISON_FILE, SELF
from hubq.model.codec import canonical
from hubq.model.finding import Finding
from hubq.verify.checking import Checked, counted, named
from hubq.verify.dossier import Dossier, decoded
from hubq.verify.numbers import Difference, count_numbers, differences

_ANSWERS = "outputs_changed"


def check_comparison(dossier: Dossier, family: Family) -> Checked:
    """Compare every number of `comparison.json` with what the evidence makes of it.

    Raises:
        BadInput: the file is missing or no JSON.
    """
    said = decoded(COMPARISON_FILE, dossier.place.read(COMPARISON_FILE))
    found = msgspec.json.decode(canonical(compare(family, family.published)))
    shortened = dossier.contents.shortened if dossier.contents else ()
    short = any(one.is_scored for one in shortened)
    wrong = [
        one
        for one in differences(said, found, more=dossier.is_older)
        if not (short and one.pointer.rpartition("/")[2] == _ANSWERS)
    ]
    read = count_numbers(found.get("overlap", {}))
    total = count_numbers(found) - read
    return Checked(
        said=f"{counted(total, 'number')} worked out again",
        findings=tuple(_findings(dossier, wrong)),
        recomputed=total,
        read=read,
    )


def _findings(dossier: Dossier, wrong: list[Difference]) -> Iterator[Finding]:
    """Yield each difference that the card shows, and in one finding those that it does not."""
    hidden = []
    for one in wrong:
        claims = [
            claim.id
            for claim in dossier.resting(SELF, COMPARISON_FILE)
            if claim.pointer == one.pointer or claim.pointer.startswith(f"{one.pointer}/")
        ]
        if claims:
            yield _finding(one, f"on the card: {named(claims)}")
        else:
            hidden.append(one)
    if hidden:
        more = f"{len(hidden) - 1} more that the card does not print" if hidden[1:] else ""
        yield _finding(hidden[0], more)


def _finding(one: Difference, more: str) -> Finding:
    return Finding(
        rule="comparison-wrong",
        path=f"{COMPARISON_FILE}#{one.pointer}",
        said=one.said,
        found=f"the evidence makes {one.found}" + (f"; {more}" if more else ""),
    )
