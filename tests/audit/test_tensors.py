"""How modules are quantized, by shapes alone."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from hubq.audit.headers import parse_header
from hubq.audit.tensors import Weights, is_vision, weights_of
from tests.audit import checkpoints
from tests.audit.cases import case, header
from tests.audit.checkpoints import Tensors
from tests.rows import each_row

EXAMPLE = Path(__file__).parents[2] / "examples" / "nano-qwen2-vl" / "model"


def _weights(tensors: Tensors) -> Weights:
    return weights_of(case(headers=checkpoints.one(tensors)))


@each_row(
    ("tensors", "method", "bits"),
    [
        (checkpoints.gptq(4), "gptq", {4}),
        (checkpoints.gptq(8), "gptq", {8}),
        (checkpoints.gptq(3), "gptq", {3}),
        (checkpoints.gptq(4, order=False), "gptq", {4}),
        (checkpoints.awq(4), "awq", {4}),
        (checkpoints.packed(4), "compressed-tensors", {4, None}),
        (checkpoints.packed(8), "compressed-tensors", {8, None}),
        (checkpoints.mlx(4), "mlx", {4, None}),
        (checkpoints.eight(), "fp8", {8}),
        (checkpoints.eight(dtype="I8"), "int8", {8}),
        (checkpoints.bnb(), "bitsandbytes", {4}),
    ],
)
def test_layouts_tell_their_method_and_bits(
    tensors: Tensors, method: str, bits: set[int | None]
) -> None:
    found = _weights(tensors)
    assert found.complete
    assert found.plain == ("visual.blocks.0.attn.qkv",)
    assert Counter(one.method for one in found.modules) == {method: 8}
    assert {one.bits for one in found.modules} == bits


def test_a_group_size_gives_the_bits_that_shapes_alone_do_not() -> None:
    modules = _weights(checkpoints.packed(4, group=64)).modules
    assert {one.bits_for(64) for one in modules} == {4}
    assert {one.group_for(4) for one in modules} == {64}
    assert {one.group_for(None) for one in modules} == {64, None}


def test_one_group_for_all_inputs_is_none() -> None:
    found = _weights(checkpoints.gptq(4, group=-1)).modules
    assert {one.group_for(4) for one in found} == {-1}


def test_a_model_of_full_precision_has_linears_alone() -> None:
    found = _weights(checkpoints.full())
    assert (len(found.plain), found.modules) == (9, ())


def test_the_examples_own_weights_are_read() -> None:
    path = EXAMPLE / "model.safetensors"
    read = parse_header(path.read_bytes(), path.stat().st_size)
    assert (read.problem, read.end) == ("", read.size)
    found = weights_of(case(headers={"model.safetensors": read}))
    assert not found.modules
    assert {is_vision(name) for name in found.plain} == {True, False}


def test_the_tower_and_the_output_layer_stand_apart() -> None:
    tensors = checkpoints.gptq(4)
    tensors |= checkpoints.gptq_module("visual.blocks.1.attn.qkv", 64, 192, 8, 64)
    tensors |= checkpoints.gptq_module("lm_head", 256, 1024, 8, 128)
    found = _weights(tensors)
    assert [one.name for one in found.modules if one.vision] == ["visual.blocks.1.attn.qkv"]
    assert {one.bits for one in found.of_language()} == {4}


def test_one_file_goes_before_shards_and_copies_elsewhere_do_not_count() -> None:
    headers = checkpoints.one(checkpoints.gptq(4)) | {
        "original/model.safetensors": header(checkpoints.full()),
        "model-00001-of-00001.safetensors": header(checkpoints.full()),
    }
    found = weights_of(case(headers=headers))
    assert found.files == ("model.safetensors",)
    assert len(found.modules) == 8


def test_weights_are_complete_when_every_shard_was_read() -> None:
    index = {"weight_map": {"a": "x-1.safetensors", "b": "x-2.safetensors"}}
    first = {"x-1.safetensors": header(checkpoints.gptq(4))}
    some = case(
        headers=first, files={"x-2.safetensors": 9}, texts={"model.safetensors.index.json": index}
    )
    assert not weights_of(some).complete
    alone = case(headers=first, texts={"model.safetensors.index.json": index})
    assert not weights_of(alone).complete
    both = first | {"x-2.safetensors": header(checkpoints.plain())}
    assert weights_of(case(headers=both, texts={"model.safetensors.index.json": index})).complete


@each_row(
    "tensors",
    [
        {"a.qweight": ("I32", ()), "a.scales": ("F16", ())},
        {"a.qweight": ("I32", (0, 0)), "a.scales": ("F16", (0, 0)), "a.g_idx": ("I32", (0,))},
        {"a.qweight": ("I32", (7, 5)), "a.scales": ("F16", (3, 11))},
        {"a.weight_packed": ("I32", (3,))},
        {"a.weight": ("U32", ()), "a.scales": ("F16", ())},
        {"qweight": ("I32", (4, 4)), "scales": ("F16", (1, 4))},
        {"": ("F16", (2, 2)), ".weight.": ("F16", (2,)), "_blocks": ("U8", (2,))},
    ],
)
def test_nonsense_is_read_without_a_crash(tensors: Tensors) -> None:
    for one in _weights(tensors).modules:
        one.bits_for(128)
        one.group_for(4)
