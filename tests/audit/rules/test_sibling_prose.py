from __future__ import annotations

from hubq.audit.rules.sibling_prose import RULE
from hubq.audit.subject import Subject
from tests.audit.cases import case, findings
from tests.rows import each_row


def _card(sizes: str, own: str, repo: str = "", *siblings: Subject) -> Subject:
    text = f"There are models with {sizes} parameters. This repo contains the {own} model."
    return case(f"# Zeta\n\nIntro.\n\n{text}\n", repo=repo, siblings=siblings)


def test_sizes_that_a_sibling_gives_otherwise_are_found() -> None:
    other = _card("2, 8 and 72 billion", "72B", "acme/Zeta-72B-AWQ")
    (found,) = findings(RULE, _card("2, 7 and 72 billion", "7B", "acme/Zeta-7B-AWQ", other))
    assert (found.severity, found.said) == ("warning", "2, 7 and 72 billion")
    assert (found.line, found.column) == (5, 23)
    assert "acme/Zeta-72B-AWQ says “2, 8 and 72 billion”" in found.found


def test_where_most_cards_agree_the_odd_one_is_to_be_mended() -> None:
    right = _card("8B, 70B and 405B", "8B", "acme/a")
    wrong = _card("8B, 70B and 70B", "70B", "acme/b")
    (found,) = findings(RULE, _card("8B, 70B and 405B", "8B", "acme/c", right, wrong))
    assert found.severity == "info"
    (found,) = findings(RULE, _card("8B, 70B and 70B", "8B", "acme/c", right, right))
    assert found.severity == "warning"
    assert found.found.endswith("and 1 more differ")


def test_a_list_with_a_number_twice_is_the_one_to_be_mended() -> None:
    right, wrong = "8B, 70B and 405B", "8B, 70B and 70B"
    (found,) = findings(RULE, _card(right, "70B", "acme/a", _card(wrong, "70B", "acme/b")))
    assert found.severity == "info"
    (found,) = findings(RULE, _card(wrong, "70B", "acme/a", _card(right, "70B", "acme/b")))
    assert found.severity == "warning"


@each_row(
    ("ours", "theirs"),
    [
        ("2, 7 and 72 billion", "2, 7 and 72 billion"),
        ("2, 7, and 72 billion", "2, 7 and 72 billion"),
        ("2B, 7B and 72B", "2, 7 and 72 billion"),
        ("7 billion", "72 billion"),
        ("about 7B", "about 72B"),
    ],
)
def test_the_same_sizes_and_a_models_own_size_are_fine(ours: str, theirs: str) -> None:
    other = _card(theirs, "72B", "acme/Zeta-72B-AWQ")
    assert not findings(RULE, _card(ours, "7B", "acme/Zeta-7B-AWQ", other))


def test_another_sentence_is_not_compared() -> None:
    other = case("# Zeta\n\nOur first family has 1, 8 and 30 billion parameters.\n", repo="acme/b")
    assert not findings(RULE, _card("2, 7 and 72 billion", "7B", "acme/a", other))


def _fact(text: str, repo: str, *siblings: Subject) -> Subject:
    front = "---\nbase_model: acme/Zeta-7B\n---\n"
    return case(f"{front}\n# Zeta\n\n{text}\n", repo=repo, siblings=siblings)


def test_facts_of_one_model_that_differ_are_found() -> None:
    text = "The model was trained on {} trillion tokens of text in many languages."
    other = _fact(text.format(18), "acme/Zeta-7B-GPTQ-Int4")
    (found,) = findings(RULE, _fact(text.format(15), "acme/Zeta-7B-AWQ", other))
    assert (found.severity, found.line) == ("warning", 7)


@each_row(
    "text",
    [
        "The weights and the parameters are stored with {} bits in this repo here.",
        "It needs {} GB of memory for the full context length of the model.",
        "The model keeps {}% of what it knew in all of these languages.",
        "Its parameters reach an average score of {} on these five tasks here.",
        "We used {} samples of text in ten languages to calibrate the model.",
    ],
)
def test_what_quantization_changes_may_differ(text: str) -> None:
    other = _fact(text.format(8), "acme/Zeta-7B-GPTQ-Int8")
    assert not findings(RULE, _fact(text.format(4), "acme/Zeta-7B-AWQ", other))


def test_facts_of_two_models_may_differ() -> None:
    text = "The model has {} layers and was trained on books in many languages."
    other = case(f"# Zeta\n\n{text.format(80)}\n", repo="acme/Zeta-72B-AWQ")
    assert not findings(RULE, _fact(text.format(28), "acme/Zeta-7B-AWQ", other))
