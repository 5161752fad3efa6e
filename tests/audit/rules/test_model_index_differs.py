from __future__ import annotations

from hubq.audit.rules.model_index_differs import RULE
from tests.audit.cases import case, findings

FRONT = """---
base_model: acme/Zeta-7B
model-index:
- name: {name}
  results:
  - task:
      type: text-generation
    dataset:
      name: GSM8K
      type: gsm8k
    metrics:
    - type: acc
      value: {value}
---

# Zeta-7B-GPTQ

| Benchmark | Zeta-7B | Zeta-7B-GPTQ (this model) |
|---|---|---|
| GSM8K | 61.33 | 60.12 |
| MMLU | 70.00 | 69.10 |
"""
REPO = "acme/Zeta-7B-GPTQ"


def _card(name: str = "Zeta-7B-GPTQ", value: str = "60.12") -> str:
    return FRONT.format(name=name, value=value)


def test_a_value_that_the_table_gives_otherwise_is_found() -> None:
    (found,) = findings(RULE, case(_card(value="61.33"), repo=REPO))
    assert (found.severity, found.said, found.line) == ("warning", "61.33", 13)
    assert "60.12" in found.found


def test_the_same_value_in_other_digits_is_fine() -> None:
    for value in ("60.12", "60.1", "0.6012", "60.123", "0.601", "60.1%"):
        assert not findings(RULE, case(_card(value=value), repo=REPO)), value


def test_the_results_of_another_model_are_found() -> None:
    (found,) = findings(RULE, case(_card(name="Zeta-7B-v0"), repo=REPO))
    assert (found.severity, found.said) == ("warning", "Zeta-7B-v0")
    (found,) = findings(RULE, case(_card(name="zeta-7b"), repo=REPO))
    assert (found.severity, found.found.count("base model")) == ("info", 1)


def test_no_results_and_a_broken_index_are_left_alone() -> None:
    card = "---\nmodel-index:\n- name: other\n  results: []\n---\n\n# x\n"
    assert not findings(RULE, case(card, repo=REPO))
    assert not findings(RULE, case("---\nmodel-index: {a: 1}\n---\n\n# x\n", repo=REPO))
    assert not findings(
        RULE, case("---\nmodel-index: [1, {results: [2]}]\n---\n\n# x\n", repo=REPO)
    )


def test_shots_behind_a_tasks_name_are_no_other_task() -> None:
    card = _card(value="61.33").replace("| GSM8K |", "| GSM8K (5-shot) |")
    assert len(findings(RULE, case(card, repo=REPO))) == 1
    assert not findings(RULE, case(card.replace("value: 61.33", "value: 60.12"), repo=REPO))
    two = card.replace("| MMLU |", "| GSM8K (0-shot) |")
    assert not findings(RULE, case(two, repo=REPO))
