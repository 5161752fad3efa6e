from __future__ import annotations

from hubq.audit.rules.license_missing import RULE
from tests.audit.cases import case, findings


def test_a_card_without_license_is_found() -> None:
    (found,) = findings(RULE, case("---\ntags: [x]\n---\n\n# x\n", repo="acme/x"))
    assert (found.severity, found.found) == ("warning", "license is not said")


def test_the_license_of_a_known_base_is_named() -> None:
    card = "---\nbase_model: meta-llama/Llama-3.2-3B-Instruct\n---\n\n# x\n"
    (found,) = findings(RULE, case(card, repo="acme/Llama-3.2-3B-Instruct-AWQ"))
    assert found.remedy == "Add `license: llama3.2`."


def test_the_license_of_a_base_that_was_looked_up_is_named() -> None:
    base = case("---\nlicense: mit\n---\n\n# x\n", repo="acme/x")
    card = "---\nbase_model: acme/x\n---\n\n# x\n"
    (found,) = findings(RULE, case(card, repo="acme/x-AWQ", base=base))
    assert found.found == "license is not said; acme/x is under mit"


def test_a_license_and_a_readme_of_no_model_are_fine() -> None:
    assert not findings(RULE, case("---\nlicense: mit\n---\n\n# x\n", repo="acme/x"))
    assert not findings(RULE, case("# A tool\n\nText.\n"))
    assert not findings(RULE, case("---\n: [\n---\n\n# x\n", repo="acme/x"))
