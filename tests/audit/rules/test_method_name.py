from __future__ import annotations

from hubq.audit.rules.method_name import RULE
from tests.audit.cases import case, findings
from tests.audit.checkpoints import config
from tests.rows import each_row


def test_another_method_in_the_name_is_found() -> None:
    texts = {"config.json": config(quant_method="gptq", bits=4)}
    (found,) = findings(RULE, case(repo="acme/Small-AWQ", texts=texts))
    assert (found.severity, found.said) == ("warning", "gptq")


@each_row(
    ("name", "method"),
    [
        ("Small-AWQ", "awq"),
        ("Small-AWQ", "compressed-tensors"),
        ("Small-GPTQ-W4A16", "compressed-tensors"),
        ("Small-AutoRound-GPTQ", "auto-round"),
        ("Small-AutoRound", "gptq"),
        ("Small-4bit", "awq"),
        ("Small-AWQ", "some-new-method"),
        ("Small-FP8", "compressed-tensors"),
    ],
)
def test_tools_that_carry_a_method_are_fine(name: str, method: str) -> None:
    texts = {"config.json": config(quant_method=method, bits=4)}
    assert not findings(RULE, case(repo=f"acme/{name}", texts=texts))
