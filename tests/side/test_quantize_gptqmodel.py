"""Real runs on the nano model, in the built GPTQModel environment, one warm process for all."""

from __future__ import annotations

import hashlib
import json
import shutil
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hubq.evaluate import items
from hubq.model import codec
from hubq.model.outcome import Done, Event, Failed, Outcome, Phase, Stopped
from hubq.model.recipe import Calibration, Suite
from hubq.quantize import calibration, certificate, quantization
from hubq.workers.environments import EnvironmentStore
from hubq.workers.process import WorkerProcess
from hubq.workers.specs import spec_for
from hubq.workers.variables import spec_environ

pytestmark = pytest.mark.backend

ROOT = Path(__file__).resolve().parents[2]
NANO = ROOT / "examples" / "nano-qwen2-vl"
SOURCE = NANO / "model"
ROWS = 24
METHODS: dict[str, dict[str, Any]] = {
    "GPTQ-Int8": {"method": "gptq", "bits": 8, "sym": True},
    "GPTQ-Int4": {"method": "gptq", "bits": 4, "sym": True},
    "AWQ": {"method": "awq", "bits": 4, "sym": False},
    "RTN-Int3": {"method": "rtn", "bits": 3, "sym": True},
}
Quantize = Callable[..., tuple[Outcome, Path]]


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], WorkerProcess]]:
    """Return a function that starts a worker's process."""
    spec = spec_for("gptqmodel", "cpu")
    environment = EnvironmentStore().find(spec)
    if environment is None:
        pytest.skip("the gptqmodel environment is not built: hubq env build gptqmodel")
    environ = spec_environ(spec, scratch=tmp_path_factory.mktemp("scratch"), threads=1)
    started: list[WorkerProcess] = []

    def new() -> WorkerProcess:
        started.append(WorkerProcess(environment.interpreter, environ))
        return started[-1]

    yield new
    for worker in started:
        worker.close()


@pytest.fixture(scope="module")
def warm(start: Callable[[], WorkerProcess]) -> WorkerProcess:
    return start()


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rows")
    wanted = Calibration(dataset="calibration.jsonl", samples=ROWS)
    calibration.prepare(wanted, NANO / "data" / "calibration.jsonl", folder)
    return folder


