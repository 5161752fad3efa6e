from __future__ import annotations

from typing import Any

import pytest

from hubq.model.recipe import VariantSpec
from hubq.quantize import tensor_parallel
from hubq.quantize.shapes import Weights, from_config
from hubq.quantize.tensor_parallel import Split

SIZES = (
    "hidden_size",
    "intermediate_size",
    "num_attention_heads",
    "num_key_value_heads",
    "num_hidden_layers",
    "vocab_size",
)


def config(*sizes: int) -> dict[str, Any]:
    named = dict(zip(SIZES, sizes, strict=True))
    return {"model_type": "qwen2_vl", **named, "vision_config": {"num_heads": 16}}


SMALL = config(1536, 8960, 12, 2, 28, 151936)
MIDDLE = config(3584, 18944, 28, 4, 28, 152064)
LARGE = config(8192, 29568, 64, 8, 80, 152064)
GPTQ = VariantSpec(name="GPTQ-Int4", method="gptq", bits=4)
AWQ = VariantSpec(name="AWQ", method="awq", bits=4, sym=False)
CHANNEL = VariantSpec(name="c", method="gptq", bits=4, group_size=-1)
FP8 = VariantSpec(name="FP8", method="fp8", bits=8, group_size=-1, backend="llmcompressor")


def weights(of: dict[str, Any]) -> Weights:
    return from_config(of, 0)


def row(of: dict[str, Any], variant: VariantSpec | None) -> tuple[Split, ...]:
    return tensor_parallel.splits(weights(of), of, variant)


def good(of: dict[str, Any], variant: VariantSpec | None) -> list[int]:
    return [split.tp for split in row(of, variant) if split.ok]


@pytest.mark.parametrize("variant", [GPTQ, AWQ])
def test_groups_of_qwen2_vl_72b_as_it_is_do_not_split_over_two_four_or_eight(
    variant: VariantSpec,
) -> None:
    found = {split.tp: split for split in row(LARGE, variant)}
    assert good(LARGE, None) == [1, 2, 4, 8]
    assert good(LARGE, variant) == [1]
    for tp in (2, 4, 8):
        assert found[tp].reason == (
            f"29568 inputs of down_proj are 231 groups of 128, which do not split into {tp}"
        )


def test_padded_as_qwen_published_it_the_72b_splits_over_two_four_and_eight() -> None:
    padded = {**LARGE, "intermediate_size": 29696}
    assert good(padded, GPTQ) == good(padded, AWQ) == [1, 2, 4, 8]


def test_without_groups_the_72b_splits_and_the_shards_are_padded() -> None:
    assert good(LARGE, CHANNEL) == good(LARGE, FP8) == [1, 2, 4, 8]
    assert tensor_parallel.notes(row(LARGE, CHANNEL)) == (
        "TP 4: shards of down_proj are padded to Marlin's tiles",
        "TP 8: shards of down_proj are padded to Marlin's tiles",
    )
    assert tensor_parallel.notes(row(LARGE, FP8)) == ()


def test_a_small_models_groups_end_before_its_heads_do() -> None:
    assert good(SMALL, None) == [1, 2, 4]
    assert good(SMALL, GPTQ) == [1, 2]
    assert good(SMALL, VariantSpec(name="v", method="gptq", bits=4, group_size=64)) == [1, 2, 4]
    assert good(MIDDLE, GPTQ) == good(MIDDLE, AWQ) == [1, 2, 4]


def test_heads_divide_or_repeat() -> None:
    reasons = {split.tp: split.reason for split in row(SMALL, None)}
    assert reasons[3] == "2 key/value heads neither split into 3 nor repeat to it"
    assert reasons[5] == "12 attention heads do not split into 5"
    assert reasons[6] == "a vocabulary of 151936 (padded to 64) does not split into 6"


def test_awqs_one_scale_per_channel_is_not_split() -> None:
    channel = VariantSpec(name="v", method="awq", bits=4, sym=False, group_size=-1)
    assert good(MIDDLE, channel) == [1]
    assert row(MIDDLE, channel)[1].reason.startswith("AWQ's one scale per channel of down_proj")


def test_words_are_not_cut() -> None:
    odd = config(128, 256, 4, 4, 1, 640) | {"head_dim": 8}
    three = VariantSpec(name="v", method="gptq", bits=3, group_size=-1)
    assert row(odd, three)[1].reason == "16 outputs of k_proj on each GPU cut words of 32"
    packed = VariantSpec(name="v", method="gptq", bits=4, group_size=-1, backend="llmcompressor")
    assert good(odd, packed) == [1, 2, 4]


def test_a_vision_tower_that_does_not_split_is_kept_whole_by_a_setting() -> None:
    model = config(1536, 9216, 12, 12, 2, 6 * 64 * 100)
    assert good(model, GPTQ) == [1, 2, 3, 4, 6]
    assert [note.partition(":")[0] for note in tensor_parallel.notes(row(model, GPTQ))] == [
        "TP 3",
        "TP 6",
    ]
    assert "--mm-encoder-tp-mode data" in row(model, GPTQ)[2].note


def test_without_sizes_nothing_is_said() -> None:
    assert row({"model_type": "qwen2_vl", "hidden_size": 128}, GPTQ) == ()
    assert tensor_parallel.table({}) == (["variant"], [])


def test_splits_are_printed_as_a_table_and_as_one_line() -> None:
    headings, cells = tensor_parallel.table({"BF16": row(LARGE, None), "Int4": row(LARGE, GPTQ)})
    assert headings == ["variant", *(f"TP {size}" for size in range(1, 9))]
    assert cells[1] == ["Int4", "yes", *["no"] * 7]
    assert tensor_parallel.summary(row(LARGE, GPTQ)) == (
        "1; not 2, 4, 8: 29568 inputs of down_proj are 231 groups of 128, which do not split; "
        "not 3, 5, 6, 7: 64 attention heads do not split"
    )
