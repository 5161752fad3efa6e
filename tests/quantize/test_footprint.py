from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from hubq.model.recipe import Calibration, VariantSpec
from hubq.quantize import footprint
from hubq.quantize.headers import read_tensors
from hubq.quantize.shapes import Linear, Weights, from_config, from_tensors
from hubq.resources import bundled
from tests.quantize.test_shapes import QWEN2_VL_2B
from tests.rows import each_row

ROWS = Calibration(dataset="c.jsonl", samples=128, length=2048)
GPTQ = VariantSpec(name="GPTQ-Int4", method="gptq", bits=4)
DOWN = Linear(layer=0, module="mlp.down_proj", inputs=256, outputs=128)
QUERY = Linear(layer=0, module="self_attn.q_proj", inputs=128, outputs=128, bias=True)


def variant(**changes: Any) -> VariantSpec:
    return msgspec.structs.replace(GPTQ, **changes)


def nano() -> Weights:
    folder = bundled("examples") / "nano-qwen2-vl" / "model"
    config = json.loads((folder / "config.json").read_text())
    return from_tensors(read_tensors(folder), config)


def large() -> Weights:
    return from_config(QWEN2_VL_2B, 4_418_050_848)


@each_row(
    ("one", "linear", "size"),
    [
        # qweight [32, 128], qzeros [2, 16], g_idx [256] of 4 bytes, scales [2, 128] of 2.
        (GPTQ, DOWN, 4 * (32 * 128 + 2 * 16 + 256) + 2 * 2 * 128),
        (GPTQ, QUERY, 4 * (16 * 128 + 16 + 128) + 2 * 128 + 2 * 128),
        (variant(bits=3), DOWN, 4 * (24 * 128 + 2 * 12 + 256) + 2 * 2 * 128),
        (variant(group_size=-1), DOWN, 4 * (32 * 128 + 16 + 256) + 2 * 128),
        # qweight [256, 16] and qzeros [2, 16] of 4 bytes, scales [2, 128] of 2.
        (variant(method="awq", sym=False), DOWN, 4 * (256 * 16 + 2 * 16) + 2 * 2 * 128),
        # weight_packed [128, 32] of 4 bytes, weight_scale [128, 2] of 2, weight_shape [2] of 8.
        (variant(backend="llmcompressor"), DOWN, 4 * 128 * 32 + 2 * 128 * 2 + 16),
        # weight [128, 256] of 1 byte, weight_scale [128, 1] of 2.
        (
            variant(method="fp8", bits=8, group_size=-1, backend="llmcompressor"),
            DOWN,
            128 * 256 + 2 * 128,
        ),
    ],
)
def test_a_packed_linear_has_the_bytes_of_its_tensors(
    one: VariantSpec, linear: Linear, size: int
) -> None:
    assert footprint.packed(linear, one)[1] == size


@each_row(
    ("one", "size"),
    [
        (variant(bits=8), 2_615_328),
        (GPTQ, 2_169_488),
        (variant(method="awq", sym=False), 2_140_080),
        (variant(method="rtn", bits=3), 2_058_032),
    ],
)
def test_checkpoints_of_the_nano_model_have_the_size_that_gptqmodel_made_them(
    one: VariantSpec, size: int
) -> None:
    assert footprint.checkpoint_bytes(nano(), one) == pytest.approx(size, rel=0.0002)


def test_a_checkpoint_of_qwen2_vl_2b_is_its_packed_weights_and_the_rest() -> None:
    size = footprint.checkpoint_bytes(large(), GPTQ)
    rest = 4_418_050_848 - 2 * 1_310_195_712
    assert rest + 1_310_195_712 / 2 < size < rest + 1.05 * 1_310_195_712 / 2


def test_what_is_left_is_saved_as_the_backend_loads_it() -> None:
    single = msgspec.structs.replace(nano(), itemsize=4)
    made = footprint.checkpoint_bytes(single, GPTQ)
    kept = footprint.checkpoint_bytes(single, variant(backend="llmcompressor"))
    assert made == footprint.checkpoint_bytes(nano(), GPTQ)
    replaced = sum(one.elements for one in nano().linears)
    assert kept > made + 2 * (nano().elements - replaced) * 0.9


