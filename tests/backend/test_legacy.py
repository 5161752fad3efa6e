"""AutoGPTQ and AutoAWQ for real: quantized in the legacy environment, loaded in the newest one."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from hubq.model.environment import EnvironmentSpec
from hubq.model.outcome import Done, Event, Infeasible, Outcome, Phase, Progress, Stopped
from hubq.workers.environments import EnvironmentStore
from hubq.workers.process import WorkerProcess
from hubq.workers.specs import SIDE, spec_for
from hubq.workers.variables import worker_environ
from tests.families.makers import Asked, SmallModel, make

pytestmark = pytest.mark.backend

ROOT = Path(__file__).resolve().parents[2]
NANO = ROOT / "examples" / "nano-qwen2-vl"
SOURCE = NANO / "model"
PROBE = Path(__file__).with_name("legacy_probe.py")
ROWS = 24
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "GPTQ-Int8": ("autogptq", {"method": "gptq", "bits": 8, "sym": True}),
    "GPTQ-Int4": ("autogptq", {"method": "gptq", "bits": 4, "sym": True}),
    "GPTQ-Int4-order": ("autogptq", {"method": "gptq", "bits": 4, "sym": True, "desc_act": True}),
    "GPTQ-Int3": ("autogptq", {"method": "gptq", "bits": 3, "sym": True}),
    "AWQ": ("autoawq", {"method": "awq", "bits": 4, "sym": False}),
}
FAMILIES = (
    Asked(arch="qwen2", shards=3),
    Asked(arch="qwen3", tied=False),
    Asked(arch="qwen2_5_vl"),
    Asked(arch="llava_onevision"),
)
Quantize = Callable[..., tuple[Outcome, Path]]


def settings(changes: dict[str, Any]) -> dict[str, Any]:
    fixed = {"group_size": 128, "desc_act": False, "damp": 0.01, "alpha": None, "device": "cpu"}
    drawn = {"samples": ROWS, "length": 512, "seed": 0, "modality": "image-text", "digest": "-"}
    return {**fixed, "calibration": drawn, **changes}


def environ(spec: EnvironmentSpec, scratch: Path) -> dict[str, str]:
    return worker_environ(spec.variables, scratch=scratch, threads=1, gpu="")


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], WorkerProcess]]:
    """Return a function that starts a process in the legacy environment."""
    spec = spec_for("legacy", "cpu")
    environment = EnvironmentStore().build(spec)
    started: list[WorkerProcess] = []

    def new() -> WorkerProcess:
        scratch = tmp_path_factory.mktemp("scratch")
        started.append(WorkerProcess(environment.interpreter, environ(spec, scratch)))
        return started[-1]

    yield new
    for worker in started:
        worker.close()


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    lines = (NANO / "data" / "calibration.jsonl").read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:ROWS]))
    return path


@pytest.fixture(scope="module")
def quantize(
    start: Callable[[], WorkerProcess], rows: Path, tmp_path_factory: pytest.TempPathFactory
) -> Quantize:
    warm = start()

    def run(
        backend: str,
        asked: dict[str, Any],
        source: Path = SOURCE,
        calibration: Path = rows,
        worker: WorkerProcess = warm,
        **options: Any,
    ) -> tuple[Outcome, Path]:
        control = tmp_path_factory.mktemp(backend)
        paths = {"model": str(source), "calibration": str(calibration)}
        job = {"settings": settings(asked), "paths": paths}
        outcome = worker.run(f"quantize_{backend}", job, control, **options)
        return outcome, control / "files"

    return run


@pytest.fixture(scope="module")
def made(quantize: Quantize) -> dict[str, Path]:
    """Return the result folder of every variant of the nano model."""
    folders = {}
    for name, (backend, asked) in VARIANTS.items():
        outcome, folders[name] = quantize(backend, asked)
        assert isinstance(outcome, Done), outcome
    return folders


def probed(source: Path, rows: Path, checkpoints: Sequence[Path], scratch: Path) -> Any:
    """Return what the newest transformers makes of checkpoints."""
    spec = spec_for("gptqmodel", "cpu")
    python = EnvironmentStore().build(spec).interpreter
    arguments = [str(path) for path in (PROBE, SIDE, source, rows, *checkpoints)]
    done = subprocess.run(
        [str(python), "-I", *arguments],
        env=environ(spec, scratch),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def seen(
    made: dict[str, Path], rows: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """Return what the newest transformers makes of every variant."""
    paths = {name: folder / "checkpoint" for name, folder in made.items()}
    scratch = tmp_path_factory.mktemp("probe")
    found = probed(SOURCE, rows, list(paths.values()), scratch)
    return {name: found[str(path)] for name, path in paths.items()} | {"source": found[""]}


@pytest.mark.parametrize("name", VARIANTS)
def test_a_checkpoint_says_what_it_is_and_holds_the_sources_files(
    made: dict[str, Path], name: str
) -> None:
    checkpoint, (backend, asked) = made[name] / "checkpoint", VARIANTS[name]
    config = json.loads((checkpoint / "config.json").read_text())
    said = config.pop("quantization_config")
    assert json.loads((checkpoint / "quantize_config.json").read_text()) == said
    assert (said["quant_method"], said["bits"]) == (asked["method"], asked["bits"])
    assert said["group_size"] == 128
    original = json.loads((SOURCE / "config.json").read_text())
    for part in (original, original["text_config"], original["vision_config"]):
        part["dtype"] = "float16"
    assert config == original
    names = {path.name for path in SOURCE.iterdir()} - {"README.md"} | {"quantize_config.json"}
    assert {path.name for path in checkpoint.iterdir()} == names
    for kept in ("generation_config.json", "tokenizer.json", "preprocessor_config.json"):
        assert (checkpoint / kept).read_bytes() == (SOURCE / kept).read_bytes()
    record = json.loads((made[name] / "quantize.json").read_text())
    library = {"autogptq": "auto-gptq", "autoawq": "autoawq"}[backend]
    assert {library, "transformers", "torch", "peft"} <= record["libraries"].keys()
    assert record["libraries"]["transformers"] == "4.51.3"


@pytest.mark.parametrize("name", VARIANTS)
def test_every_row_is_looked_at_whole_and_every_module_recorded(
    made: dict[str, Path], name: str
) -> None:
    record = json.loads((made[name] / "quantize.json").read_text())
    used = record["calibration"]
    assert (used["rows_used"], used["dropped"]) == (ROWS, [])
    assert len({row["tokens"] for row in used["rows"]}) > 1
    assert used["vision_tokens"] > 0
    modules = record["modules"]
    assert len({(m["layer"], m["module"]) for m in modules}) == len(modules) == 42
    assert all(m["samples"] == ROWS for m in modules)
    without = {m["module"] for m in modules if m["loss"] is None}
    assert without == ({"self_attn.o_proj"} if name == "AWQ" else set())


@pytest.mark.parametrize("name", VARIANTS)
def test_it_loads_with_nothing_missing_or_left_over_and_answers(
    seen: dict[str, Any], name: str
) -> None:
    found = seen[name]
    assert found["report"] == {}
    assert found["packed"] == 42
    assert found["answer"] != ""
    assert (found["new"], found["biases"], found["lost"]) == ([], [], [])
    assert found["dtypes"] == ["torch.float16"]


def test_what_is_left_alone_is_the_sources_but_for_norms_that_awq_folds_into(
    seen: dict[str, Any],
) -> None:
    for name in VARIANTS.keys() - {"AWQ"}:
        assert seen[name]["differ"] == [], name
    differ = seen["AWQ"]["differ"]
    assert len(differ) == 2 * 6
    assert all(name.endswith("layernorm.weight") for name in differ)


def test_the_fewer_bits_the_farther_from_the_source(seen: dict[str, Any]) -> None:
    kl = {name: seen[name]["kl"] for name in VARIANTS}
    assert kl["GPTQ-Int8"] < 0.001
    assert kl["GPTQ-Int8"] < kl["GPTQ-Int4"] < kl["GPTQ-Int3"]
    assert kl["GPTQ-Int4-order"] < kl["GPTQ-Int3"]
    # AutoAWQ left to itself on a CPU spoils the weights while it searches: 0.28 instead of 0.05.
    assert kl["AWQ"] < kl["GPTQ-Int3"]


def test_progress_counts_layers_to_the_end(quantize: Quantize) -> None:
    events: list[Event] = []
    asked = {"method": "gptq", "bits": 4, "sym": True, "group_size": -1}
    outcome, work = quantize("autogptq", asked, on_event=events.append)
    assert isinstance(outcome, Done)
    layers = [(e.done, e.total) for e in events if isinstance(e, Progress) and e.unit == "layers"]
    assert (layers[0], layers[-1]) == ((0, 6), (6, 6))
    said = json.loads((work / "checkpoint" / "quantize_config.json").read_text())
    assert said["group_size"] == -1


@pytest.mark.parametrize("backend", ["autogptq", "autoawq"])
def test_a_stop_while_quantizing_leaves_nothing_behind(
    quantize: Quantize, start: Callable[[], WorkerProcess], backend: str
) -> None:
    worker = start()
    asked = VARIANTS["AWQ" if backend == "autoawq" else "GPTQ-Int4"][1]

    def stop(event: Event) -> None:
        if isinstance(event, Phase) and event.name == "quantize":
            worker.cancel()

    outcome, work = quantize(backend, asked, worker=worker, on_event=stop)
    assert isinstance(outcome, Stopped)
    assert list(work.iterdir()) == []


def test_groups_that_do_not_divide_are_infeasible(
    quantize: Quantize, start: Callable[[], WorkerProcess]
) -> None:
    asked = VARIANTS["AWQ"][1] | {"group_size": 96}
    outcome, work = quantize("autoawq", asked, worker=start())
    assert isinstance(outcome, Infeasible)
    assert "self_attn.q_proj has 128 inputs, no multiple of 96" in str(outcome)
    assert list(work.iterdir()) == []


MISFIT = """
import sys, torch
sys.path.append(sys.argv[1])
from autogptq_models import misfit
ones, groups = torch.ones(1, 1), torch.zeros(4, dtype=torch.int32)
weight = torch.tensor([[-8.0, -1.0, 0.0, 7.0]]).half()
print(repr(misfit(weight, ones, 8 * ones, groups, 15)))
print(misfit(weight, ones, 0 * ones, groups, 15))
print(misfit(2 * weight, ones, 8 * ones, groups, 15))
print(misfit(weight, 1e-9 * ones, 8 * ones, groups, 15))
"""


def test_what_would_spill_into_the_next_weights_bits_is_noticed(
    tmp_path: Path,
) -> None:
    spec = spec_for("legacy", "cpu")
    python = EnvironmentStore().build(spec).interpreter
    said = subprocess.run(
        [str(python), "-I", "-c", MISFIT, str(SIDE)],
        env=environ(spec, tmp_path),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert said == [
        "''",
        "a zero point does not fit into its bits",
        "a weight does not fit into its bits",
        "a scale is nothing in float16",
    ]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> dict[str, SmallModel]:
    models = make(FAMILIES, tmp_path_factory.mktemp("families"))
    return {model.arch: model for model in models}


@pytest.mark.parametrize("arch", [asked.arch for asked in FAMILIES])
def test_other_architectures_load_too(
    small: dict[str, SmallModel], quantize: Quantize, arch: str, tmp_path: Path
) -> None:
    model, folders = small[arch], []
    for name in ("GPTQ-Int4", "AWQ"):
        backend, asked = VARIANTS[name]
        outcome, work = quantize(backend, asked, model.model, model.calibration)
        assert isinstance(outcome, Done), outcome
        folders.append(work / "checkpoint")
    found = probed(model.model, model.calibration, folders, tmp_path)
    for folder in folders:
        about = found[str(folder)]
        assert about["report"] == {}
        assert (about["packed"], about["new"], about["lost"]) == (14, [], [])
        assert all(name.endswith("layernorm.weight") for name in about["differ"])
        assert about["kl"] < 0.5
