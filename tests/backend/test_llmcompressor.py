"""Real runs of LLM Compressor on the nano model and small ones, one warm process for all."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import struct
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hubq.model.outcome import Done, Event, Failed, Infeasible, Outcome, Phase, Progress, Stopped
from hubq.model.recipe import Calibration
from hubq.quantize import calibration, quantization
from hubq.workers.process import WorkerProcess
from hubq.workers.specs import SIDE, spec_for
from hubq.workers.variables import spec_environ
from tests.families.makers import Asked, SmallModel, built, make

pytestmark = pytest.mark.backend

NANO = Path(__file__).resolve().parents[2] / "examples" / "nano-qwen2-vl"
SOURCE = NANO / "model"
ROWS = 16
METHODS: dict[str, dict[str, Any]] = {
    "FP8": {"method": "fp8", "bits": 8},
    "W8A8": {"method": "smoothquant", "bits": 8},
    "GPTQ-Int4": {"method": "gptq", "bits": 4, "desc_act": True},
    "GPTQ-Int8-channel": {"method": "gptq", "bits": 8, "group_size": -1},
    "AWQ": {"method": "awq", "bits": 4},
}
#: name -> in which tensors a Linear's weight is kept, with their dtypes.
KEPT = {
    "FP8": {"weight": "F8_E4M3", "weight_scale": "BF16"},
    "W8A8": {"weight": "I8", "weight_scale": "BF16"},
    "GPTQ-Int4": {"weight_packed": "I32", "weight_scale": "BF16", "weight_shape": "I64"},
    "GPTQ-Int8-channel": {"weight_packed": "I32", "weight_scale": "BF16", "weight_shape": "I64"},
    "AWQ": {"weight_packed": "I32", "weight_scale": "BF16", "weight_shape": "I64"},
}
LANGUAGE = re.compile(r"layers\.\d+\.(self_attn|mlp)\.\w+_proj\.weight")
#: What a recipient does: loads with plain transformers, and asks about a picture where there can be
#: one; prints one line of JSON per checkpoint.
LOAD = """
import json, sys
sys.path.insert(0, sys.argv[1])
import conversation, loading
for folder in sys.argv[3:]:
    model, processor, report = loading.load_with_report(folder, "auto", "cpu")
    rows = [json.loads(line) for line in open(sys.argv[2])]
    seen = conversation.is_vision_language(processor)
    row = next(row for row in rows if bool(row["image"]) == seen)
    images = [conversation.open_image(row["image"])] if seen else []
    prompt = conversation.render(processor, row["question"], len(images))
    inputs = conversation.encode(processor, prompt, images)
    finite = bool(model(**inputs).logits.isfinite().all())
    answer = model.generate(**inputs, max_new_tokens=4, min_new_tokens=4, do_sample=False)
    schemes = [name for name, part in model.named_modules() if hasattr(part, "quantization_scheme")]
    grown = answer.shape[1] - inputs["input_ids"].shape[1]
    found = {"report": report, "schemes": schemes, "finite": finite, "answer": grown}
    print("FOUND " + json.dumps(found))
