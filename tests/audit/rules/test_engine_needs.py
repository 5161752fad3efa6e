from __future__ import annotations

from hubq.audit.rules.engine_needs import RULE
from tests.audit.cases import case, findings
from tests.rows import each_row


def test_torch_that_vllm_is_not_built_for_is_found() -> None:
    (found,) = findings(RULE, case("- vLLM 0.6.3\n- torch 2.2.1+cu121\n"))
    assert (found.severity, found.line) == ("info", 2)
    assert found.found == "vLLM 0.6.3 needs torch==2.4.0"
    assert found.said == "torch 2.2.1+cu121 beside vLLM 0.6.3"


def test_transformers_that_vllm_does_not_take_is_found() -> None:
    (found,) = findings(RULE, case("```\nvllm==0.6.3\ntransformers==4.40.0\n```\n"))
    assert found.found == "vLLM 0.6.3 needs transformers>=4.45.0"


@each_row(
    "card",
    [
        "- vLLM 0.6.3\n- torch 2.4.0+cu121\n- transformers 4.45.0\n",
        "- vLLM 0.6.3\n- transformers 4.45.0.dev0\n",
        "## vLLM\n\n- vLLM 0.6.3\n\n## Transformers\n\n- torch 2.2.1\n",
        "- vLLM 0.6.3\n- torch 2.2.1 or later\n",
        "- vLLM 9.9.9\n- torch 2.2.1\n",
        "- vLLM 0.6.3\n- vLLM 0.8.0\n- torch 2.2.1\n",
        "- torch 2.2.1\n",
    ],
)
def test_versions_that_go_together_are_silent(card: str) -> None:
    assert not findings(RULE, case(card))
