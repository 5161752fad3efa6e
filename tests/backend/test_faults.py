"""Twenty faults planted in real checkpoints, each refused by name; good checkpoints are not."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hubq.model.outcome import Done
from hubq.quantize.certificate import CERTIFICATE, Certificate, Check, read
from hubq.workers.host import WorkerHost
from hubq.workers.process import WorkerProcess
from tests.backend import planting
from tests.families.makers import built

pytestmark = pytest.mark.backend

EXAMPLE = Path(__file__).parents[2] / "examples" / "nano-qwen2-vl"
SOURCE = EXAMPLE / "model"
ROWS = 24
BASES: dict[str, dict[str, Any]] = {
    "GPTQ-Int8": {"method": "gptq", "bits": 8},
    "GPTQ-Int4": {"method": "gptq", "bits": 4},
    "GPTQ-Int4-ActOrder": {"method": "gptq", "bits": 4, "desc_act": True},
    "AWQ-Int4": {"method": "awq", "bits": 4, "sym": False},
    "RTN-Int4": {"method": "rtn", "bits": 4},
}
COMPRESSED = {"method": "smoothquant", "bits": 8, "group_size": -1, "backend": "llmcompressor"}
SPARED = (r"re:.*lm_head", r"re:.*visual.*")


class Bench(msgspec.Struct, frozen=True):
    """Good checkpoints, and the warm process that certifies.

    Attributes:
        made: variant -> its checkpoint.
        worker: in the inference environment.
        scratch: for jobs.
    """

    made: dict[str, Path]
    worker: WorkerProcess
    scratch: Path

    def certify(self, folder: Path, asked: dict[str, Any], **paths: Path) -> Certificate:
        """Return what the worker says of a checkpoint that was asked for with these settings."""
        where = {"model": SOURCE, "checkpoint": folder, **paths}
        job = {"settings": asked, "paths": {k: str(v) for k, v in where.items()}}
        control = self.scratch / f"certify-{len(list(self.scratch.iterdir()))}"
        outcome = self.worker.run("certify_transformers", job, control)
        assert isinstance(outcome, Done), outcome
        return read(control / "files" / CERTIFICATE)

    def copy(self, name: str, folder: Path) -> Path:
        """Return a copy of a good checkpoint."""
        shutil.copytree(self.made[name], folder / name)
        return folder / name


def asked_for(name: str) -> dict[str, Any]:
    """Return the settings of a variant."""
    common = {"group_size": 128, "desc_act": False, "sym": True, "damp": 0.05, "device": "cpu"}
    return {**common, "backend": "gptqmodel", "dtype": "bfloat16", "name": name, **BASES[name]}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Return every base quantized once."""
    environment, folder = built(), tmp_path_factory.mktemp("faults")
    lines = (EXAMPLE / "data" / "calibration.jsonl").read_text(encoding="utf-8").splitlines()
    (folder / "rows.jsonl").write_text("\n".join(lines[:ROWS]) + "\n", encoding="utf-8")
    paths = {"model": str(SOURCE), "calibration": str(folder / "rows.jsonl")}
    rows = {"length": 512, "seed": 0, "modality": "image-text", "samples": ROWS}
    made = {}
    with WorkerHost() as host:
        with host.lease(environment, "quantize", threads=1, fresh=True) as quantizer:
            for name in BASES:
                job = {"settings": {**asked_for(name), "calibration": rows}, "paths": paths}
                outcome = quantizer.run("quantize_gptqmodel", job, folder / name)
                assert isinstance(outcome, Done), outcome
                made[name] = folder / name / "files" / "checkpoint"
        (folder / "jobs").mkdir()
        with host.lease(environment, "inference", threads=1) as worker:
            yield Bench(made, worker, folder / "jobs")


class Planted(msgspec.Struct, frozen=True, kw_only=True):
    """A fault, the checkpoint it is planted in, and how it must be refused.

    Attributes:
        base: the variant.
        plant: changes a copy of it.
        finding: the id that a failed check must have.
        words: what that check must say.
        asked: settings other than the variant's.
    """

    base: str
    plant: Callable[[Path], None]
    finding: str
    words: str
    asked: dict[str, Any] = {}


