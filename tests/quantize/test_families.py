from __future__ import annotations

from typing import Any

import msgspec

from hubq.model.recipe import VariantSpec
from hubq.quantize import families
from tests.rows import each_row


def variant(**changes: Any) -> VariantSpec:
    return VariantSpec(**{"name": "v", "method": "gptq", "bits": 4, **changes})


FP8 = variant(method="fp8", bits=8, group_size=-1, backend="llmcompressor")
W8A8 = variant(method="smoothquant", bits=8, group_size=-1, backend="llmcompressor")
W4A16 = variant(backend="llmcompressor")
AWQ = variant(method="awq", sym=False)
SMALL_AWQ = msgspec.structs.replace(AWQ, group_size=16)
LARGE_W4A16 = msgspec.structs.replace(W4A16, group_size=512)


@each_row(
    ("family", "engine", "device", "capability", "dtype"),
    [
        ([variant(), AWQ, W4A16, FP8, W8A8], "vllm", "cuda", "9.0", "bfloat16"),
        ([variant(), SMALL_AWQ], "vllm", "cuda", "9.0", "float16"),
        ([variant(method="awq")], "vllm", "cuda", "", "float16"),
        ([LARGE_W4A16], "vllm", "cuda", "8.0", "float16"),
        ([SMALL_AWQ, LARGE_W4A16], "vllm", "cpu", "", "bfloat16"),
        ([SMALL_AWQ, LARGE_W4A16], "transformers", "cuda", "9.0", "bfloat16"),
        ([], "vllm", "cuda", "7.5", "float16"),
        ([], "vllm", "cuda", "", "bfloat16"),
    ],
)
def test_a_family_is_run_in_float16_where_a_kernel_has_nothing_else(
    family: list[VariantSpec], engine: Any, device: Any, capability: str, dtype: str
) -> None:
    found = families.family_dtype(family, engine, device, "bfloat16", capability=capability)
    assert found == dtype
    for wanted in ("float16", "float32"):
        kept = families.family_dtype(family, engine, device, wanted, capability=capability)
        assert kept == wanted


def test_an_engine_runs_a_family_only_when_it_runs_every_variant_of_it() -> None:
    eight = variant(name="GPTQ-Int8", bits=8)
    family = [variant(), eight, AWQ]
    said = families.runs_all(family, "vllm", "cpu")
    assert said.startswith("GPTQ-Int8: Marlin does not support weight_bits = uint8b128")
    assert families.runs_all(family, "vllm", "cuda", capability="9.0") == ""
    assert families.runs_all(family, "transformers", "cpu") == ""
    assert families.runs_all([], "vllm", "cpu", dtype="float32") == ""


def test_float32_is_left_to_transformers() -> None:
    said = families.runs_all([variant(name="GPTQ-Int4")], "vllm", "cpu", dtype="float32")
    assert said == (
        "GPTQ-Int4: vLLM's kernels for it compute in bfloat16 and float16, not in float32"
    )
    assert families.runs_all([FP8, W8A8], "vllm", "cpu", dtype="float32") == ""
    assert families.runs_all([FP8], "vllm", "cuda", dtype="float32") != ""
    assert families.runs_all([W4A16], "vllm", "cpu", dtype="float32") != ""
    assert families.runs_all([variant()], "transformers", "cpu", dtype="float32") == ""
