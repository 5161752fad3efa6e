from __future__ import annotations

import re
from typing import Any, get_args

import msgspec
import pytest

from hubq.errors import BadInput
from hubq.model.recipe import Backend, Calibration, Method, VariantSpec
from hubq.quantize import methods
from hubq.workers.registry import WORKERS
from tests.rows import each_row


def variant(**changes: Any) -> VariantSpec:
    return VariantSpec(**{"name": "v", "method": "gptq", "bits": 4, **changes})


FP8 = variant(method="fp8", bits=8, group_size=-1, backend="llmcompressor")
W8A8 = variant(method="smoothquant", bits=8, group_size=-1, backend="llmcompressor")
W4A16 = variant(backend="llmcompressor")
AWQ = variant(method="awq", sym=False)


def test_every_method_and_every_backend_of_recipes_is_in_the_table() -> None:
    assert {method for _, method in methods.TABLE} == set(get_args(Method))
    assert {backend for backend, _ in methods.TABLE} == set(get_args(Backend))
    assert {backend for backend, _ in methods.TABLE} == {
        worker.backend for worker in WORKERS if worker.kind == "quantize"
    }


def test_facts_say_format_and_whether_rows_are_looked_at() -> None:
    assert methods.facts(variant()).format == "gptq"
    assert methods.facts(AWQ).format == "awq"
    assert methods.facts(W4A16).format == "compressed-tensors"
    assert methods.facts(FP8).activations
    looked = {method: facts.calibrated for (_, method), facts in methods.TABLE.items()}
    assert [method for method, rows in sorted(looked.items()) if not rows] == ["fp8", "rtn"]


def test_a_method_that_a_backend_has_not_is_refused_with_the_backends_that_have_it() -> None:
    fp8 = msgspec.structs.replace(FP8, backend="gptqmodel")
    assert methods.unsupported(fp8, "qwen2") == (
        "backend: gptqmodel does gptq, gptaq, awq, rtn, not fp8"
    )
    with pytest.raises(BadInput) as caught:
        methods.facts(fp8)
    assert caught.value.remedy == "backend: llmcompressor"


@each_row(
    ("changes", "model_type", "said"),
    [
        ({"method": "awq", "bits": 8}, "qwen2", "bits: gptqmodel's awq has 4 bits, not 8"),
        (
            {"backend": "llmcompressor", "bits": 3},
            "qwen2",
            "bits: llmcompressor's gptq has 4, 8 bits, not 3",
        ),
        (
            {"method": "awq", "group_size": 256},
            "qwen2",
            "group_size: gptqmodel's awq has groups of -1, 16, 32, 64, 128, not 256",
        ),
        (
            {"method": "fp8", "bits": 8, "backend": "llmcompressor"},
            "qwen2",
            "group_size: llmcompressor's fp8 has groups of -1, not 128",
        ),
        (
            {"method": "awq", "backend": "autoawq"},
            "qwen2",
            "sym: autoawq's awq is always sym: false",
        ),
        (
            {"backend": "llmcompressor", "sym": False},
            "qwen2",
            "sym: llmcompressor's gptq is always sym: true",
        ),
        ({"method": "rtn", "desc_act": True}, "qwen2", "desc_act: .* does not order columns"),
        ({"alpha": 0.5}, "qwen2", "alpha: gptqmodel's gptq has no alpha"),
        ({"backend": "optimum"}, "qwen2_vl", "backend: .* does qwen2, qwen3, not qwen2_vl"),
        ({"backend": "autogptq"}, "qwen3_vl", "backend: autogptq's gptq does .*, not qwen3_vl"),
        (
            {"method": "rtn", "calibration": Calibration(dataset="c.jsonl")},
            "qwen2",
            "calibration: gptqmodel's rtn looks at no rows",
        ),
    ],
)
def test_what_no_device_can_do_is_said_with_the_key(
    changes: dict[str, Any], model_type: str, said: str
) -> None:
    found = methods.unsupported(variant(**changes), model_type)
    assert re.fullmatch(said, found)


