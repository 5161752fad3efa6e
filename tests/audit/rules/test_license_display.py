from __future__ import annotations

from hubq.audit.rules.license_display import RULE
from tests.audit.cases import case, findings

CARD = "---\nlicense: {}\n---\n\n# x\n\n{}\n"


def test_a_line_that_is_not_shown_is_worth_knowing() -> None:
    (found,) = findings(RULE, case(CARD.format("llama3.2", "Text."), repo="acme/x-AWQ"))
    assert (found.severity, found.line) == ("info", 2)
    assert "“Built with Llama”" in found.found


def test_the_license_of_a_known_base_counts() -> None:
    card = "---\nbase_model: meta-llama/Llama-3.2-1B\n---\n\n# x\n"
    (found,) = findings(RULE, case(card, repo="acme/x-AWQ"))
    assert found.line == 2


def test_a_card_that_shows_it_is_fine() -> None:
    card = CARD.format("llama3", "**Built with\nMeta Llama 3**")
    assert not findings(RULE, case(card, repo="acme/x-AWQ"))
    front = "license: other\nlicense_name: qwen-research"
    card = f"---\n{front}\n---\n\n# x\n\nImproved using Qwen.\n"
    assert not findings(RULE, case(card, repo="acme/x-AWQ"))


def test_licenses_that_ask_for_no_line_and_originals_are_fine() -> None:
    for name in ("llama2", "gemma", "apache-2.0"):
        assert not findings(RULE, case(CARD.format(name, "Text."), repo="acme/x-AWQ"))
    assert not findings(RULE, case(CARD.format("llama3.2", "Text."), repo="acme/x"))
