from __future__ import annotations

from hubq.audit.rules.no_card import RULE
from tests.audit.cases import case, findings


def test_a_repo_without_a_readme_is_found() -> None:
    (found,) = findings(RULE, case(repo="acme/x", texts={"config.json": {}}))
    assert (found.rule, found.severity, found.repo) == ("no-card", "warning", "acme/x")


def test_an_empty_readme_is_found() -> None:
    (found,) = findings(RULE, case("---\nlicense: mit\n---\n\n"))
    assert found.found == "the README says nothing"


def test_a_card_is_enough() -> None:
    assert not findings(RULE, case("# A model\n\nMade from x.\n"))