def test_the_remedy_names_what_can_do_it() -> None:
    problem = methods.find_problem(variant(backend="optimum"), "qwen2_vl")
    assert problem is not None
    assert problem.remedy == "backend: gptqmodel or autogptq or llmcompressor"
    bits = methods.find_problem(variant(backend="llmcompressor", bits=3), "qwen2")
    assert bits is not None
    assert bits.remedy == "bits: 4 or 8"


@each_row("model_type", methods.MODEL_TYPES)
def test_gptqmodel_does_every_architecture_and_llmcompressor_all_but_one(model_type: str) -> None:
    for one in (variant(), variant(method="gptaq", alpha=0.25), AWQ):
        assert methods.unsupported(one, model_type) == ""
    for one in (FP8, W8A8, W4A16):
        refused = "not llava_onevision" if model_type == "llava_onevision" else ""
        assert methods.unsupported(one, model_type).endswith(refused)
        assert bool(methods.unsupported(one, model_type)) == bool(refused)


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_transformers_loads_whatever_can_be_made(device: Any) -> None:
    for backend, method in methods.TABLE:
        one = variant(backend=backend, method=method)
        assert methods.engine_refusal(one, "transformers", device) == ""


@each_row(
    ("one", "device", "capability", "said"),
    [
        (variant(bits=8), "cpu", "", "Marlin does not support weight_bits = uint8b128 on a CPU"),
        (variant(bits=8), "cuda", "9.0", ""),
        (variant(), "cpu", "", ""),
        (variant(bits=3), "cuda", "", "symmetric GPTQ of 4 and 8 bits, not 3 bits"),
        (variant(method="rtn", bits=2), "cpu", "", "not 2 bits"),
        (variant(sym=False), "cuda", "", "not 4 bits with zero points"),
        (variant(desc_act=True), "cuda", "", "no longer loads GPTQ in groups with act-order"),
        (variant(desc_act=True, group_size=-1), "cuda", "", ""),
        (variant(group_size=256), "cpu", "", "group_size = 256, only -1, 32, 64, 128"),
        (variant(group_size=16), "cuda", "", "group_size = 16"),
        (variant(), "cuda", "7.0", "need compute capability 7.5, this is 7.0"),
        (AWQ, "cpu", "", ""),
        (AWQ, "cuda", "8.0", ""),
        (W4A16, "cpu", "", ""),
        (variant(backend="llmcompressor", bits=8), "cpu", "", "4 bits on a CPU, not of 8"),
        (variant(backend="llmcompressor", bits=8), "cuda", "8.0", ""),
        (W8A8, "cpu", "", ""),
        (W8A8, "cuda", "9.0", ""),
        (W8A8, "cuda", "12.0", "no int8 kernels for compute capability 12.0"),
        (FP8, "cuda", "12.0", ""),
    ],
)
def test_what_vllm_cannot_load_is_said_by_device(
    one: VariantSpec, device: Any, capability: str, said: str
) -> None:
    refusal = methods.engine_refusal(one, "vllm", device, capability=capability)
    assert said in refusal if said else refusal == ""


def test_what_vllm_loads_only_so_is_remarked() -> None:
    assert methods.remarks(AWQ, "vllm", "cuda") == ()
    assert methods.remarks(AWQ, "vllm", "cpu") == ()
    small = msgspec.structs.replace(AWQ, group_size=16)
    assert "needs float16" in methods.remarks(small, "vllm", "cuda")[0]
    assert "needs float16" in methods.remarks(variant(method="awq"), "vllm", "cuda")[0]
    large = msgspec.structs.replace(W4A16, group_size=512)
    assert "ExLlama" in methods.remarks(large, "vllm", "cuda")[0]
    assert "weights only" in methods.remarks(FP8, "vllm", "cuda", capability="8.0")[0]
    assert methods.remarks(FP8, "vllm", "cuda", capability="8.9") == ()
    assert methods.remarks(small, "transformers", "cuda") == ()


def test_refusals_are_listed_by_variant_and_engine() -> None:
    eight = variant(name="GPTQ-Int8", bits=8)
    assert list(methods.refusals([variant(), eight], ["transformers", "vllm"], "cpu")) == [
        ("GPTQ-Int8", "vllm")
    ]
    assert methods.refusals([variant(), eight], ["vllm"], "cuda", capability="9.0") == {}
