from __future__ import annotations

from hubq.audit.rules.base_differs import RULE
from tests.audit.cases import case, findings
from tests.rows import each_row


def _card(base: str) -> str:
    return f"---\nlicense: mit\nbase_model: {base}\n---\n\n# x\n"


@each_row(
    ("repo", "base", "severity"),
    [
        ("acme/Zeta-8B-Instruct-bnb-4bit", "acme/Zeta-8B", "warning"),
        ("acme/Zeta-8B-Instruct-AWQ", "acme/Zeta-70B-Instruct", "warning"),
        ("acme/Zeta-8B-GPTQ", "acme/Zeta-8B-Chat", "info"),
        ("acme/Qwen2-1.5B-Instruct-AWQ", "bigscience/bloom-7b1", "warning"),
        ("acme/Phi-4-mini-instruct-INT4", "microsoft/phi-2", "warning"),
        ("acme/Qwen2-VL-7B-AWQ", "Qwen/Qwen2.5-VL-7B", "warning"),
    ],
)
def test_another_size_or_tuning_is_found(repo: str, base: str, severity: str) -> None:
    (found,) = findings(RULE, case(_card(base), repo=repo))
    assert (found.severity, found.said, found.line) == (severity, base, 3)


@each_row(
    ("repo", "base"),
    [
        ("acme/Zeta-8B-Instruct-AWQ", "acme/zeta-8b-instruct"),
        ("acme/Zeta-34B-Instruct-GPTQ", "zeta/Zeta-34b-instruct-hf"),
        ("acme/Mix-8x7B-Instruct-v0.1-GPTQ", "mix/Mix-8x7B-Instruct-v0.1"),
        ("acme/guan-33B-GPTQ", "tim/guan-33b-merged"),
        ("acme/Zeta-8B-Instruct", "acme/Zeta-8B"),
        ("acme/Llama-8B-Instruct-AWQ", "meta-llama/Llama-3.1-8B-Instruct"),
        ("acme/Mixtral-8x7B-GPTQ", "mistralai/Mixtral-8x7B-v0.1"),
        ("acme/gemma-2-9b-it-AWQ", "google/gemma-2-9b-it"),
        ("acme/DeepSeek-R1-Distill-Qwen-7B-AWQ", "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B"),
        ("acme/CodeZeta-7B-GPTQ", "meta-llama/Llama-2-7b"),
        ("acme/StableZeta2-70B-GPTQ", "acme/StableZeta2"),
        ("acme/Zeta-30B-A3B-Instruct-FP8", "acme/Zeta-30B-A3B-Instruct"),
    ],
)
def test_names_of_one_model_are_fine(repo: str, base: str) -> None:
    assert not findings(RULE, case(_card(base), repo=repo))
