from __future__ import annotations

from hubq.audit.rules.base_relation import RULE
from tests.audit.cases import case, findings

CARD = "---\nlicense: mit\nbase_model: acme/x\n{}---\n\n# x\n"


def test_a_relation_that_is_not_said_is_worth_knowing() -> None:
    (found,) = findings(RULE, case(CARD.format(""), repo="acme/x-GPTQ-Int4"))
    assert (found.severity, found.line, found.column) == ("info", 3, 13)


def test_another_relation_is_found() -> None:
    card = CARD.format("base_model_relation: finetune\n")
    (found,) = findings(RULE, case(card, repo="acme/x-GPTQ-Int4"))
    assert (found.severity, found.said, found.line) == ("warning", "finetune", 4)


def test_the_right_one_and_models_that_are_not_quantized_are_fine() -> None:
    card = CARD.format("base_model_relation: quantized\n")
    assert not findings(RULE, case(card, repo="acme/x-GPTQ-Int4"))
    assert not findings(RULE, case(CARD.format(""), repo="acme/x-chat"))
    assert not findings(RULE, case("---\nlicense: mit\n---\n\n# x\n", repo="acme/x-GPTQ"))
