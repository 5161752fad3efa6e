from __future__ import annotations

from hubq.audit.rules.method_tensors import RULE
from tests.audit import checkpoints
from tests.audit.cases import case, findings
from tests.audit.checkpoints import Tensors, config
from tests.rows import each_row


def test_another_layout_is_found() -> None:
    texts = {"config.json": config(quant_method="awq", bits=4, group_size=128)}
    (found,) = findings(RULE, case(texts=texts, headers=checkpoints.one(checkpoints.gptq(4))))
    assert (found.severity, found.said) == ("error", "awq")
    assert found.found == "the tensors of 8 modules are laid out as gptq does it"


@each_row(
    ("tensors", "method"),
    [
        (checkpoints.gptq(4), "gptq"),
        (checkpoints.gptq(4, order=False), "gptq"),
        (checkpoints.awq(4), "awq"),
        (checkpoints.packed(4), "compressed-tensors"),
        (checkpoints.eight(), "compressed-tensors"),
        (checkpoints.gptq(4), "auto-round"),
        (checkpoints.eight(), "modelopt"),
        (checkpoints.full(), "gptq"),
    ],
)
def test_what_fits_or_may_be_either_is_fine(tensors: Tensors, method: str) -> None:
    texts = {"config.json": config(quant_method=method)}
    assert not findings(RULE, case(texts=texts, headers=checkpoints.one(tensors)))
