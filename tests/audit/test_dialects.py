"""How each tool names its method."""

from __future__ import annotations

from typing import Any

from hubq.audit.dialects import method_of, read
from tests.rows import each_row


@each_row(
    ("raw", "method"),
    [
        ({"quant_method": "GPTQ"}, "gptq"),
        ({"quant_method": "gptq_marlin"}, "gptq"),
        ({"quant_method": "compressed_tensors"}, "compressed-tensors"),
        ({"quant_method": "intel/auto-round"}, "auto-round"),
        ({"quant_method": "Some_New"}, "some-new"),
        ({"load_in_4bit": True}, "bitsandbytes"),
        ({"damp_percent": 0.1, "group_size": 128}, "gptq"),
        ({"w_bit": 4, "q_group_size": 128}, "awq"),
        ({"bits": 4, "group_size": 64}, "mlx"),
        ({"producer": {"name": "modelopt", "version": "0.1"}}, "modelopt"),
        ({"quant_algo": "FP8"}, "modelopt"),
        ({"quant_method": " "}, ""),
        ({}, ""),
    ],
)
def test_a_method_is_named_or_given_away(raw: dict[str, Any], method: str) -> None:
    assert method_of(raw) == method


def test_what_cannot_be_a_number_of_bits_is_none() -> None:
    for bits in (10**30, -3, 0, 2.5, "four", [4], True, None):
        assert not read({"quant_method": "gptq", "bits": bits})["bits"]
    assert read({"quant_method": "gptq", "bits": "4", "group_size": -1.0})["group_size"] == -1