def test_memory_is_libraries_model_rows_and_one_layers_hessians() -> None:
    one = footprint.estimate(large(), GPTQ, ROWS, "cpu")
    model, rows = 4_418_050_848, 2 * 128 * 2048 * 1536 * 2
    largest = 8960**2 * 4
    hessians = 6 * 1536**2 * 4 + 3 * largest
    work = 3 * 8960 * 1536 * 4
    libraries = footprint.LIBRARIES["gptqmodel"]
    assert one.ram_bytes == libraries + model + rows + hessians + work
    assert one.gpu_bytes == 0


@each_row(
    ("method", "layers", "middle", "rows", "seen"),
    [
        ("gptq", 2, 2048, 8, 661_528_576),
        ("gptq", 2, 2048, 64, 711_585_792),
        ("awq", 2, 2048, 8, 1_289_064_448),
        ("awq", 1, 2048, 2, 1_739_292_672),
        ("awq", 1, 2048, 4, 1_247_047_680),
        ("awq", 1, 2048, 12, 1_322_848_256),
        ("awq", 1, 4096, 4, 1_981_583_360),
    ],
)
def test_memory_of_a_small_model_is_about_what_was_seen(
    method: str, layers: int, middle: int, rows: int, seen: int
) -> None:
    """GPTQModel 7.7.0 on a CPU, 470 tokens a row."""
    config = {
        "model_type": "qwen2_vl",
        "hidden_size": 512,
        "intermediate_size": middle,
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
        "num_hidden_layers": layers,
    }
    weights = from_config(config, 18_281_184)
    made = variant(method=method, sym=method == "gptq")
    one = footprint.estimate(weights, made, ROWS, "cpu", tokens=470 * rows)
    assert one.ram_bytes == pytest.approx(seen, rel=0.1)


def test_methods_that_look_at_no_rows_take_less() -> None:
    rounding = footprint.estimate(large(), variant(method="rtn"), ROWS, "cpu")
    solving = footprint.estimate(large(), GPTQ, ROWS, "cpu")
    twice = footprint.estimate(large(), variant(method="gptaq"), ROWS, "cpu")
    assert rounding.ram_bytes < solving.ram_bytes < twice.ram_bytes
    assert rounding.work < solving.work < twice.work
    assert rounding.size_bytes == solving.size_bytes


def test_on_a_gpu_the_work_is_there_and_the_model_here() -> None:
    one = footprint.estimate(large(), GPTQ, ROWS, "cuda")
    here = footprint.estimate(large(), GPTQ, ROWS, "cpu")
    rest = (large().elements - 1_310_195_712) * 2
    assert one.gpu_bytes > rest
    assert one.ram_bytes < here.ram_bytes + footprint.CUDA_LIBRARIES
    assert one.size_bytes == here.size_bytes


def test_gptqmodel_needs_room_for_a_second_copy() -> None:
    one = footprint.estimate(large(), GPTQ, ROWS, "cpu")
    other = footprint.estimate(large(), variant(backend="autogptq"), ROWS, "cpu")
    assert one.disk_bytes == 2 * one.size_bytes + footprint.SMALL_FILES
    assert other.disk_bytes == other.size_bytes + footprint.SMALL_FILES


def test_checkpoints_are_kept_and_one_is_worked_on() -> None:
    eight = variant(bits=8)
    sizes = [footprint.checkpoint_bytes(large(), one) for one in (GPTQ, eight)]
    needed = footprint.disk_needed(0, [GPTQ, eight], large())
    assert needed == sum(sizes) + max(sizes) + 2 * footprint.SMALL_FILES
    assert footprint.disk_needed(0, [], large()) == 0


def test_without_shapes_a_bound_is_taken() -> None:
    unknown = from_config({}, 4 << 30)
    bound = footprint.disk_needed(4 << 30, [GPTQ], unknown)
    assert bound == footprint.disk_needed(4 << 30, [GPTQ]) > 4 << 30


def test_estimates_are_printed_as_rows() -> None:
    cpu = footprint.estimate(large(), GPTQ, ROWS, "cpu")
    timed = msgspec.structs.replace(cpu, seconds=4200.0)
    gpu = footprint.estimate(large(), GPTQ, ROWS, "cuda")
    rows = footprint.table([cpu, timed, gpu])
    assert all(len(row) == len(footprint.HEADINGS) for row in rows)
    assert rows[0] == ("GPTQ-Int4", "2.5 GB", "5.0 GB", "7.8 GB", "-", "not known yet")
    assert rows[1][-1] == "1 h 10 min"
    assert rows[2][4].endswith("GB")
