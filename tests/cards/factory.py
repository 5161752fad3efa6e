"""A family of a nano model, made up but consistent: every file holds what its result says."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from hubq.bench import job, measures
from hubq.bench.asked import asked_of
from hubq.bench.sitting import Sample as Run
from hubq.bench.sitting import Sitting
from hubq.cards.family import Family, read_environments
from hubq.evaluate import fidelity, generation
from hubq.evaluate.samples import Sample
from hubq.evaluate.scoring import summarise
from hubq.model.codec import pretty
from hubq.model.gap import Gap
from hubq.model.recipe import LoadedRecipe, VariantSpec
from hubq.model.result import Collected, Measure, Result
from hubq.model.stage import Kind, Stage
from hubq.model.workload import SITTING
from hubq.quantize import certificate, quantization
from hubq.store import Store
from tests.bench.sittings import MadeUp, files_of, sitting_of
from tests.cards.nano import BF16_SIZE, ITEMS, STACK, loaded_recipe, source

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
_SIZE, _SPEED, _DIVERGENCE = 1_500_000, 180.0, 0.09
"""What a variant that is not named here has."""
_KL = {"GPTQ-Int8": 0.0021, "GPTQ-Int4": 0.0873, "AWQ": 0.1104, "RTN-Int3": 1.9213}


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
        self.lost: dict[str, dict[str, tuple[str, str]]] = {}

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
                self.generate(name, task.name)
                self.score(name, task.name)
            self.fidelity(name)
            self.bench(name)
        for task in self.loaded.suite.tasks:
            self.repeat(task.name)
        return self

    def quantize(self, name: str) -> None:
        """Make the result of quantizing."""
        spec = self.spec(name)
        rows = spec.calibration or self.loaded.recipe.calibration
        settings = {
            "method": spec.method,
            "bits": spec.bits,
            "group_size": spec.group_size,
            "desc_act": spec.desc_act,
            "sym": spec.sym,
            "damp": spec.damp,
            "calibration": {
                "samples": rows.samples,
                "length": rows.length,
                "seed": rows.seed,
                "modality": rows.modality,
                "digest": hashlib.sha256(b"calibration").hexdigest(),
            },
            "device": "cpu",
        }
        used = rows.samples if spec.method != "rtn" else 0
        sees = used and rows.modality == "image-text"
        document = {
            "calibration": {
                "rows": [{"id": str(number)} for number in range(used)],
                "dropped": [],
                "rows_used": used,
                "text_tokens": 5_213 if used else 0,
                "vision_tokens": 1_152 if sees else 0,
                "vision_per_text": 0.220986 if sees else None,
            },
            "modules": [{"name": f"layer {number}"} for number in range(28)],
            "libraries": {"gptqmodel": "7.7.0"},
            "seconds": {"quantize": 7.0 + spec.bits / 3},
            "peak_resident_bytes": 703_112_345,
            "size_bytes": _SIZES.get(name, _SIZE),
            "quantization_config": {"bits": spec.bits},
        }
        self.commit(
            Kind.QUANTIZE, name, settings, quantization.collect, {"quantize.json": pretty(document)}
        )

    def certify(self, name: str) -> None:
        """Make the result of certifying."""
        kl, spec = _KL.get(name, _DIVERGENCE), self.spec(name)
        document = certificate.Certificate(
            good=True,
            checks=tuple(
                certificate.Check(name=check, good=True, said="all 28 of them")
                for check in ("weight files", "finite weights", "loads", "kernels", "divergence")
            ),
            kl=certificate.Estimate(value=kl, n=80, low=kl * 0.8, high=kl * 1.2, se=kl / 10),
            top1_agreement=certificate.Estimate(
                value=1 - kl / 4, n=1_204, low=0.9 - kl / 4, high=1.0 - kl / 8
            ),
            kernels={"TorchAtenLinear": 28, "Linear": 11},
        )
        self.commit(
            Kind.CERTIFY,
            name,
            {"max_kl": spec.max_kl, "probes": 16},
            certificate.collect,
            {"certificate.json": pretty(document)},
        )

    def generate(self, name: str, task: str, **changes: Any) -> None:
        """Make the result of generating; `changes` go into what the worker says of it."""
        places = [each.name for each in self.loaded.suite.tasks]
        pace = 1 + 0.01 * ((len(name) + places.index(task)) % 3)
        facts = {
            "engine": "transformers",
            "items": ITEMS,
            "tokens": 2 * ITEMS,
            "batch_size": 128,
            "largest_batch": 128,
            "smallest_batch": ITEMS % 128,
            "batches_halved": [],
            "committed_before": {"batches": 0, "items": 0},
            "inputs_reused": False,
            "device": "cpu",
            "seconds": {
                "load": 0.6,
                "prepare": 0.1,
                "generate": round(ITEMS * pace / _SPEEDS.get(name, _SPEED), 3),
            },
        } | changes
        records = [
            generation.Record(key=str(number), prompt_hash="", output="", tokens=2, finish="stop")
            for number in range(ITEMS)
        ]
        files = {
            generation.FACTS: pretty(facts),
            generation.RECORDS: msgspec.json.Encoder().encode_lines(records).decode(),
        }
        settings = {"batch_size": 128, "dtype": "bfloat16", "device": facts["device"]}
        self.commit(Kind.GENERATE, name, settings, generation.collect, files, task=task)

    def score(self, name: str, task: str, samples: tuple[Sample, ...] | None = None) -> None:
        """Make the result of scoring, from made-up or given samples."""
        scored = samples or made_up_samples(name, task)
        files = {
            "scores.json": pretty(summarise(scored)),
            "samples.jsonl": msgspec.json.Encoder().encode_lines(scored).decode(),
        }

        def collect(work: Path, _out: Mapping[str, Any]) -> Collected:
            found = msgspec.json.decode((work / "scores.json").read_bytes())
            names = ("score", "unparsed", "empty", "truncated")
            return Collected(
                measures=tuple(
                    Measure(
                        name=key,
                        value=found[key]["value"],
                        unit="fraction",
                        n=found[key]["n"],
                        se=found[key]["se"],
                        low=found[key]["low"],
                        high=found[key]["high"],
                        file="scores.json",
                        pointer=f"/{key}/value",
                    )
                    for key in names
                )
            )

        self.commit(Kind.SCORE, name, {"task": {"limit": ITEMS}}, collect, files, task=task)

    def fidelity(self, name: str) -> None:
        """Make the result of measuring how near a variant stays to the baseline."""
        generated = self.store.work(f"generated-{name}")
        (generated / "records.jsonl").write_bytes(
            msgspec.json.Encoder().encode_lines(made_up_readings(name))
        )

        def collect(work: Path, _out: Mapping[str, Any]) -> Collected:
            return fidelity.score(generated, work)

        nothing = dict[str, str]()
        self.commit(Kind.SCORE, name, {"task": "fidelity"}, collect, nothing, task="fidelity")

    def repeat(self, task: str) -> None:
        """Make the result of asking the baseline part of a task again."""
        samples = made_up_samples("BF16", task)[:100]
        moved = msgspec.structs.replace(samples[7], score=1 - samples[7].score, output="other")
        again = (*samples[:7], moved, *samples[8:])
        self.score("BF16", f"{task}/repeat", again)

    def bench(self, name: str, why: Mapping[str, tuple[str, str]] | None = None) -> None:
        """Make the results of a speed measurement, and the sittings that they rest on.

        Args:
            name: the variant.
            why: workload -> state and reason, of those that could not be measured.
        """
        self.lost[name] = dict(why or {})
        for engine in self._engines():
            settings = self._bench_settings(engine)
            stage = f"{Kind.BENCH.value}/{SITTING}" + (f"/{engine}" if engine else "")
            if stage not in self.results or why:
                files = files_of(*self._sitting(engine))
                self.commit(Kind.BENCH, SITTING, settings, job.collect, files, task=engine)
            position = self._names().index(name)
            found = measures.document(*self._sitting(engine), asked_of(settings), position)
            files = {measures.FACTS: pretty(found)}
            own = {"position": position}
            self.commit(Kind.BENCH, name, own, measures.collect, files, task=engine)

    def _engines(self) -> tuple[str, ...]:
        return ("", "vllm") if self.loaded.serving else ("",)

    def _names(self) -> list[str]:
        return ["BF16", *(spec.name for spec in self.loaded.recipe.variants)]

    def _bench_settings(self, engine: str) -> dict[str, Any]:
        plain: dict[str, Any] = msgspec.to_builtins(self.loaded.workloads)
        asked = "serving" if engine else "workloads"
        shared = {
            name: plain[name] for name in (asked, "warm_up", "rounds", "limit_seconds", "dtype")
        }
        return {**shared, "device": "cpu", "round": 0}

    def _sitting(self, engine: str) -> tuple[Sitting, tuple[Run, ...]]:
        names = self._names()
        made = [
            MadeUp(
                rate=_SPEEDS.get(name, _SPEED),
                weights=_SIZES.get(name, BF16_SIZE),
                memory=512_000_000 + _SIZES.get(name, BF16_SIZE) * 3,
            )
            for name in names
        ]
        lost = {
            (names.index(name), workload): said
            for name, why in self.lost.items()
            for workload, said in why.items()
        }
        return sitting_of(self._bench_settings(engine), made, lost)

    def spec(self, name: str) -> VariantSpec:
        """Return how the recipe makes a variant."""
        return next(spec for spec in self.loaded.recipe.variants if spec.name == name)

    def commit(
        self,
        kind: Kind,
        name: str,
        settings: dict[str, Any],
        collect: Callable[[Path, Mapping[str, Any]], Collected],
        files: dict[str, str],
        *,
        task: str = "",
    ) -> None:
        """Put a result into the store, its measures read by the stage's own package."""
        stage_id = "/".join(part for part in (kind.value, name, task) if part)
        stage = Stage(
            id=stage_id,
            kind=kind,
            backend="made-up",
            settings=settings,
            variant="" if name == SITTING else name,
            task=task,
        )
        key = hashlib.sha256(stage_id.encode()).hexdigest()
        work = self.store.work(key)
        for file, text in files.items():
            (work / file).write_text(text, encoding="utf-8")
        if kind is not Kind.SCORE:
            (work / "environment.json").write_text(pretty(STACK), encoding="utf-8")
        collected = collect(work, {})
        result = Result(
            key=key,
            stage=stage,
            inputs={},
            measures=collected.measures,
            files={},
            started="2026-11-21T08:00:00Z",
            ended="2026-11-21T08:00:07Z",
            seconds=7.0,
            facts=collected.facts,
        )
        # The sitting is made again when it turns out that something could not be measured.
        self.results[stage_id] = self.store.commit(work, result, replace=name == SITTING)
        self.folders[stage_id] = self.store.folder(key)


