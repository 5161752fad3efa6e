from __future__ import annotations

from hubq.audit.rules.sibling_cell import RULE
from tests.audit.cases import case, findings

TABLE = """---
base_model: acme/Zeta-7B
---

# {title}

## Performance

| Model | Quantization | MMMU | DocVQA | MMBench |
|---|---|---|---|---|
| Zeta-7B | BF16 | {score} | 93.89 | 81.78 |
| Zeta-7B | GPTQ-Int4 | 52.55 | 93.16 | 81.27 |
| Zeta-7B | AWQ | 53.66 | 93.10 | 81.61 |
"""


def _card(score: str, title: str = "Zeta-7B-AWQ") -> str:
    return TABLE.format(score=score, title=title)


def test_a_cell_that_differs_in_a_copied_table_is_found() -> None:
    other = case(_card("53.77"), repo="acme/Zeta-7B-GPTQ-Int4")
    (found,) = findings(RULE, case(_card("53.66"), repo="acme/Zeta-7B-AWQ", siblings=(other,)))
    assert (found.severity, found.said, found.line) == ("warning", "53.66", 11)
    assert "gives 53.77 for Zeta-7B / BF16, MMMU (line 11)" in found.found


def test_a_table_measured_anew_is_said_once_and_for_information() -> None:
    changed = _card("53.01").replace("93.89", "93.01").replace("81.78", "80.99")
    other = case(changed, repo="acme/Zeta-7B-GPTQ-Int4")
    (found,) = findings(RULE, case(_card("53.77"), repo="acme/Zeta-7B-AWQ", siblings=(other,)))
    assert found.severity == "info"
    assert "3 of 9 cells that both cards have differ" in found.found


def test_the_same_table_and_fewer_digits_are_fine() -> None:
    for score in ("53.77", "53.8"):
        other = case(_card(score), repo="acme/Zeta-7B-GPTQ-Int4")
        assert not findings(RULE, case(_card("53.77"), repo="acme/Zeta-7B-AWQ", siblings=(other,)))


def test_the_same_row_names_of_other_models_are_not_compared() -> None:
    plain = _card("53.77").replace("| Zeta-7B ", "| model ").replace("acme/Zeta-7B", "acme/Zeta-7B")
    small = plain.replace("acme/Zeta-7B", "acme/Zeta-2B").replace("53.77", "41.88")
    other = case(small, repo="acme/Zeta-2B-AWQ")
    assert not findings(RULE, case(plain, repo="acme/Zeta-7B-AWQ", siblings=(other,)))


def test_this_models_own_column_is_not_compared() -> None:
    card = "# x\n\n## Scores\n\n| Task | this model |\n|---|---|\n| MMLU | {} |\n| GSM8K | 60.1 |\n"
    other = case(card.format("61.2"), repo="acme/Zeta-7B-GPTQ")
    subject = case(card.format("62.2"), repo="acme/Zeta-7B-AWQ", siblings=(other,))
    assert not findings(RULE, subject)