FAULTS = {
    "NaN weight": Planted(
        base="GPTQ-Int4",
        plant=planting.not_a_number,
        finding="not-finite",
        words="layers.0.mlp.down_proj.scales",
    ),
    "RTN fallback": Planted(
        base="GPTQ-Int4",
        plant=lambda folder: planting.rounding_fallback(folder, SOURCE, "layers.3.mlp.up_proj"),
        finding="rounded",
        words="layers.3.mlp.up_proj",
    ),
    "group not dividing": Planted(
        base="GPTQ-Int4",
        plant=planting.group_not_dividing,
        finding="group-not-dividing",
        words="has 256 inputs, which groups of 96 do not divide",
        asked={"group_size": 96},
    ),
    "AWQ without modules_to_not_convert": Planted(
        base="AWQ-Int4",
        plant=planting.no_exclusions,
        finding="modules-to-not-convert",
        words="modules_to_not_convert is missing: loaders would take model.visual.",
    ),
    "vision tower quantized by mistake": Planted(
        base="GPTQ-Int4",
        plant=lambda folder: planting.vision_quantized(folder, "visual.blocks.0.mlp.fc1"),
        finding="vision-tower-quantized",
        words="visual.blocks.0.mlp.fc1 is packed: the vision tower was quantized",
    ),
    "a shard truncated": Planted(
        base="GPTQ-Int4",
        plant=planting.truncated_shard,
        finding="truncated-shard",
        words="model-00003-of-00003.safetensors has ",
    ),
    "a dangling index entry": Planted(
        base="GPTQ-Int4",
        plant=planting.dangling_index,
        finding="dangling-index",
        words="is in model-00003-of-00003.safetensors, which is not there",
    ),
    "an orphan shard": Planted(
        base="GPTQ-Int4",
        plant=planting.orphan_shard,
        finding="orphan-shard",
        words="model-00004-of-00004.safetensors is not in the index",
    ),
    "bits in config not those of the tensors": Planted(
        base="GPTQ-Int4",
        plant=lambda folder: planting.other_bits(folder, 8),
        finding="bits",
        words="down_proj say 4 bits, config.json says 8",
        asked={"bits": 8, "name": None},
    ),
    "group size in config not that of the tensors": Planted(
        base="GPTQ-Int4",
        plant=lambda folder: planting.other_group_size(folder, 64),
        finding="group-size",
        words="say groups of 128 (2 for 256 inputs), config.json says 64",
        asked={"group_size": 64},
    ),
    "QQQ-style silent random weights": Planted(
        base="GPTQ-Int4",
        plant=planting.silent_random,
        finding="random-weights",
        words="not in the files, so random: ",
    ),
    "missing processor": Planted(
        base="GPTQ-Int4",
        plant=planting.missing_processor,
        finding="missing-processor",
        words="the source's preprocessor_config.json is missing",
    ),
    "missing chat template": Planted(
        base="GPTQ-Int4",
        plant=planting.missing_chat_template,
        finding="missing-chat-template",
        words="the source's chat_template.jinja is missing",
    ),
    "leaked local path": Planted(
        base="GPTQ-Int4",
        plant=planting.local_path,
        finding="local-path",
        words="meta.offload_to_disk_path = /home/someone/scratch/gptqmodel_x1",
    ),
    "calibration text in config": Planted(
        base="GPTQ-Int4",
        plant=planting.calibration_text,
        finding="calibration-text",
        words="config.json: quantization_config.dataset[0] holds text: 'How tall is bar 2?",
    ),
    "scales zeroed in one layer": Planted(
        base="GPTQ-Int4",
        plant=lambda folder: planting.zero_scales(folder, 2),
        finding="zero-scales",
        words="layers.2.mlp.down_proj",
    ),
    "int8 file under an Int4 name": Planted(
        base="GPTQ-Int8",
        plant=lambda _folder: None,
        finding="name",
        words="nano-GPTQ-Int4 says 4 bits, the tensors have 8",
        asked={"name": "nano-GPTQ-Int4"},
    ),
    "dtype bfloat16 where the AWQ kernel needs float16": Planted(
        base="AWQ-Int4",
        plant=planting.awq_half_scales,
        finding="awq-dtype",
        words="scales is float16: the AWQ kernel needs float16",
    ),
}


def failures(found: Certificate) -> dict[str, Check]:
    """Return the failed checks by their findings."""
    return {check.finding: check for check in found.checks if check.state == "failed"}


