"""What files say of the quantization, in one vocabulary."""

from __future__ import annotations

from typing import Any

from hubq.audit.quantization import declared, quantization_of, read_quantization, spot_of, words
from tests.audit.cases import case
from tests.rows import each_row

_GROUP = {"num_bits": 4, "type": "int", "group_size": 128, "strategy": "group", "symmetric": True}
_CHANNEL = {"num_bits": 8, "type": "float", "strategy": "channel", "symmetric": True}


@each_row(
    ("raw", "expected"),
    [
        (
            {"quant_method": "gptq", "bits": 4, "group_size": 128, "desc_act": False, "sym": True},
            ("gptq", 4, 128, None),
        ),
        (
            {"bits": 8, "group_size": -1, "desc_act": True, "damp_percent": 0.1},
            ("gptq", 8, -1, None),
        ),
        ({"quant_method": "awq", "bits": 4, "group_size": 64}, ("awq", 4, 64, None)),
        ({"w_bit": 4, "q_group_size": 128, "zero_point": True}, ("awq", 4, 128, None)),
        (
            {"quant_method": "compressed-tensors", "config_groups": {"a": {"weights": _GROUP}}},
            ("compressed-tensors", 4, 128, None),
        ),
        (
            {"config_groups": {"a": {"weights": _CHANNEL, "input_activations": {"num_bits": 8}}}},
            ("compressed-tensors", 8, -1, 8),
        ),
        (
            {"quant_method": "bitsandbytes", "load_in_4bit": True, "load_in_8bit": False},
            ("bitsandbytes", 4, None, None),
        ),
        ({"_load_in_8bit": True, "load_in_8bit": True}, ("bitsandbytes", 8, None, None)),
        ({"quant_method": "fp8", "weight_block_size": [128, 128]}, ("fp8", 8, None, 8)),
        ({"quant_method": "fbgemm_fp8"}, ("fp8", 8, -1, 8)),
        ({"quant_method": "mxfp4"}, ("mxfp4", 4, 32, None)),
        (
            {
                "quant_method": "hqq",
                "quant_config": {"weight_quant_params": {"nbits": 4, "group_size": 64}},
            },
            ("hqq", 4, 64, None),
        ),
        (
            {
                "quant_method": "torchao",
                "quant_type": "int4_weight_only",
                "quant_type_kwargs": {"group_size": 128},
            },
            ("torchao", 4, 128, None),
        ),
        (
            {
                "quant_method": "torchao",
                "quant_type": {
                    "default": {
                        "_type": "Int8DynamicActivationInt4WeightConfig",
                        "_data": {"group_size": 32},
                    }
                },
            },
            ("torchao", 4, 32, 8),
        ),
        (
            {
                "quant_method": "torchao",
                "quant_type": {"default": {"_type": "Float8WeightOnlyConfig"}},
            },
            ("torchao", 8, None, None),
        ),
        (
            {"producer": {"name": "modelopt"}, "quantization": {"quant_algo": "W4A8_AWQ"}},
            ("modelopt", 4, None, 8),
        ),
        (
            {"producer": {"name": "modelopt"}, "quantization": {"quant_algo": "NVFP4"}},
            ("modelopt", 4, None, None),
        ),
        (
            {"quant_method": "intel/auto-round", "bits": 4, "group_size": 128, "act_bits": 16},
            ("auto-round", 4, 128, 16),
        ),
        ({"group_size": 64, "bits": 4, "mode": "affine"}, ("mlx", 4, 64, None)),
        ({"quant_method": "quanto", "weights": "int4"}, ("quanto", 4, None, None)),
        ({"quant_method": "aqlm", "nbits_per_codebook": 16}, ("aqlm", None, None, None)),
    ],
)
def test_it_reads_each_tools_words(raw: dict[str, Any], expected: tuple[Any, ...]) -> None:
    found = read_quantization(raw, "config.json")
    assert (found.method, found.bits, found.group_size, found.activation_bits) == expected


@each_row(
    "raw",
    [
        {"quant_method": "gptq", "bits": 4, "group_size": 128, "dynamic": {"x": {"bits": 8}}},
        {"quant_method": "auto-round", "bits": 4, "extra_config": {"lm_head": {"bits": 8}}},
        {"group_size": 64, "bits": 4, "model.embed_tokens": {"group_size": 64, "bits": 6}},
        {"config_groups": {"a": {"weights": _GROUP}, "b": {"weights": _CHANNEL}}},
        {"quant_method": "modelopt", "quant_algo": "MIXED_PRECISION"},
    ],
)
def test_several_precisions_have_no_one_number(raw: dict[str, Any]) -> None:
    found = read_quantization(raw, "config.json")
    assert found.mixed
    assert found.bits is None


def test_it_tells_what_was_left_out_and_the_caches_bits() -> None:
    found = read_quantization(
        {"config_groups": {}, "ignore": ["lm_head"], "kv_cache_scheme": {"num_bits": 8}}, "x"
    )
    assert (found.kept, found.kv_bits) == (("lm_head",), 8)
    dynamic = read_quantization(
        {"quant_method": "gptq", "bits": 4, "dynamic": {"-:.*visual": {}}}, "x"
    )
    assert dynamic.kept == (".*visual",)
    assert not dynamic.mixed


def test_files_come_in_order_and_ggufs_only_alone() -> None:
    both = case(
        texts={
            "config.json": {"quantization_config": {"quant_method": "gptq", "bits": 4}},
            "quantize_config.json": {"bits": 8, "desc_act": True},
        },
        files={"m-Q4_K_M.gguf": 9},
    )
    assert [(one.path, one.bits) for one in quantization_of(both)] == [
        ("config.json", 4),
        ("quantize_config.json", 8),
    ]
    ggufs = case(
        files={
            "m-Q4_K_M.gguf": 9,
            "big/m-Q8_0-00001-of-00002.gguf": 9,
            "m-Q8_0-00002-of-00002.gguf": 9,
        }
    )
    assert [(one.format, one.bits) for one in quantization_of(ggufs)] == [
        ("Q4_K_M", 4),
        ("Q8_0", 8),
    ]
    assert declared(ggufs) is None


def test_it_finds_keys_in_files() -> None:
    subject = case(texts={"config.json": '{\n "quantization_config": {\n  "bits": 4}}'})
    assert spot_of(subject, "config.json", "quantization_config", "bits") == (3, 3)
    assert spot_of(subject, "config.json", "group_size") == (0, 0)
    assert spot_of(subject, "other.json") == (0, 0)


def test_it_has_words_for_it() -> None:
    raw = {"quant_method": "gptq", "bits": 4, "group_size": 128}
    assert words(read_quantization(raw, "x")) == "GPTQ, 4 bits, groups of 128"


@each_row(
    "raw",
    [
        {"quant_method": 4, "bits": "four", "group_size": [1]},
        {"quant_method": "compressed-tensors", "config_groups": [1], "ignore": "x"},
        {"quant_method": "compressed-tensors", "config_groups": {"a": {"weights": 3}}},
        {"quant_method": "torchao", "quant_type": {"default": {"_type": 3}}},
        {"quant_method": "hqq", "quant_config": [], "dynamic": 3, "extra_config": {"a": 1}},
        {"quant_method": "modelopt", "quantization": 3, "producer": []},
        {"quant_method": "quark", "global_quant_config": {"weight": None}},
        {"quant_method": "bitsandbytes", "bnb_4bit_quant_type": {}},
    ],
)
def test_nonsense_is_read_without_a_crash(raw: dict[str, Any]) -> None:
    assert read_quantization(raw, "x").bits is None
