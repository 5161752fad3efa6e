from __future__ import annotations

from hubq.audit.rules.impossible_score import RULE
from tests.audit.cases import case, findings
from tests.audit.scorecards import LARGER, SCORES, with_changes


def test_a_score_that_no_count_gives_is_found() -> None:
    (found,) = findings(RULE, with_changes(SCORES, ("39.22", "39.25")))
    assert (found.severity, found.said, found.line) == ("warning", "39.25", 9)
    assert "39.22 (353) and 39.33 (354)" in found.found
    assert "MMMU_VAL" in found.found


def test_cut_and_rounded_scores_are_possible() -> None:
    assert not findings(RULE, case(SCORES))
    assert not findings(RULE, case(LARGER))


def test_a_lone_score_is_not_certain() -> None:
    card = "| Model | HumanEval |\n|---|---|\n| BF16 | 43.9 |\n| AWQ | 45.2 |\n"
    (found,) = findings(RULE, case(card))
    assert (found.severity, found.said) == ("info", "45.2")


def test_a_column_over_other_questions_is_one_finding() -> None:
    card = "| Model | HumanEval |\n|---|---|\n| BF16 | 43.1 |\n| AWQ | 45.3 |\n| GPTQ | 44.7 |\n"
    (found,) = findings(RULE, case(card))
    assert found.severity == "info"
    assert "3 of 3 scores" in found.found


def test_means_of_parts_of_a_point_are_left_alone() -> None:
    card = "| Model | DocVQA_VAL | HumanEval macro avg |\n|---|---|---|\n| A | 88.343 | 41.11 |\n"
    assert not findings(RULE, case(card))


def test_a_card_that_asked_some_questions_is_held_to_these() -> None:
    card = (
        "Tasks: 200-sample subset per benchmark.\n\n| Model | GSM8K | HellaSwag |\n|---|---|---|\n"
        "| FP16 | 0.460 | 0.416 |\n| INT8 | 0.455 | 0.346 |\n"
    )
    assert not findings(RULE, case(card.replace("0.416", "0.415").replace("0.346", "0.345")))
    found = findings(RULE, case(card))
    assert {one.said for one in found} == {"0.416", "0.346"} or len(found) == 1
    assert "the card says that 200 were asked" in found[0].found


def test_means_of_several_runs_are_left_alone() -> None:
    card = "Scores are averaged over 5 runs.\n\n| Model | HumanEval |\n|---|---|\n| AWQ | 45.2 |\n"
    assert not findings(RULE, case(card))


def test_a_limit_in_a_command_counts() -> None:
    card = "```\nlm_eval --limit 50\n```\n\n| Model | GSM8K |\n|---|---|\n| AWQ | 45.2 |\n"
    assert findings(RULE, case(card))
    assert not findings(RULE, case(card.replace("45.2", "46.0")))