def made_up_readings(name: str) -> tuple[fidelity.Reading, ...]:
    """Return what a model made of fixed questions and of a text."""
    draw = random.Random(name)  # noqa: S311 - made-up data
    kl = None if name == "BF16" else _KL.get(name, _DIVERGENCE)
    items = tuple(
        fidelity.Reading(
            key=str(number),
            kind="item",
            prompt_hash=hashlib.sha256(str(number).encode()).hexdigest(),
            tokens=1 + number % 7,
            nll=0.4,
            kl=None if kl is None else kl * draw.uniform(0.2, 1.8),
            top1=None if kl is None else float(draw.random() > kl / 4),
        )
        for number in range(64)
    )
    hard = random.Random("text")  # noqa: S311
    windows = tuple(
        fidelity.Reading(
            key=f"window-{number}",
            kind="window",
            prompt_hash=hashlib.sha256(f"w{number}".encode()).hexdigest(),
            tokens=127,
            nll=hard.uniform(2, 3) + (kl or 0) * draw.uniform(0.05, 0.15),
        )
        for number in range(20)
    )
    return items + windows


def made_up_samples(name: str, task: str) -> tuple[Sample, ...]:
    """Return scored items: the baseline's, with some answers lost and some gained."""
    base = random.Random(task)  # noqa: S311 - made-up data
    flips = random.Random(f"{name}/{task}")  # noqa: S311
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
