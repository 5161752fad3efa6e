"""Tests of hubq.cards.published.roles."""

from __future__ import annotations

from hubq.cards.published.roles import (
    baseline_of,
    bits_of,
    is_baseline,
    label_roles,
    minus_of,
    role_of,
)
from tests.rows import each_row


@each_row(
    ("name", "role"),
    [
        ("Avg", "average"),
        ("Overall", "average"),
        ("Recovery (%)", "recovery"),
        ("Δ vs float", "delta"),
        ("sq-ph − sq", "delta"),
        ("Speed vs FQ", "relative"),
        ("Speed(tokens/s)", "speed"),
        ("GPU Memory(GB)", "memory"),
        ("GPU Num", "gpus"),
        ("ms / item", "per-item"),
        ("Wall time", "time"),
        ("LI Ratio", "setting"),
        ("MMLU (5-shot)", "score"),
        ("text_generation", "score"),
    ],
)
def test_names_say_what_numbers_are(name: str, role: str) -> None:
    assert role_of(name, score=True) == role


@each_row("name", ["BF16", "FP16 baseline", "Float baseline (bf16)", "Full Prec"])
def test_full_precision_is_the_baseline(name: str) -> None:
    assert is_baseline(name)


@each_row("name", ["FP8", "FP W8A8", "Real-int8 + bf16 dequant", "GPTQ-Int4"])
def test_fewer_bits_are_no_baseline(name: str) -> None:
    assert not is_baseline(name)


def test_a_name_that_the_others_begin_with_is_the_baseline() -> None:
    names = ["org/Llama-3-8B", "Llama-3-8B-FP8 (this model)"]
    assert baseline_of(names) == "org/Llama-3-8B"
    assert baseline_of(["Claude", "GPT-4o"]) == ""
    assert baseline_of(["fake", "real"], "fake") == "fake"


@each_row(
    ("name", "bits"),
    [
        ("GPTQ-Int4", 4),
        ("AWQ", 4),
        ("INT W4A16", 4),
        ("quantized.w8a8", 8),
        ("8-bit", 8),
        ("NF4", 4),
        ("Q5_K_M", 5),
        ("BF16", None),
        ("GPTQ", None),
    ],
)
def test_names_tell_bits(name: str, bits: int | None) -> None:
    assert bits_of(name) == bits


def test_a_minus_between_names_is_a_difference() -> None:
    assert minus_of("sq-ph − sq") == ("sq-ph", "sq")
    assert minus_of("Qwen2-VL") is None


def test_the_last_label_names_variants() -> None:
    assert label_roles(("Model", "Input Length", "Quantization")) == (
        "model",
        "workload",
        "variant",
    )
    assert label_roles(("Model",)) == ("variant",)
    assert label_roles(("Model", "Workload", "GPU", "Regime"))[:2] == ("model", "workload")
