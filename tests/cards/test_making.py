from __future__ import annotations

from typing import Any

import msgspec

from hubq.cards.family import Family
from hubq.cards.gathering import card_facts
from hubq.cards.making import Making
from tests.cards.factory import Factory


def made(family: Family, variant: str = "GPTQ-Int4") -> Making:
    return card_facts(family, variant).making[variant]


def with_config(whole: Factory, config: dict[str, Any]) -> Family:
    family = whole.family()
    result = family.results["quantize/GPTQ-Int4"]
    facts = {**result.facts, "quantization_config": config}
    family.results["quantize/GPTQ-Int4"] = msgspec.structs.replace(result, facts=facts)
    return family


def test_method_parameters_rows_time_and_hardware_are_there(family: Family) -> None:
    found = made(family)
    assert found.method == "GPTQ"
    assert [c.shown for c in (found.bits, found.group_size, found.damp) if c] == [
        "4",
        "128",
        "0.05",
    ]
    assert found.rows is not None
    assert found.rows.shown == "128"
    assert found.vision_share is not None
    assert found.vision_share.shown == "18.1"
    assert found.seconds is not None
    assert found.hardware.startswith("Intel(R) Xeon(R)")


def test_damping_is_a_matter_of_gptq(family: Family) -> None:
    assert made(family, "AWQ").damp is None


def test_switches_that_the_quantizer_wrote_down_are_told(whole: Factory) -> None:
    config = {
        "checkpoint_format": "gptq",
        "meta": {"static_groups": False, "true_sequential": True, "damp_percent": 0.05},
    }
    found = made(with_config(whole, config))
    assert found.switches == (("static_groups", False), ("true_sequential", True))
    assert found.format == "gptq"


def test_a_configuration_without_switches_tells_none(whole: Factory) -> None:
    found = made(with_config(whole, {"format": "pack-quantized", "meta": None}))
    assert (found.switches, found.format) == ((), "pack-quantized")
