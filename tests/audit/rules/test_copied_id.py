from __future__ import annotations

from hubq.audit.rules.copied_id import RULE
from tests.audit.cases import case, findings
from tests.rows import each_row


@each_row(
    ("repo", "title", "what"),
    [
        ("acme/Tern-72B-Instruct-FP8-dynamic", "Tern-72B-Instruct-quantized-w4a16", "bits"),
        ("acme/Tern-7B-Instruct-AWQ-INT4", "Tern-7B-Instruct-GPTQ-INT4", "method"),
        ("acme/Tern-7B-v0.2-GPTQ", "Tern 7B v0.2 - AWQ", "method"),
        ("acme/Tern-7B-Instruct-AWQ", "Tern-72B-Instruct-AWQ", "size"),
    ],
)
def test_a_title_of_other_weights_is_found(repo: str, title: str, what: str) -> None:
    (found,) = findings(RULE, case(f"Text.\n\n# {title}\n\n## More-3B-GGUF\n", repo=repo))
    assert (found.severity, found.line, found.part) == ("warning", 3, what)


@each_row(
    "title",
    [
        "Tern-7B-Instruct-AWQ",
        "Tern 7B Instruct - AWQ",
        "Tern-7B-Instruct",
        "Model Card for the Tern family",
        "Tern 7B, 32B and 72B",
        "AWQ & GPTQ of Tern",
        "Quantized 4-bit Tern",
        "Introduction",
        "",
    ],
)
def test_titles_that_agree_or_say_less_are_left_alone(title: str) -> None:
    assert not findings(RULE, case(f"# {title}\n\nText.\n", repo="acme/Tern-7B-Instruct-AWQ"))