"""
#: Compares what each layer is given on a walk with what the model itself gives it.
WALK = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import calibration_rows, llmcompressor_layers, loading, quantizing, torch
from llmcompressor.utils.helpers import calibration_forward_context
source = Path(sys.argv[3])
model, processor = loading.load_model(source, "auto", "cpu")
vision = quantizing.vision_tokens(source)
rows, _ = calibration_rows.encode(calibration_rows.read(Path(sys.argv[2])), processor, 2048, vision)
rows = [row.inputs for row in rows[:6]]
stack = llmcompressor_layers.Stack(model)
seen = {}
def watch(number):
    def hook(_module, arguments):
        seen.setdefault(number, []).append(arguments[0].clone())
    return stack.layers[number].register_forward_pre_hook(hook)
with calibration_forward_context(model):
    handles = [watch(number) for number in range(len(stack.layers))]
    for row in rows:
        model(**row, use_cache=False)
    for handle in handles:
        handle.remove()
    wanted, seen = seen, {}
    with stack.over(rows):
        for number in range(len(stack.layers)):
            handle = watch(number)
            list(stack.run(number, keep=True))
            handle.remove()
pairs = [pair for number in wanted for pair in zip(wanted[number], seen[number], strict=True)]
print("FOUND", len(pairs), sum(torch.equal(*pair) for pair in pairs))
"""
Quantize = Callable[..., tuple[Outcome, Path]]


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], WorkerProcess]]:
    """Return a function that starts a worker's process."""
    environment = built("llmcompressor")
    spec = spec_for("llmcompressor", "cpu")
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
    return folder / calibration.ROWS


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> dict[str, SmallModel]:
    """Return small models by architecture; qwen2_vl in shards, its output layer its own."""
    asked = [Asked(arch="qwen2_vl", tied=False, shards=3)]
    others = ("qwen2", "qwen3", "qwen2_5_vl", "qwen3_vl", "llava_onevision")
    asked += [Asked(arch=arch) for arch in others]
    return {made.arch: made for made in make(asked, tmp_path_factory.mktemp("small"))}


def settings(**changes: Any) -> dict[str, Any]:
    fixed = {"group_size": 128, "desc_act": False, "sym": True, "damp": 0.05, "device": "cpu"}
    drawn = {"samples": ROWS, "length": 2048, "seed": 0, "modality": "image-text", "digest": "-"}
    return {**fixed, "alpha": 0.8, "calibration": drawn, **changes}


@pytest.fixture(scope="module")
def quantize(warm: WorkerProcess, rows: Path, tmp_path_factory: pytest.TempPathFactory) -> Quantize:
    def run(
        asked: dict[str, Any],
        source: Path = SOURCE,
        drawn: Path = rows,
        worker: WorkerProcess = warm,
        **options: Any,
    ) -> tuple[Outcome, Path]:
        control = tmp_path_factory.mktemp("quantize")
        job = {
            "settings": settings(**asked),
            "paths": {"model": str(source), "calibration": str(drawn)},
        }
        outcome = worker.run("quantize_llmcompressor", job, control, **options)
        return outcome, control / "files"

    return run


@pytest.fixture(scope="module")
def made(quantize: Quantize) -> dict[str, Path]:
    """Return the result folder of every method on the nano model."""
    folders = {}
    for name, asked in METHODS.items():
        outcome, folders[name] = quantize(asked)
        assert isinstance(outcome, Done), outcome
    return folders


def tensors(folder: Path) -> dict[str, tuple[str, list[int], bytes]]:
    """Return dtype, shape and bytes of every tensor in a model folder."""
    found = {}
    for path in sorted(folder.glob("*.safetensors")):
        raw = path.read_bytes()
        start = 8 + struct.unpack("<Q", raw[:8])[0]
        for name, entry in json.loads(raw[8:start]).items():
            if name != "__metadata__":
                begin, end = entry["data_offsets"]
                data = raw[start + begin : start + end]
                found[name] = (entry["dtype"], entry["shape"], data)
    return found


