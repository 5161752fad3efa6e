"""A small source, a small recipe, and an executor that does workers' jobs without a backend.

The executor writes the same files as the real workers, so that everything around them (keys, store,
scores, cards, publishing) runs as it does in a release.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from hubq.executors.port import Ended, Executor, Post, Progress, WorkerJob
from hubq.model import outcome
from hubq.model.codec import pretty
from hubq.quantize.certificate import Certificate, Check, Estimate
from hubq.quantize.shapes import from_config
from tests.bench.sittings import Lost, MadeUp, sitting_of, write
from tests.fakes import safetensors, write_safetensors

WORDS = ("red", "green", "blue", "white")
ITEMS = 24


def write_source(folder: Path) -> Path:
    """Write a source that looks like a Qwen2-VL to everything but a backend."""
    folder.mkdir(parents=True)
    config = {
        "model_type": "qwen2_vl",
        "architectures": ["Qwen2VLForConditionalGeneration"],
        "hidden_size": 128,
        "intermediate_size": 256,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
    }
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "generation_config.json").write_text("{}")
    (folder / "preprocessor_config.json").write_text("{}")
    shapes = {
        f"model.layers.{one.layer}.{one.module}.weight": (one.outputs, one.inputs)
        for one in from_config(config, 0).linears
    }
    write_safetensors(folder / "model.safetensors", shapes)
    front = "---\nlicense: apache-2.0\nlanguage:\n- en\npipeline_tag: image-text-to-text\n---\n"
    (folder / "README.md").write_text(front + "# Small\n")
    return folder


def write_recipe(folder: Path, **changes: Any) -> Path:
    """Write a recipe with two variants, one text task and one workload."""
    for part in ("suites", "workloads"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    lines = [
        {"index": str(i), "question": f"Say {WORDS[i % 4]} {i}", "answer": WORDS[i % 4]}
        for i in range(ITEMS)
    ]
    (folder / "words.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    rows = [
        {"id": str(i), "image": None, "question": f"Tell {i}", "answer": "me"} for i in range(8)
    ]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    task = {"name": "Words", "form": "text-answer", "file": "words.jsonl", "max_new_tokens": 4}
    suite = {"schema": 1, "name": "words", "title": "words", "tasks": [task]}
    (folder / "suites" / "words.yaml").write_text(yaml.safe_dump(suite))
    workload = {"name": "in1-out8", "input_tokens": 1, "output_tokens": 8}
    loads = {"schema": 1, "name": "short", "title": "short", "workloads": [workload]}
    (folder / "workloads" / "short.yaml").write_text(yaml.safe_dump(loads))
    recipe: dict[str, Any] = {
        "schema": 1,
        "name": "small",
        "title": "Small",
        "variants": [
            {"name": "GPTQ-Int8", "method": "gptq", "bits": 8, "max_kl": 0.1},
            {"name": "AWQ", "method": "awq", "bits": 4, "sym": False},
        ],
        "calibration": {"dataset": "rows.jsonl", "samples": 4, "modality": "text"},
        "suite": "words",
        "workloads": "short",
    }
    path = folder / "small.yaml"
    path.write_text(yaml.safe_dump(recipe | changes))
    return path


class StandInExecutor(Executor):
    """Does each job at once, in the caller's thread.

    Args:
        fail: stage id -> why it fails.
        kl: the divergence that certificates measure.
        wrong: what the code on cards fails with; empty when it runs.
        lost: position and workload -> state and reason, of what a sitting could not measure.
    """

    def __init__(
        self,
        fail: dict[str, str] | None = None,
        kl: float = 0.01,
        wrong: str = "",
        lost: Lost | None = None,
    ) -> None:
        self.fail, self.kl, self.wrong = fail or {}, kl, wrong
        self.lost = lost or {}
        self.started: list[str] = []

    def can_take(self, job: WorkerJob) -> bool:
        return True

    def prefers(self, job: WorkerJob) -> bool:
        return False

    def stop(self) -> None:
        pass

    def start(self, job: WorkerJob, post: Post) -> None:
        self.started.append(job.stage)
        post(Progress(stage=job.stage, event=outcome.Phase(name="work")))
        if job.stage in self.fail:
            failed = outcome.Failed(error="RuntimeError", message=self.fail[job.stage])
            post(Ended(stage=job.stage, outcome=failed))
            return
        files = job.control / "files"
        files.mkdir(parents=True)
        (job.control / "log.txt").write_text("worked\n")
        does: dict[str, Callable[[dict[str, Any], Path], None]] = {
            "quantize": self._quantize,
            "certify": self._certify,
            "generate": self._generate,
            "bench": self._bench,
            "card": self._card,
        }
        does[job.kind](job.job, files)
        post(Ended(stage=job.stage, outcome=outcome.Done(result={}, files=())))

    def _quantize(self, job: dict[str, Any], files: Path) -> None:
        bits = job["settings"]["bits"]
        shutil.copytree(
            job["paths"]["model"], files / "checkpoint", ignore=shutil.ignore_patterns("README*")
        )
        (files / "checkpoint" / "model.safetensors").write_bytes(safetensors(bits, 16 * bits))
        rows = Path(job["paths"]["calibration"]).read_text().splitlines()
        record = {
            "calibration": {
                "rows": [{"id": json.loads(row)["id"]} for row in rows],
                "dropped": [],
                "rows_used": len(rows),
                "text_tokens": 40,
                "vision_tokens": 0,
                "vision_per_text": 0.0,
            },
            "modules": [{"name": "layer 0"}],
            "libraries": {"gptqmodel": "7.7.0"},
            "seconds": {"quantize": 1.5},
            "peak_resident_bytes": 1000,
            "size_bytes": 16 * bits,
            "quantization_config": {"bits": bits},
        }
        (files / "quantize.json").write_text(pretty(record))

    def _certify(self, job: dict[str, Any], files: Path) -> None:
        limit = job["settings"]["max_kl"]
        good = limit is None or self.kl <= limit
        said = f"KL {self.kl}, limit {limit}"
        certificate = Certificate(
            good=good,
            checks=(Check(name="divergence", good=good, said=said),),
            kl=Estimate(value=self.kl, n=16, low=0.0, high=2 * self.kl, se=0.001),
            top1_agreement=Estimate(value=0.99, n=16, low=0.98, high=1.0),
            kernels={"TorchLinear": 14},
        )
        (files / "certificate.json").write_text(pretty(certificate))

    def _generate(self, job: dict[str, Any], files: Path) -> None:
        """Answer right, but for one item in six."""
        if "fidelity" in job:
            self._read(job, files)
            return
        items = (Path(job["items"]) / "items.jsonl").read_text().splitlines()
        records = []
        for line in items:
            item = json.loads(line)
            number = int(item["key"])
            answer = item["gold"][0] if number % 6 else "grey"
            records.append(
                {
                    "key": item["key"],
                    "prompt_hash": f"hash of {item['text']}",
                    "output": answer,
                    "tokens": 2,
                    "finish": "stop",
                }
            )
        (files / "records.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records))
        about = {
            "items": len(items),
            "tokens": 2 * len(items),
            "kernels": {"Linear": 14},
            "attention": "sdpa",
            "dtype": job["dtype"],
            "device": job["device"],
            "pixel_limits": None,
        }
        (files / "generate.json").write_text(pretty(about))

    def _read(self, job: dict[str, Any], files: Path) -> None:
        """Read fixed questions and a text as a fidelity worker does."""
        items = (Path(job["items"]) / "items.jsonl").read_text().splitlines()
        near = {} if job["model"] == job["checkpoint"] else {"kl": self.kl, "top1": 0.5}
        lines: list[dict[str, Any]] = [
            {"key": str(n), "kind": "item", "prompt_hash": "h", "tokens": 3, "nll": 1.0, **near}
            for n in range(len(items))
        ]
        windows = len(Path(job["text"]).read_text()) // job["fidelity"]["window"]
        lines += [
            {"key": f"window-{n}", "kind": "window", "prompt_hash": "w", "tokens": 9, "nll": 2.0}
            for n in range(windows)
        ]
        (files / "records.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
        about = {
            "items": len(items),
            "windows": windows,
            "window": job["fidelity"]["window"],
            "tokens": 3 * len(items),
            "kernels": {"Linear": 14},
            "attention": "sdpa",
            "dtype": job["dtype"],
            "device": job["device"],
        }
        (files / "generate.json").write_text(pretty(about))

    def _card(self, job: dict[str, Any], files: Path) -> None:
        """Say of each snippet what a worker would, without running any."""
        scripts = []
        for script in job["scripts"]:
            ran = script["kind"] in {"python", "server"}
            said = {"state": "failed" if self.wrong else "ran", "said": self.wrong or "red"}
            if not ran:
                said = {"state": script.get("state", "checked"), "said": script.get("said", "")}
            fences = [
                {**{k: v for k, v in fence.items() if k != "code"}, **said, "seconds": 0.5 * ran}
                for fence in script["fences"]
            ]
            kind = script.get("of", script["kind"])
            scripts.append({"kind": kind, "seconds": 1.5 * ran, "fences": fences})
        (files / "snippets.json").write_text(pretty({"schema": 1, "scripts": scripts}))

    def _bench(self, job: dict[str, Any], files: Path) -> None:
        made = [
            None
            if checkpoint is None
            else MadeUp(rate=16.0 + position, weights=128, memory=5 * 10**8)
            for position, checkpoint in enumerate(job["checkpoints"])
        ]
        write(files, *sitting_of(job, made, self.lost))
