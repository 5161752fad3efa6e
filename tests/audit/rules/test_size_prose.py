from __future__ import annotations

from hubq.audit.rules.size_prose import RULE
from tests.audit.cases import case, findings
from tests.rows import each_row


def test_a_siblings_size_is_found() -> None:
    card = (
        "# X\n\n**This repo contains the AWQ-quantized 4-bit tuned 72B Small model**, which is:\n"
    )
    (found,) = findings(RULE, case(card, repo="acme/Small-14B-Instruct-AWQ"))
    assert (found.line, found.said, found.found) == (3, "72B", "the repo's name says 14B")


@each_row(
    ("name", "text"),
    [
        ("Small-14B-AWQ", "This repo contains the quantized 14B Small model."),
        ("Small-7B-AWQ", "This repo contains the quantized 7.6B Small model."),
        ("Small-7B-AWQ", "There are quantized models with 2B, 7B and 72B parameters."),
        ("Small-7B-AWQ", "The 72B Small model is better than this quantized model."),
        ("Small-AWQ", "This repo contains the quantized 72B Small model."),
        ("Small-7B-AWQ", "This model was trained on 900B tokens and quantized."),
    ],
)
def test_others_are_left_alone(name: str, text: str) -> None:
    assert not findings(RULE, case(f"# X\n\n{text}\n", repo=f"acme/{name}"))
