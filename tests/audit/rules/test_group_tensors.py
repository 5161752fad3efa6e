from __future__ import annotations

from hubq.audit.rules.group_tensors import RULE
from tests.audit import checkpoints
from tests.audit.cases import case, findings
from tests.audit.checkpoints import Tensors, config
from tests.rows import each_row


@each_row(
    ("tensors", "quantization", "said"),
    [
        (checkpoints.gptq(4, 32), {"quant_method": "gptq", "bits": 4, "group_size": 128}, "of 32"),
        (checkpoints.awq(4, 64), {"quant_method": "awq", "bits": 4, "group_size": 128}, "of 64"),
        (
            checkpoints.gptq(4, -1),
            {"quant_method": "gptq", "bits": 4, "group_size": 64},
            "one group",
        ),
        (checkpoints.gptq(4, 64), {"quant_method": "gptq", "bits": 4, "group_size": -1}, "of 64"),
        (
            checkpoints.packed(4, 64),
            {"config_groups": {"a": {"weights": {"num_bits": 4, "group_size": 128}}}},
            "of 64",
        ),
    ],
)
def test_other_groups_than_the_configuration_says_are_found(
    tensors: Tensors, quantization: dict[str, object], said: str
) -> None:
    texts = {"config.json": config(**quantization)}
    (found,) = findings(RULE, case(texts=texts, headers=checkpoints.one(tensors)))
    assert found.severity == "error"
    assert said in found.found


def test_the_name_is_enough() -> None:
    headers = checkpoints.one(checkpoints.gptq(4, 32))
    (found,) = findings(RULE, case(repo="acme/small-4bit-128g", headers=headers))
    assert "of 32" in found.found


@each_row(
    ("tensors", "quantization"),
    [
        (checkpoints.gptq(4, 128), {"quant_method": "gptq", "bits": 4, "group_size": 128}),
        (checkpoints.gptq(4, -1), {"quant_method": "gptq", "bits": 4, "group_size": -1}),
        (checkpoints.gptq(4, -1), {"quant_method": "gptq", "bits": 4, "group_size": 1024}),
        (checkpoints.mlx(4, 32), {"bits": 4, "group_size": 32}),
        (checkpoints.eight(), {"quant_method": "fp8"}),
        (checkpoints.bnb(), {"quant_method": "bitsandbytes", "load_in_4bit": True}),
        (checkpoints.full(), {"quant_method": "gptq", "bits": 4, "group_size": 128}),
        (
            checkpoints.gptq(4, 32),
            {
                "quant_method": "gptq",
                "bits": 4,
                "group_size": 128,
                "dynamic": {"x": {"group_size": 32}},
            },
        ),
    ],
)
def test_what_agrees_or_has_no_groups_is_fine(
    tensors: Tensors, quantization: dict[str, object]
) -> None:
    texts = {"config.json": config(**quantization)}
    assert not findings(RULE, case(texts=texts, headers=checkpoints.one(tensors)))
