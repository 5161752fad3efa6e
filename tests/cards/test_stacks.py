from __future__ import annotations

import msgspec

from hubq.cards.family import Family
from hubq.cards.stacks import library_of, requirements_of, stacks_of
from hubq.model.environment import Gpu, TorchBuild
from tests.cards.nano import STACK


def test_equal_stacks_are_said_once(family: Family) -> None:
    found = stacks_of(family, ("AWQ", "BF16"))
    assert [stack.stages for stack in found] == ["Quantized, checked, evaluated and timed"]
    assert "Transformers 5.23.0" in found[0].lines


def test_other_stacks_are_said_apart(family: Family) -> None:
    gpu = msgspec.structs.replace(
        STACK,
        device="cuda",
        digest="ff" * 32,
        installed=msgspec.structs.replace(
            STACK.installed, torch=TorchBuild(version="2.14.1", cuda="13.0")
        ),
        hardware=msgspec.structs.replace(
            STACK.hardware, gpus=(Gpu(name="NVIDIA A10", memory_bytes=24 << 30),), driver="580.1"
        ),
    )
    environments = family.environments | {"bench/AWQ": msgspec.to_builtins(gpu)}
    changed = msgspec.structs.replace(family, environments=environments)
    found = stacks_of(changed, ("AWQ", "BF16"))
    assert [stack.stages for stack in found] == [
        "AWQ quantized, checked and evaluated; BF16 evaluated and timed",
        "AWQ timed",
    ]
    assert found[1].lines[:2] == ("NVIDIA A10 (24 GiB)", "CUDA 13.0 (driver 580.1)")


def test_a_reader_installs_what_was_measured_with(family: Family) -> None:
    found = requirements_of(family, "AWQ")
    assert found.pinned == ("transformers==5.23.0", "optimum==2.3.0", "gptqmodel==7.7.0")
    assert found.free == ("torch", "torchvision", "accelerate", "pillow", "setuptools")
    assert found.torch == "2.13.0"


def test_an_unknown_environment_pins_nothing(family: Family) -> None:
    found = requirements_of(msgspec.structs.replace(family, environments={}), "AWQ")
    assert found.pinned == ("transformers", "optimum", "gptqmodel")
    assert found.torch == ""
    assert library_of(msgspec.structs.replace(family, environments={}), "AWQ") == ()
