from __future__ import annotations

from hubq.audit.rules.bits_tensors import RULE
from tests.audit import checkpoints
from tests.audit.cases import case, findings
from tests.audit.checkpoints import Tensors, config
from tests.rows import each_row

_GPTQ = {"quant_method": "gptq", "group_size": 128}
_GROUP = {"type": "int", "group_size": 128, "strategy": "group"}


@each_row(
    ("tensors", "quantization"),
    [
        (checkpoints.gptq(4), {**_GPTQ, "bits": 8}),
        (checkpoints.gptq(8), {**_GPTQ, "bits": 4}),
        (checkpoints.awq(4), {"quant_method": "awq", "bits": 8, "group_size": 128}),
        (
            checkpoints.packed(4),
            {"config_groups": {"a": {"weights": {**_GROUP, "num_bits": 8}}}},
        ),
        (checkpoints.bnb(), {"quant_method": "bitsandbytes", "load_in_8bit": True}),
    ],
)
def test_other_bits_than_the_configuration_says_are_found(
    tensors: Tensors, quantization: dict[str, object]
) -> None:
    subject = case(
        repo="acme/Small",
        texts={"config.json": config(**quantization)},
        headers=checkpoints.one(tensors),
    )
    (found,) = findings(RULE, subject)
    assert (found.severity, found.path) == ("error", "model.safetensors")
    assert "(config.json)" in found.said


def test_one_module_of_other_bits_is_found_where_nothing_says_so() -> None:
    tensors = checkpoints.gptq(4)
    tensors |= checkpoints.gptq_module("model.layers.0.mlp.up_proj", 256, 512, 8, 128)
    subject = case(texts={"config.json": config(**_GPTQ, bits=4)}, headers=checkpoints.one(tensors))
    (found,) = findings(RULE, subject)
    assert "8 bits, in 1 of 8 quantized modules (model.layers.0.mlp.up_proj)" in found.found


def test_the_name_is_enough() -> None:
    subject = case(repo="acme/Small-GPTQ-Int8", headers=checkpoints.one(checkpoints.gptq(4)))
    (found,) = findings(RULE, subject)
    assert found.said == "8 bits (the repo's name)"


@each_row(
    ("name", "tensors", "quantization"),
    [
        ("Small-GPTQ-Int4", checkpoints.gptq(4), {**_GPTQ, "bits": 4}),
        ("Small-AWQ", checkpoints.awq(4), {"quant_method": "awq", "bits": 4, "group_size": 128}),
        (
            "Small-GPTQ-Int4",
            checkpoints.gptq(4) | checkpoints.gptq_module("lm_head", 256, 1024, 8, 128),
            {**_GPTQ, "bits": 4, "lm_head": True},
        ),
        (
            "Small-GPTQ-Int4",
            checkpoints.gptq(4)
            | checkpoints.gptq_module("model.layers.0.mlp.up_proj", 256, 512, 8, 128),
            {**_GPTQ, "bits": 4, "dynamic": {"up_proj": {"bits": 8}}},
        ),
        (
            "Small-w8a8",
            checkpoints.eight(dtype="I8"),
            {"config_groups": {"a": {"weights": {"num_bits": 8, "strategy": "channel"}}}},
        ),
        ("Small-FP8", checkpoints.eight(), {"quant_method": "fp8"}),
        ("Small-4bit", checkpoints.mlx(4), {"bits": 4, "group_size": 64}),
        ("Small", checkpoints.full(), {}),
    ],
)
def test_what_agrees_or_is_mixed_on_purpose_is_fine(
    name: str, tensors: Tensors, quantization: dict[str, object]
) -> None:
    subject = case(
        repo=f"acme/{name}",
        texts={"config.json": config(**quantization)},
        headers=checkpoints.one(tensors),
    )
    assert not findings(RULE, subject)
