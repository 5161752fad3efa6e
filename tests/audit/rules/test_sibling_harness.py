from __future__ import annotations

from hubq.audit.rules.sibling_harness import RULE
from tests.audit.cases import case, findings


def _card(address: str) -> str:
    return f"# Zeta\n\nWe measured with [the tool](https://github.com/{address}).\n"


def test_a_fork_on_one_card_and_the_original_on_another_are_worth_knowing() -> None:
    other = case(_card("open-compass/VLMEvalKit"), repo="acme/b")
    card = _card("someone/VLMEvalKit/tree/add_zeta")
    (found,) = findings(RULE, case(card, repo="acme/a", siblings=(other,)))
    assert (found.severity, found.line) == ("info", 3)
    assert found.said == "someone/VLMEvalKit@add_zeta"
    assert found.found.endswith("someone/VLMEvalKit@add_zeta is a fork")


def test_two_branches_of_one_fork_are_two_copies() -> None:
    other = case(_card("someone/lm-evaluation-harness/tree/v2"), repo="acme/b")
    card = _card("someone/lm-evaluation-harness/tree/v1")
    assert findings(RULE, case(card, repo="acme/a", siblings=(other,)))


def test_the_same_copy_in_other_ways_of_writing_is_fine() -> None:
    other = case("# Z\n\n```\ngit clone https://github.com/open-compass/VLMEvalKit.git\n```\n")
    card = _card("Open-Compass/vlmevalkit")
    assert not findings(RULE, case(card, repo="acme/a", siblings=(other,)))
    both = case(f"{card}\n{_card('someone/VLMEvalKit')}", repo="acme/b")
    assert not findings(RULE, case(card, repo="acme/a", siblings=(both,)))


def test_other_tools_and_cards_that_name_none_are_fine() -> None:
    other = case("# Z\n\nNothing.\n", repo="acme/b")
    assert not findings(RULE, case(_card("a/VLMEvalKit"), repo="acme/a", siblings=(other,)))
    other = case(_card("b/AutoAWQ"), repo="acme/b")
    assert not findings(RULE, case(_card("a/AutoAWQ"), repo="acme/a", siblings=(other,)))


TABLE = "\n## Scores\n\n| Model | MMLU | GSM8K |\n|---|---|---|\n| Zeta-7B | 61.2 | 55.3 |\n"


def test_another_harness_by_name_is_worth_knowing() -> None:
    other = case(f"# Zeta\n\nMeasured with lmms-eval.\n{TABLE}", repo="acme/b")
    card = f"# Zeta\n\nMeasured with VLMEvalKit.\n{TABLE}"
    (found,) = findings(RULE, case(card, repo="acme/a", siblings=(other,)))
    assert (found.severity, found.line, found.said) == ("info", 3, "vlmevalkit")


def test_a_shared_harness_or_no_scores_are_fine() -> None:
    card = f"# Zeta\n\nMeasured with VLMEvalKit and lm-eval-harness.\n{TABLE}"
    other = case(f"# Zeta\n\nMade with `lm_evaluation_harness`.\n{TABLE}", repo="acme/b")
    assert not findings(RULE, case(card, repo="acme/a", siblings=(other,)))
    other = case("# Zeta\n\nMeasured with lmms-eval.\n", repo="acme/b")
    assert not findings(RULE, case(card, repo="acme/a", siblings=(other,)))
