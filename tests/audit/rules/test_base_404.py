from __future__ import annotations

import msgspec

from hubq.audit.rules import base_404, dead_link
from hubq.audit.subject import Subject
from tests.audit.cases import case, findings

CARD = "---\nlicense: mit\nbase_model: acme/zeta\n---\n\n# x\n\n[Zeta](https://hf.co/acme/zeta)\n"


def _without(card: str, *gone: str) -> Subject:
    subject = case(card, repo="you/x-AWQ")
    return Subject(msgspec.structs.replace(subject.gathered, gone=gone))


def test_a_base_that_is_not_there_is_found() -> None:
    (found,) = findings(base_404.RULE, _without(CARD, "acme/zeta"))
    assert (found.severity, found.said, found.line, found.column) == ("error", "acme/zeta", 3, 13)


def test_the_one_of_several_is_named_where_it_stands() -> None:
    card = "---\nbase_model:\n- acme/a\n- acme/zeta\n---\n\n# x\n"
    (found,) = findings(base_404.RULE, _without(card, "acme/zeta"))
    assert (found.line, found.column) == (4, 3)


def test_what_was_not_looked_up_or_is_there_is_fine() -> None:
    assert not findings(base_404.RULE, _without(CARD))
    assert not findings(base_404.RULE, _without(CARD, "acme/other"))


def test_a_link_to_it_leads_nowhere() -> None:
    (found,) = findings(dead_link.RULE, _without(CARD, "acme/zeta"))
    assert (found.severity, found.found) == ("error", "there is no repo acme/zeta")
    assert not findings(dead_link.RULE, _without(CARD, "acme/zet"))
