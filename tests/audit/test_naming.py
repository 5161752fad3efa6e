"""What names of repos say."""

from __future__ import annotations

from hubq.audit.naming import read_name
from tests.rows import each_row


@each_row(
    ("name", "bits", "method", "base"),
    [
        ("Model-7B-Instruct-GPTQ-Int4", 4, "gptq", "Model-7B-Instruct"),
        ("Model-7B-Instruct-AWQ", None, "awq", "Model-7B-Instruct"),
        ("acme/Model-VL-7B-Instruct-quantized.w4a16", 4, "", "Model-VL-7B-Instruct"),
        ("Model-8B-Instruct-FP8-dynamic", 8, "", "Model-8B-Instruct"),
        ("Model-8B-FP8-KV", 8, "", "Model-8B"),
        ("Model-8B-bnb-4bit", 4, "bitsandbytes", "Model-8B"),
        ("Model-3-8bit", 8, "", "Model-3"),
        ("model-mlx-q8", 8, "mlx", "model"),
        ("Model-3B-Q4_K_M-GGUF", 4, "gguf", "Model-3B"),
        ("Model-8B-NVFP4A16", 4, "", "Model-8B"),
        ("Model-70B-AWQ-INT4-KV-FP8", 4, "awq", "Model-70B"),
        ("model-13b-native-4bit-128g", 4, "", "model-13b"),
        ("Model-8B-bf16", None, "", "Model-8B-bf16"),
        ("bitnet-b1.58-2B-4T", None, "", "bitnet-b1.58-2B-4T"),
        ("Model-3.5bpw-exl2", None, "exl2", "Model"),
    ],
)
def test_it_reads_bits_method_and_base(name: str, bits: int | None, method: str, base: str) -> None:
    found = read_name(name)
    assert (found.bits, found.method, found.base_guess) == (bits, method, base)


@each_row(
    ("name", "size"),
    [
        ("Model-7B", 7),
        ("Mix-8x7B-v0.1", 56),
        ("Small-360M", 0.36),
        ("Model-30B-A3B", 30),
        ("model-3n-E4B-it", None),
        ("Model-4bit", None),
    ],
)
def test_it_reads_sizes(name: str, size: float | None) -> None:
    assert read_name(name).size_b == size


@each_row("name", ["X-Int4-Int8Mix", "X-mixed-3-6bit", "X-4.65bpw-exl2", "X-dwq-4bit"])
def test_several_precisions_have_no_one_number(name: str) -> None:
    found = read_name(name)
    assert found.mixed
    assert found.bits is None
    assert found.quantized


def test_it_tells_activations_groups_families_and_kinds() -> None:
    assert read_name("X-W4A8").activation_bits == 8
    assert read_name("X-4bit-32g-actorder").group_size == 32
    assert read_name("X-8b_4bitgs64_hqq").group_size == 64
    assert read_name("X-8b_4bitgs64_hqq").bits == 4
    assert read_name("Qwen2-VL-7B-AWQ").family == "qwen2-vl"
    assert read_name("X-FP8").floating
    assert not read_name("X-Int8").floating
    assert not read_name("Model-8B-Instruct").quantized


def test_a_long_name_is_read_at_once() -> None:
    assert read_name("-".join(["4bit"] * 100_000)).bits == 4
