"""The recipe, source and environment of a made-up nano family."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from hubq.model.environment import (
    EnvironmentStack,
    Hardware,
    Installed,
    Package,
    TorchBuild,
)
from hubq.model.recipe import (
    Calibration,
    CardSpec,
    LoadedRecipe,
    Recipe,
    VariantSpec,
)
from hubq.model.source import Source
from hubq.model.suite import FidelitySpec, Form, RepeatSpec, Suite, TaskSpec
from hubq.model.workload import (
    LatencyTarget,
    Load,
    ServingWorkload,
    Workload,
    Workloads,
)

COMMIT = "8f3a21c07be94d5f61aa02b7c9de45f01b6c7d88"
ITEMS = 400
BF16_SIZE = 2_812_344
TASKS = ("NanoDocs_VAL", "NanoMath_MINI", "NanoChoice_DEV", "NanoMulti_VAL", "NanoText_VAL")
_FORMS: tuple[Form, ...] = (
    "short-answer",
    "numeric",
    "circular-multiple-choice",
    "multiple-choice",
    "text-answer",
)
_CHANCE = {"NanoMulti_VAL": 0.25, "NanoText_VAL": 0.0}

STACK = EnvironmentStack(
    name="gptqmodel",
    device="cpu",
    digest=hashlib.sha256(b"environment").hexdigest(),
    installed=Installed(
        python="3.11.7",
        implementation="CPython",
        packages=tuple(
            Package(name=name, version=version, sha256=hashlib.sha256(name.encode()).hexdigest())
            for name, version in (
                ("accelerate", "1.14.0"),
                ("gptqmodel", "7.7.0"),
                ("optimum", "2.3.0"),
                ("pillow", "12.1.0"),
                ("safetensors", "0.8.1"),
                ("setuptools", "80.9.0"),
                ("torch", "2.13.0+cpu"),
                ("torchvision", "0.28.0"),
                ("transformers", "5.23.0"),
            )
        ),
        torch=TorchBuild(version="2.13.0+cpu"),
        attention=("eager", "sdpa"),
    ),
    hardware=Hardware(
        os="Debian GNU/Linux 12 (bookworm)",
        kernel="Linux 6.1.0",
        machine="x86_64",
        cpu="Intel(R) Xeon(R) CPU @ 2.60GHz",
        cores=1,
        threads=2,
        memory_bytes=8 << 30,
    ),
)


def loaded_recipe(**changes: Any) -> LoadedRecipe:
    """Return the recipe of the nano family, with some of its fields changed."""
    variants = (
        VariantSpec(name="GPTQ-Int8", method="gptq", bits=8, max_kl=0.02),
        VariantSpec(name="GPTQ-Int4", method="gptq", bits=4, max_kl=0.5),
        VariantSpec(name="AWQ", method="awq", bits=4, sym=False, max_kl=0.5),
        VariantSpec(name="RTN-Int3", method="rtn", bits=3, publish=False),
    )
    recipe = Recipe(
        schema=1,
        name="nano",
        title="nano Qwen2-VL",
        variants=variants,
        calibration=Calibration(
            dataset="bundled:nano-qwen2-vl/data/calibration.jsonl", samples=128, length=512
        ),
        suite="nano",
        workloads="nano",
        card=CardSpec(tags=("nano",)),
        margin=2.0,
    )
    suite = Suite(
        schema=1,
        name="nano",
        title="nano suite",
        tasks=tuple(
            TaskSpec(
                name=name,
                form=form,
                file=f"bundled:nano-qwen2-vl/data/{name}.tsv",
                limit=ITEMS,
                chance=_CHANCE.get(name, 0.0),
            )
            for name, form in zip(TASKS, _FORMS, strict=True)
        ),
        fidelity=FidelitySpec(
            file="bundled:nano-qwen2-vl/data/NanoFidelity.jsonl",
            text="wiki.test.txt",
        ),
        repeat=RepeatSpec(items=100),
    )
    workloads = Workloads(
        schema=1,
        name="nano",
        title="nano workloads",
        workloads=(
            Workload(name="text", input_tokens=64, output_tokens=128),
            Workload(name="image", input_tokens=32, output_tokens=64, images=1),
        ),
    )
    return LoadedRecipe(
        recipe=msgspec.structs.replace(recipe, **changes),
        suite=suite,
        workloads=workloads,
        origin="nano.yaml",
        folder="",
    )


def with_serving(loaded: LoadedRecipe) -> LoadedRecipe:
    """Return a recipe whose family is served too, under loads of every kind."""
    serving = ServingWorkload(
        name="chat",
        input_tokens=64,
        output_tokens=16,
        images=1,
        loads=(
            Load(requests=4, concurrency=1),
            Load(requests=8, concurrency=4),
            Load(requests=8, rate=2.5),
            Load(requests=12),
        ),
        target=LatencyTarget(ttft_ms=200, tpot_ms=50),
    )
    workloads = msgspec.structs.replace(loaded.workloads, serving=(serving,))
    recipe = msgspec.structs.replace(loaded.recipe, engines=("transformers", "vllm"))
    return msgspec.structs.replace(loaded, workloads=workloads, recipe=recipe)


def source(**changes: Any) -> Source:
    """Return the nano source, with some of its fields changed."""
    whole = Source(
        name="nano-qwen2-vl",
        repo="hubq/nano-qwen2-vl",
        commit=COMMIT,
        endpoint="https://huggingface.co",
        digest=COMMIT,
        path="/nowhere",
        config={"model_type": "qwen2_vl", "vision_config": {}},
        card={
            "license": "apache-2.0",
            "language": ["en"],
            "pipeline_tag": "image-text-to-text",
            "tags": ["multimodal"],
        },
        files={"model.safetensors": BF16_SIZE, "config.json": 1_024},
    )
    return msgspec.structs.replace(whole, **changes)
