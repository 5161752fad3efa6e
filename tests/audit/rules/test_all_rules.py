"""What holds for every rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from hubq.audit.rule import Rule, all_rules

HERE = Path(__file__).parent


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.id)
def test_a_rule_is_documented_and_tested(rule: Rule) -> None:
    assert rule.id == rule.id.lower().replace("_", "-").strip("-")
    assert all(text.strip() for text in (rule.title, rule.why, rule.example, rule.fix))
    assert not rule.title.endswith(".")
    assert (HERE / f"test_{rule.id.replace('-', '_')}.py").is_file()
    module = rule.check.__module__.rpartition(".")[2]
    assert module == rule.id.replace("-", "_")


def test_ids_are_unique() -> None:
    ids = [rule.id for rule in all_rules()]
    assert len(ids) == len(set(ids))
