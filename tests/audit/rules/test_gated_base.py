from __future__ import annotations

from hubq.audit.rules.gated_base import RULE
from tests.audit.cases import case, findings

CARD = "---\nbase_model: acme/x\n---\n\n# x\n"


def test_an_open_copy_of_a_gated_model_is_worth_knowing() -> None:
    base = case("# x\n", repo="acme/x", gated=True)
    (found,) = findings(RULE, case(CARD, repo="you/x-AWQ", base=base, gated=False))
    assert (found.severity, found.line, found.said) == ("info", 2, "acme/x")


def test_gates_on_both_or_unknown_are_fine() -> None:
    base = case("# x\n", repo="acme/x", gated=True)
    for gated in (True, None):
        assert not findings(RULE, case(CARD, repo="you/x-AWQ", base=base, gated=gated))
    base = case("# x\n", repo="acme/x", gated=False)
    assert not findings(RULE, case(CARD, repo="you/x-AWQ", base=base, gated=False))
    guessed = case("# x\n", repo="acme/y", gated=True)
    assert not findings(RULE, case(CARD, repo="you/x-AWQ", base=guessed, gated=False))
