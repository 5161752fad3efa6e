from __future__ import annotations

import pytest

from hubq.audit.rules.not_quantized import RULE
from tests.audit import checkpoints
from tests.audit.cases import case, findings, header
from tests.audit.checkpoints import config


@pytest.mark.parametrize("name", ["Small-GPTQ-Int4", "Small"])
def test_full_precision_under_a_quantization_is_found(name: str) -> None:
    texts = {"config.json": config(quant_method="gptq", bits=4)}
    subject = case(repo=f"acme/{name}", texts=texts, headers=checkpoints.one(checkpoints.full()))
    (found,) = findings(RULE, subject)
    assert (found.severity, found.said) == ("error", "gptq (config.json)")


def test_a_name_alone_promises_it_too() -> None:
    subject = case(
        repo="acme/Small-4bit",
        texts={"config.json": {}},
        headers=checkpoints.one(checkpoints.full()),
    )
    (found,) = findings(RULE, subject)
    assert found.said == "4bit (the repo's name)"


def test_weights_that_nothing_explains_are_found() -> None:
    subject = case(
        repo="acme/Small-GPTQ",
        texts={"config.json": {"model_type": "llama"}},
        files={"gptq_model-4bit-128g.safetensors": 10_000},
    )
    (found,) = findings(RULE, subject)
    assert (found.severity, found.path) == ("warning", "config.json")


def test_quantized_weights_are_fine() -> None:
    texts = {"config.json": config(quant_method="gptq", bits=4)}
    for tensors in (checkpoints.gptq(4), checkpoints.awq(4), checkpoints.eight()):
        subject = case(repo="acme/Small-GPTQ", texts=texts, headers=checkpoints.one(tensors))
        assert not findings(RULE, subject)


def test_what_may_lie_elsewhere_is_left_alone() -> None:
    headers = checkpoints.one(checkpoints.full())
    assert not findings(RULE, case(repo="a/Small", headers=headers))
    assert not findings(RULE, case(repo="a/Small-GGUF", headers=headers))
    assert not findings(RULE, case(repo="a/Small-4bit", headers=headers, files={"x-Q4_0.gguf": 9}))
    torchao = {"config.json": config(quant_method="torchao", quant_type="int4_weight_only")}
    assert not findings(RULE, case(repo="a/Small-4bit", texts=torchao, headers=headers))
    index = {"model.safetensors.index.json": {"weight_map": {"a": "x-1.safetensors"}}}
    some = {"x-2.safetensors": header(checkpoints.full())}
    assert not findings(RULE, case(repo="a/Small-4bit", texts=index, headers=some))
    beside = {"config.json": {}, "quantize_config.json": {"bits": 4, "desc_act": True}}
    assert not findings(
        RULE, case(repo="a/Small-GPTQ", texts=beside, files={"model.safetensors": 9})
    )