@pytest.mark.parametrize("name", BASES)
def test_a_good_checkpoint_is_good(bench: Bench, name: str) -> None:
    found = bench.certify(bench.made[name], asked_for(name))
    assert failures(found) == {}
    assert found.good
    kl, floor = found.kl, found.kl_floor
    assert kl is not None
    assert floor is not None
    assert kl.value > floor.value


def test_a_sharded_checkpoint_is_good_without_its_source(bench: Bench, tmp_path: Path) -> None:
    folder = bench.copy("AWQ-Int4", tmp_path)
    planting.shard(folder)
    job = {"settings": {"derived": True}, "paths": {"checkpoint": str(folder)}}
    outcome = bench.worker.run("certify_transformers", job, tmp_path / "control")
    assert isinstance(outcome, Done), outcome
    found = read(tmp_path / "control" / "files" / CERTIFICATE)
    assert found.good, failures(found)
    states = {check.name: check.state for check in found.checks}
    assert states["exclusions"] == states["packed tensors"] == states["canary"] == "passed"
    assert states["layers"] == states["divergence"] == states["packed weights"] == "skipped"


def test_a_rounded_compressed_checkpoint_is_good(bench: Bench, tmp_path: Path) -> None:
    planting.compress(tmp_path / "W8A8", SOURCE, SPARED)
    found = bench.certify(tmp_path / "W8A8", COMPRESSED)
    assert failures(found) == {}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_refused_by_name(bench: Bench, tmp_path: Path, fault: str) -> None:
    planted = FAULTS[fault]
    folder = bench.copy(planted.base, tmp_path)
    planted.plant(folder)
    found = bench.certify(folder, {**asked_for(planted.base), **planted.asked})
    assert not found.good
    assert planted.finding in failures(found)
    assert planted.words in failures(found)[planted.finding].said


def test_an_ignore_list_that_does_not_cover_the_vision_tower_is_refused(
    bench: Bench, tmp_path: Path
) -> None:
    planting.compress(tmp_path / "W8A8", SOURCE, planting.WRONG_IGNORE)
    found = failures(bench.certify(tmp_path / "W8A8", COMPRESSED))
    assert "ignore does not name model.visual.blocks.0.attn.proj" in found["ignore"].said
    assert found["nan-logits"].said == "a logit is NaN or infinite"


class Swapped(msgspec.Struct, frozen=True):
    """Two variants that have each other's weights, and how the first must be refused."""

    one: str
    other: str
    finding: str
    words: str


@pytest.mark.parametrize(
    "swap",
    [
        Swapped("GPTQ-Int4", "GPTQ-Int8", "bits", "say 8 bits, config.json says 4"),
        Swapped("GPTQ-Int4", "GPTQ-Int4-ActOrder", "act-order", "says desc_act is false"),
        Swapped("GPTQ-Int4-ActOrder", "GPTQ-Int4", "act-order", "says desc_act is true"),
        Swapped("GPTQ-Int4", "RTN-Int4", "rounded", "only rounded to the nearest"),
        Swapped("RTN-Int4", "GPTQ-Int4", "not-rounded", "is not what rounding gives"),
        Swapped("GPTQ-Int4", "AWQ-Int4", "shapes", "qzeros"),
    ],
    ids=lambda swap: f"{swap.one} with {swap.other}",
)
def test_two_variants_with_swapped_weights_are_refused(
    bench: Bench, tmp_path: Path, swap: Swapped
) -> None:
    folder = bench.copy(swap.one, tmp_path)
    planting.swapped(folder, bench.copy(swap.other, tmp_path))
    found = failures(bench.certify(folder, asked_for(swap.one)))
    assert swap.words in found[swap.finding].said


def test_weights_that_are_not_the_recorded_ones_are_refused(bench: Bench, tmp_path: Path) -> None:
    folder = bench.copy("GPTQ-Int4", tmp_path)
    digest = sha256((folder / planting.WEIGHTS).read_bytes()).hexdigest()
    record = tmp_path / "quantize.json"
    record.write_text(msgspec.json.encode({"weights": {planting.WEIGHTS: digest}}).decode())
    assert bench.certify(folder, asked_for("GPTQ-Int4"), quantize=record).good
    planting.rounding_fallback(folder, SOURCE, "layers.5.mlp.up_proj")
    found = failures(bench.certify(folder, asked_for("GPTQ-Int4"), quantize=record))
    said = "model.safetensors is not the file that was made for this variant"
    assert found["other-weights"].said == said
