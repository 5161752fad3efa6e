"""A family of a nano model, made up but consistent: every file holds what its result says."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path
from typing import Any

import msgspec

from hubq.cards.family import Family, Gap, read_environments
from hubq.evaluate.scoring import Sample, summarise
from hubq.model.codec import pretty
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
    Suite,
    TaskSpec,
    VariantSpec,
    Workload,
    Workloads,
)
from hubq.model.result import Measure, Result
from hubq.model.source import Source
from hubq.model.stage import Kind, Stage
from hubq.store import Store

COMMIT = "8f3a21c07be94d5f61aa02b7c9de45f01b6c7d88"
TASKS = ("NanoDocs_VAL", "NanoMath_MINI", "NanoChoice_DEV", "NanoMulti_VAL", "NanoText_VAL")
_FORMS = (
    "short-answer",
    "numeric",
    "circular-multiple-choice",
    "multiple-choice",
    "text-answer",
)
_CHANCE = {"NanoMulti_VAL": 0.25, "NanoText_VAL": 0.0}
_BASE = {
    "NanoDocs_VAL": 0.88,
    "NanoMath_MINI": 0.72,
    "NanoChoice_DEV": 0.66,
    "NanoMulti_VAL": 0.61,
    "NanoText_VAL": 0.93,
}
_FLIPS = {
    "GPTQ-Int8": (0.006, 0.008),
    "GPTQ-Int4": (0.03, 0.04),
    "AWQ": (0.05, 0.05),
    "RTN-Int3": (0.45, 0.05),
}
_LOSSES = {("GPTQ-Int4", "NanoMath_MINI"): (0.11, 0.04), ("AWQ", "NanoMulti_VAL"): (0.09, 0.05)}
_SIZES = {"GPTQ-Int8": 1_982_344, "GPTQ-Int4": 1_501_112, "AWQ": 1_498_040, "RTN-Int3": 1_380_008}
_SPEEDS = {"BF16": 212.4, "GPTQ-Int8": 118.9, "GPTQ-Int4": 181.3, "AWQ": 190.7, "RTN-Int3": 176.2}
_KL = {"GPTQ-Int8": 0.0021, "GPTQ-Int4": 0.0873, "AWQ": 0.1104, "RTN-Int3": 1.9213}
ITEMS = 400

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
                form=form,  # type: ignore[arg-type]
                file=f"bundled:nano-qwen2-vl/data/{name}.tsv",
                limit=ITEMS,
                chance=_CHANCE.get(name, 0.0),
            )
            for name, form in zip(TASKS, _FORMS, strict=True)
        ),
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
        files={"model.safetensors": 2_812_344, "config.json": 1_024},
    )
    return msgspec.structs.replace(whole, **changes)


class Factory:
    """Makes the results of a family in a folder.

    Args:
        folder: where the runs folder goes.
        loaded: the recipe.
    """

    def __init__(self, folder: Path, loaded: LoadedRecipe | None = None) -> None:
        self.store = Store(folder)
        self.loaded = loaded or loaded_recipe()
        self.results: dict[str, Result] = {}
        self.folders: dict[str, Path] = {}

    def family(self, *, gaps: dict[str, Gap] | None = None, **changes: Any) -> Family:
        """Return the family of all results but those of the gaps, which are left out."""
        lost = gaps or {}
        results = {name: self.results[name] for name in self.results if name not in lost}
        folders = {name: self.folders[name] for name in results}
        fields: dict[str, Any] = {
            "source": source(),
            "loaded": self.loaded,
            "results": results,
            "folders": folders,
            "gaps": lost,
            "repos": {
                spec.name: f"hubq/nano-qwen2-vl-{spec.name}"
                for spec in self.loaded.recipe.variants
                if spec.publish
            },
            "command": "hubq release hubq/nano-qwen2-vl --recipe nano",
            "version": "0.1.0",
            "environments": read_environments(folders),
        }
        return Family(**(fields | changes))

    def everything(self) -> Factory:
        """Make every stage's result."""
        names = ("BF16", *(spec.name for spec in self.loaded.recipe.variants))
        for name in names:
            if name != "BF16":
                self.quantize(name)
                self.certify(name)
            for task in self.loaded.suite.tasks:
                self.score(name, task.name)
            self.bench(name)
        return self

    def quantize(self, name: str) -> None:
        """Make the result of quantizing."""
        spec = next(spec for spec in self.loaded.recipe.variants if spec.name == name)
        settings = {
            "method": spec.method,
            "bits": spec.bits,
            "group_size": spec.group_size,
            "desc_act": spec.desc_act,
            "sym": spec.sym,
            "damp": spec.damp,
            "calibration": {
                "samples": 128,
                "length": 512,
                "seed": 0,
                "modality": "image-text",
                "digest": hashlib.sha256(b"calibration").hexdigest(),
            },
            "device": "cpu",
        }
        values = {
            "seconds": 7.0 + spec.bits / 3,
            "size_bytes": _SIZES[name],
            "calibration_rows": 128,
            "calibration_text_tokens": 5_213,
            "calibration_vision_tokens": 1_152,
        }
        units = {"seconds": "s", "size_bytes": "bytes"}
        measures = tuple(
            Measure(
                name=key,
                value=value,
                unit=units.get(key, "count"),
                n=1,
                file="quantize.json",
                pointer=f"/{key}",
            )
            for key, value in values.items()
        )
        self.commit(Kind.QUANTIZE, name, settings, measures, {"quantize.json": pretty(values)})

    def certify(self, name: str) -> None:
        """Make the result of certifying."""
        kl, items = _KL[name], 80
        document = {
            "kl": {"mean": kl, "se": kl / 10, "low": kl * 0.8, "high": kl * 1.2},
            "top1": 1 - kl / 4,
        }
        measures = (
            Measure(
                name="kl",
                value=kl,
                unit="nats",
                n=items,
                se=kl / 10,
                low=kl * 0.8,
                high=kl * 1.2,
                file="certificate.json",
                pointer="/kl/mean",
            ),
            Measure(
                name="top1_agreement",
                value=1 - kl / 4,
                unit="fraction",
                n=items,
                file="certificate.json",
                pointer="/top1",
            ),
        )
        spec = next(spec for spec in self.loaded.recipe.variants if spec.name == name)
        checks = {"loads with plain transformers": True, "all weights finite": True}
        self.commit(
            Kind.CERTIFY,
            name,
            {"max_kl": spec.max_kl, "probes": 16},
            measures,
            {"certificate.json": pretty(document)},
            facts={"checks": checks},
        )

    def score(self, name: str, task: str, samples: tuple[Sample, ...] | None = None) -> None:
        """Make the result of scoring, from made-up or given samples."""
        scored = samples or made_up_samples(name, task)
        summary = summarise(scored)
        measures = tuple(
            Measure(
                name=key,
                value=summary[key]["value"],
                unit="fraction",
                n=summary[key]["n"],
                se=summary[key]["se"],
                low=summary[key]["low"],
                high=summary[key]["high"],
                file="scores.json",
                pointer=f"/{key}/value",
            )
            for key in ("score", "unparsed", "empty", "truncated")
        )
        files = {
            "scores.json": pretty(summary),
            "samples.jsonl": msgspec.json.Encoder().encode_lines(scored).decode(),
        }
        self.commit(Kind.SCORE, name, {"task": {"limit": ITEMS}}, measures, files, task=task)

    def bench(self, name: str) -> None:
        """Make the result of a speed measurement."""
        workloads = self.loaded.workloads
        settings = {
            "workloads": msgspec.to_builtins(workloads.workloads),
            "warmup": workloads.warmup,
            "repeats": workloads.repeats,
            "dtype": "bfloat16",
            "device": "cpu",
            "round": 0,
        }
        document: dict[str, Any] = {}
        measures = []
        for number, workload in enumerate(workloads.workloads):
            speed = _SPEEDS[name] / (1 + number / 5)
            memory = 512_000_000 + 40_000_000 * number + _SIZES.get(name, 2_812_344) * 3
            document[workload.name] = {"speed": speed, "memory": memory}
            for key, unit, pointer, value in (
                ("tokens_per_second", "tokens/s", "speed", speed),
                ("peak_memory_bytes", "bytes", "memory", float(memory)),
            ):
                measures.append(
                    Measure(
                        name=f"{key}/{workload.name}",
                        value=value,
                        unit=unit,
                        n=workloads.repeats,
                        file="bench.json",
                        pointer=f"/{workload.name}/{pointer}",
                    )
                )
        self.commit(Kind.BENCH, name, settings, tuple(measures), {"bench.json": pretty(document)})

    def commit(
        self,
        kind: Kind,
        name: str,
        settings: dict[str, Any],
        measures: tuple[Measure, ...],
        files: dict[str, str],
        *,
        task: str = "",
        facts: dict[str, Any] | None = None,
    ) -> None:
        """Put a result into the store."""
        stage_id = "/".join(part for part in (kind.value, name, task) if part)
        stage = Stage(
            id=stage_id, kind=kind, backend="made-up", settings=settings, variant=name, task=task
        )
        key = hashlib.sha256(stage_id.encode()).hexdigest()
        work = self.store.work(key)
        for file, text in files.items():
            (work / file).write_text(text, encoding="utf-8")
        if kind is not Kind.SCORE:
            (work / "environment.json").write_text(pretty(STACK), encoding="utf-8")
        result = Result(
            key=key,
            stage=stage,
            inputs={},
            measures=measures,
            files={},
            started="2026-11-21T08:00:00Z",
            ended="2026-11-21T08:00:07Z",
            seconds=7.0,
            facts=facts or {},
        )
        self.results[stage_id] = self.store.commit(work, result)
        self.folders[stage_id] = self.store.folder(key)


def made_up_samples(name: str, task: str) -> tuple[Sample, ...]:
    """Return scored items: the baseline's, with some answers lost and some gained."""
    base = random.Random(task)
    flips = random.Random(f"{name}/{task}")
    lost, gained = _LOSSES.get((name, task), _FLIPS.get(name, (0.0, 0.0)))
    samples = []
    for number in range(ITEMS):
        right = base.random() < _BASE[task]
        draw = flips.random()
        right = draw >= lost if right else draw < gained
        unparsed = not right and name == "AWQ" and task == "NanoMath_MINI" and number % 40 == 0
        samples.append(
            Sample(
                key=f"{task}-{number}",
                cluster=f"{task}-{number // 2}" if task == "NanoDocs_VAL" else f"{number}",
                prompt_hash=hashlib.sha256(f"{task}-{number}".encode()).hexdigest(),
                output="right" if right else "wrong",
                extracted=None if unparsed else "x",
                extraction="unparsed" if unparsed else "parsed",
                truncated=False,
                score=1.0 if right else 0.0,
            )
        )
    return tuple(samples)