@pytest.fixture(scope="module")
def tasks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the prepared items of each task of the nano suite."""
    folder = tmp_path_factory.mktemp("items")
    path = ROOT / "recipes" / "suites" / "nano.yaml"
    suite = codec.from_builtins(codec.read_yaml(path), Suite, str(path))
    for task in suite.tasks:
        items.prepare(task, NANO / "data" / Path(task.file).name, folder / task.name)
    return {f"items/{task.name}": folder / task.name for task in suite.tasks}


def settings(name: str) -> dict[str, Any]:
    fixed = {"group_size": 128, "desc_act": False, "damp": 0.05, "device": "cpu"}
    drawn = {"samples": ROWS, "length": 512, "seed": 0, "modality": "image-text", "digest": "-"}
    return {**METHODS[name], **fixed, "calibration": drawn}


@pytest.fixture(scope="module")
def quantize(warm: WorkerProcess, rows: Path, tmp_path_factory: pytest.TempPathFactory) -> Quantize:
    def run(
        name: str, source: Path = SOURCE, worker: WorkerProcess = warm, **options: Any
    ) -> tuple[Outcome, Path]:
        control = tmp_path_factory.mktemp(name)
        job = quantization.job(settings(name), {"model": source, "calibration": rows})
        outcome = worker.run("quantize_gptqmodel", job, control, **options)
        return outcome, control / "files"

    return run


@pytest.fixture(scope="module")
def made(quantize: Quantize) -> dict[str, Path]:
    """Return the result folder of every method."""
    folders = {}
    for name in METHODS:
        outcome, folders[name] = quantize(name)
        assert isinstance(outcome, Done), outcome
    return folders


@pytest.fixture(scope="module")
def certify(
    warm: WorkerProcess, tasks: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Any]:
    def run(name: str, checkpoint: Path, **changes: Any) -> Any:
        asked = {**settings(name), "max_kl": None, "probes": 8, "dtype": "bfloat16", **changes}
        paths = {"model": SOURCE, "checkpoint": checkpoint, **tasks}
        control = tmp_path_factory.mktemp("certify")
        outcome = warm.run("certify_transformers", certificate.job(asked, paths), control)
        assert isinstance(outcome, Done), outcome
        return certificate.collect(control / "files", {})

    return run


def edited(original: Path, folder: Path) -> Path:
    return shutil.copytree(original, folder / "edited")


def spoil(path: Path, name_part: str, value: bytes) -> None:
    """Overwrite the first number of a tensor in a safetensors file."""
    raw = bytearray(path.read_bytes())
    length = struct.unpack("<Q", raw[:8])[0]
    header = json.loads(raw[8 : 8 + length])
    name = next(name for name in header if name_part in name)
    start = 8 + length + header[name]["data_offsets"][0]
    raw[start : start + len(value)] = value
    path.chmod(0o644)
    path.write_bytes(raw)


@pytest.mark.parametrize("name", METHODS)
def test_a_checkpoint_is_complete_clean_and_recorded(made: dict[str, Path], name: str) -> None:
    checkpoint = made[name] / "checkpoint"
    config = json.loads((checkpoint / "config.json").read_text())
    quantization_config = config.pop("quantization_config")
    assert config == json.loads((SOURCE / "config.json").read_text())
    assert json.loads((checkpoint / "quantize_config.json").read_text()) == quantization_config
    assert "offload_to_disk_path" not in json.dumps(quantization_config)
    assert str(Path.home()) not in json.dumps(quantization_config)
    for name_kept in ("generation_config.json", "tokenizer.json", "preprocessor_config.json"):
        assert (checkpoint / name_kept).read_bytes() == (SOURCE / name_kept).read_bytes()
    collected = quantization.collect(made[name], {})
    used = next(m for m in collected.measures if m.name == "calibration_rows").value
    assert used == 0 if name == "RTN-Int3" else 0 < used <= ROWS
    layers = config["text_config"]["num_hidden_layers"]
    assert collected.facts["modules"] == 7 * layers


def test_awq_leaves_the_vision_tower_alone_and_uses_rows_of_one_length(
    made: dict[str, Path],
) -> None:
    record = json.loads((made["AWQ"] / "quantize.json").read_text())
    assert record["quantization_config"]["modules_to_not_convert"] == ["visual", "model.visual"]
    assert len({row["tokens"] for row in record["calibration"]["rows"]}) == 1
    assert record["calibration"]["vision_tokens"] > 0


def test_the_same_job_makes_the_same_bytes(made: dict[str, Path], quantize: Quantize) -> None:
    _, again = quantize("GPTQ-Int4")
    for path in sorted((made["GPTQ-Int4"] / "checkpoint").iterdir()):
        first = hashlib.sha256(path.read_bytes()).hexdigest()
        second = hashlib.sha256((again / "checkpoint" / path.name).read_bytes()).hexdigest()
        assert first == second, path.name


def test_every_method_loads_and_the_fewer_bits_the_farther_from_the_source(
    made: dict[str, Path], certify: Callable[..., Any]
) -> None:
    kl = {}
    for name in METHODS:
        collected = certify(name, made[name] / "checkpoint")
        assert collected.refusal == "", name
        assert sum(collected.facts["kernels"].values()) > 35
        kl[name] = collected.measures[0].value
    assert kl["GPTQ-Int8"] < kl["GPTQ-Int4"] < kl["RTN-Int3"]
    assert kl["AWQ"] < kl["RTN-Int3"]


def test_a_divergence_above_the_limit_is_refused(
    made: dict[str, Path], certify: Callable[..., Any]
) -> None:
    refused = certify("RTN-Int3", made["RTN-Int3"] / "checkpoint", max_kl=1e-9)
    assert "is above the recipe's limit 1e-09" in refused.refusal


def test_a_nan_scale_is_refused(
    made: dict[str, Path], certify: Callable[..., Any], tmp_path: Path
) -> None:
    folder = edited(made["GPTQ-Int4"] / "checkpoint", tmp_path)
    spoil(folder / "model.safetensors", "layers.0.self_attn.v_proj.scales", b"\x00\x7e")
    refusal = certify("GPTQ-Int4", folder).refusal
    assert "finite weights: not finite: " in refusal
    assert "v_proj.scales" in refusal


def test_awq_without_its_exceptions_is_refused_and_not_a_crash(
    made: dict[str, Path], certify: Callable[..., Any], tmp_path: Path
) -> None:
    folder = edited(made["AWQ"] / "checkpoint", tmp_path)
    for name in ("config.json", "quantize_config.json"):
        config = json.loads((folder / name).read_text())
        config.get("quantization_config", config).pop("modules_to_not_convert")
        (folder / name).write_text(json.dumps(config))
    assert certify("AWQ", folder).refusal != ""


def test_a_checkpoint_under_another_variants_name_is_refused(
    made: dict[str, Path], certify: Callable[..., Any]
) -> None:
    refusal = certify("GPTQ-Int4", made["GPTQ-Int8"] / "checkpoint").refusal
    assert "configuration: bits is 8, asked for was 4" in refusal


def test_a_source_with_a_nan_is_refused_and_nothing_is_left(
    quantize: Quantize, start: Callable[[], WorkerProcess], tmp_path: Path
) -> None:
    source = edited(SOURCE, tmp_path)
    spoil(source / "model.safetensors", "layers.1.mlp.up_proj.weight", b"\xc0\x7f")
    outcome, work = quantize("GPTQ-Int4", source, start())
    assert isinstance(outcome, Failed)
    assert "layers.1.mlp.up_proj.weight is not finite" in outcome.message
    assert not (work / "checkpoint").exists()


def test_a_stop_while_quantizing_leaves_nothing_behind(
    quantize: Quantize, start: Callable[[], WorkerProcess]
) -> None:
    worker = start()

    def stop(event: Event) -> None:
        if isinstance(event, Phase) and event.name == "quantize":
            worker.cancel()

    outcome, work = quantize("GPTQ-Int4", SOURCE, worker, on_event=stop)
    assert isinstance(outcome, Stopped)
    assert list(work.iterdir()) == []