def programmed(environment: str, program: str, *arguments: object, scratch: Path) -> list[str]:
    """Run a program in an environment; return what it says it found."""
    spec = spec_for(environment, "cpu")
    command = [built(environment).interpreter, "-I", "-c", program, SIDE, *arguments]
    done = subprocess.run(
        [str(part) for part in command],
        env=spec_environ(spec, scratch=scratch, threads=1),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    lines = done.stdout.splitlines()
    return [line.removeprefix("FOUND ") for line in lines if line.startswith("FOUND ")]


@pytest.mark.parametrize("name", METHODS)
def test_every_linear_of_the_layers_is_packed_and_nothing_else_is_changed(
    made: dict[str, Path], name: str
) -> None:
    before, after = tensors(SOURCE), tensors(made[name] / "checkpoint")
    linears = {key for key in before if LANGUAGE.search(key)}
    packed = {key for key in after if key.rsplit(".", 1)[-1] in KEPT[name] and key not in before}
    if "weight" in KEPT[name]:
        packed |= linears
    assert len(linears) == 7 * 6
    wanted = {
        f"{key.removesuffix('weight')}{part}": dtype
        for key in linears
        for part, dtype in KEPT[name].items()
    }
    assert {key: after[key][0] for key in packed} == wanted
    folded = {key for key in before if "layernorm" in key and name in ("W8A8", "AWQ")}
    for key in before.keys() - linears - folded:
        assert after[key] == before[key], key
    assert after.keys() == (before.keys() - linears) | packed


@pytest.mark.parametrize("name", METHODS)
def test_a_checkpoint_is_complete_clean_and_recorded(made: dict[str, Path], name: str) -> None:
    checkpoint = made[name] / "checkpoint"
    config = json.loads((checkpoint / "config.json").read_text())
    said = config.pop("quantization_config")
    assert config == json.loads((SOURCE / "config.json").read_text())
    assert said["ignore"] == [r"re:(.*\.)?lm_head(\..*)?$", r"re:(.*\.)?visual(\..*)?$"]
    kept = {path.name for path in SOURCE.iterdir()} - {"README.md"}
    assert {path.name for path in checkpoint.iterdir()} == kept
    for other in kept - {"config.json", "model.safetensors"}:
        assert (checkpoint / other).read_bytes() == (SOURCE / other).read_bytes()
    record = json.loads((made[name] / "quantize.json").read_text())
    assert len(record["modules"]) == quantization.collect(made[name], {}).facts["modules"] == 7 * 6
    assert record["calibration"]["rows_used"] == (0 if name == "FP8" else ROWS)
    assert (record["calibration"]["vision_tokens"] > 0) == (name != "FP8")


def test_losses_are_recorded_where_the_library_has_any(made: dict[str, Path]) -> None:
    def losses(name: str) -> dict[str, float | None]:
        modules = json.loads((made[name] / "quantize.json").read_text())["modules"]
        return {module["module"]: module["loss"] for module in modules}

    assert set(losses("FP8").values()) == {None}
    assert None not in losses("W8A8").values()
    assert None not in losses("GPTQ-Int4").values()
    # Grouped queries: the value projection's output cannot take the output projection's scales.
    assert [module for module, loss in losses("AWQ").items() if loss is None] == [
        "self_attn.o_proj"
    ]


def test_plain_transformers_loads_every_method_and_answers_about_a_picture(
    made: dict[str, Path], tmp_path: Path
) -> None:
    folders = [made[name] / "checkpoint" for name in METHODS]
    asked = NANO / "data" / "calibration.jsonl"
    found = programmed("gptqmodel", LOAD, asked, *folders, scratch=tmp_path)
    assert len(found) == len(METHODS)
    for name, line in zip(METHODS, found, strict=True):
        said = json.loads(line)
        assert said["report"] == {}, name
        assert (len(said["schemes"]), said["finite"], said["answer"]) == (7 * 6, True, 4), name
        assert all("language_model.layers." in scheme for scheme in said["schemes"])


@pytest.mark.parametrize("name", ["W8A8", "AWQ"])
def test_the_same_job_makes_the_same_bytes(
    made: dict[str, Path], quantize: Quantize, name: str
) -> None:
    _, again = quantize(METHODS[name])
    for path in sorted((made[name] / "checkpoint").iterdir()):
        first = hashlib.sha256(path.read_bytes()).hexdigest()
        second = hashlib.sha256((again / "checkpoint" / path.name).read_bytes()).hexdigest()
        assert first == second, path.name


@pytest.mark.parametrize("name", ["FP8", "W8A8", "GPTQ-Int4", "AWQ"])
def test_the_other_families_are_quantized_and_load(
    quantize: Quantize, small: dict[str, SmallModel], tmp_path: Path, name: str
) -> None:
    folders: dict[str, Path] = {}
    for arch, model in small.items():
        if arch == "llava_onevision":
            continue
        outcome, work = quantize(METHODS[name], model.model, model.calibration)
        assert isinstance(outcome, Done), (arch, outcome)
        folders[arch] = work / "checkpoint"
        before, after = tensors(model.model), tensors(folders[arch])
        for key in before:
            if not LANGUAGE.search(key) and "layernorm" not in key:
                assert after[key] == before[key], (arch, key)
    asked = small["qwen3_vl"].calibration
    found = programmed("gptqmodel", LOAD, asked, *folders.values(), scratch=tmp_path)
    for arch, line in zip(folders, found, strict=True):
        said = json.loads(line)
        assert said["report"] == {}, arch
        assert (len(said["schemes"]), said["finite"], said["answer"]) == (14, True, 4), arch


def test_llava_onevision_is_infeasible(
    quantize: Quantize, small: dict[str, SmallModel], start: Callable[[], WorkerProcess]
) -> None:
    model = small["llava_onevision"]
    outcome, work = quantize(METHODS["FP8"], model.model, model.calibration, start())
    assert isinstance(outcome, Infeasible), outcome
    assert "llava_onevision" in outcome.message
    assert list(work.iterdir()) == []


@pytest.mark.parametrize("arch", ["qwen2_5_vl", "qwen3_vl", "llava_onevision", "qwen3"])
def test_each_layer_is_given_what_the_model_itself_gives_it(
    small: dict[str, SmallModel], tmp_path: Path, arch: str
) -> None:
    model = small[arch]
    found = programmed("llmcompressor", WALK, model.calibration, model.model, scratch=tmp_path)
    assert found == ["12 12"]


def test_zero_points_are_infeasible_and_leave_nothing(
    quantize: Quantize, rows: Path, start: Callable[[], WorkerProcess]
) -> None:
    outcome, work = quantize({**METHODS["AWQ"], "sym": False}, SOURCE, rows, start())
    assert isinstance(outcome, Infeasible), outcome
    assert "set `sym: true`" in outcome.message
    assert list(work.iterdir()) == []


def test_settings_of_generation_that_contradict_each_other_do_not_stop_saving(
    quantize: Quantize, tmp_path: Path
) -> None:
    source = shutil.copytree(SOURCE, tmp_path / "source")
    (source / "generation_config.json").write_text('{"do_sample": false, "temperature": 0.1}')
    outcome, work = quantize(METHODS["FP8"], source)
    assert isinstance(outcome, Done), outcome
    kept = work / "checkpoint" / "generation_config.json"
    assert kept.read_bytes() == (source / "generation_config.json").read_bytes()


def test_layers_are_counted_and_a_stop_leaves_nothing_behind(
    quantize: Quantize, rows: Path, start: Callable[[], WorkerProcess]
) -> None:
    worker, counted = start(), []

    def stop(event: Event) -> None:
        if isinstance(event, Progress) and event.unit == "layers":
            counted.append((event.done, event.total))
            worker.cancel()

    outcome, work = quantize(METHODS["W8A8"], SOURCE, rows, worker, on_event=stop)
    assert isinstance(outcome, Stopped)
    assert counted[0] == (1, 12)
    assert len(counted) < 4
    assert list(work.iterdir()) == []


def test_a_stop_while_awq_searches_does_not_wait_for_the_layer(
    quantize: Quantize, rows: Path, start: Callable[[], WorkerProcess]
) -> None:
    worker = start()
    phases = []

    def stop(event: Event) -> None:
        if isinstance(event, Phase):
            phases.append(event.name)
            if event.name == "quantize":
                worker.cancel()

    outcome, work = quantize(METHODS["AWQ"], SOURCE, rows, worker, on_event=stop)
    assert isinstance(outcome, Stopped)
    assert phases[-1] == "quantize"
    assert list(work.iterdir()) == []


def test_a_group_that_does_not_divide_is_refused(
    quantize: Quantize, rows: Path, start: Callable[[], WorkerProcess]
) -> None:
    outcome, work = quantize({**METHODS["AWQ"], "group_size": 96}, SOURCE, rows, start())
    assert isinstance(outcome, Failed)
    assert "no multiple of 96" in outcome.message
    assert list(work.iterdir()) == []
