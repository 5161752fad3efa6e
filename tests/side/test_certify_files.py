from __future__ import annotations

import importlib
import json
import shutil
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.backend import planting
from tests.side import tiny_checkpoints

SIDE = Path(__file__).resolve().parents[2] / "hubq" / "side"


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(SIDE))
    for path in SIDE.glob("*.py"):
        monkeypatch.delitem(sys.modules, path.stem, raising=False)
    return importlib.import_module("certify_files")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny_checkpoints.gptq(tmp_path / "made")


def test_whole_weight_files_are_good_in_one_file_and_in_shards(files: Any, folder: Path) -> None:
    assert files.weight_fault(folder) is None
    planting.shard(folder)
    assert files.weight_fault(folder) is None


@pytest.mark.parametrize(
    ("plant", "finding", "words"),
    [
        (planting.truncated_shard, "truncated-shard", "model-00003-of-00003.safetensors has "),
        (planting.dangling_index, "dangling-index", "00003.safetensors, which is not there"),
        (planting.orphan_shard, "orphan-shard", "00004.safetensors is not in the index"),
    ],
)
def test_a_broken_set_of_shards_is_named(
    files: Any, folder: Path, plant: Callable[[Path], None], finding: str, words: str
) -> None:
    plant(folder)
    fault = files.weight_fault(folder)
    assert fault.finding == finding
    assert words in fault.said


def test_an_index_must_agree_with_its_shards_in_every_tensor(files: Any, folder: Path) -> None:
    first, second, _ = planting.shard(folder)
    path = folder / planting.INDEX
    index = json.loads(path.read_text())
    name = next(iter(planting.read(first)))

    def look(change: dict[str, Any]) -> Any:
        path.write_text(json.dumps({**index, **change}))
        return files.weight_fault(folder)

    places = index["weight_map"]
    wrong = look({"weight_map": {**places, name: second.name}})
    assert wrong.finding == "dangling-index"
    assert wrong.said.endswith("model-00002-of-00003.safetensors, which has no such tensor")
    less = look({"weight_map": {key: value for key, value in places.items() if key != name}})
    assert less.said == f"{name} is in a weight file and not in the index"
    size = look({"metadata": {"total_size": 7}})
    assert size.finding == "index-size"
    assert size.said.startswith("the index says 7 bytes of tensors, there are ")
    path.unlink()
    assert files.weight_fault(folder).said == "3 weight files and no model.safetensors.index.json"


def test_a_tensor_in_two_files_a_pickle_and_no_weights_are_refused(
    files: Any, folder: Path
) -> None:
    shutil.copyfile(folder / planting.WEIGHTS, folder / "more.safetensors")
    assert files.weight_fault(folder).finding == "duplicate-tensor"
    (folder / "pytorch_model.bin").write_bytes(b"\x80")
    assert files.weight_fault(folder).finding == "pickle"
    (folder / "pytorch_model.bin").unlink()
    (folder / "more.safetensors").write_text("no header")
    assert files.weight_fault(folder).finding == "not-safetensors"
    for path in folder.glob("*.safetensors"):
        path.unlink()
    assert files.weight_fault(folder).finding == "no-weights"


@pytest.mark.parametrize(
    ("lost", "finding"),
    [
        ("preprocessor_config.json", "missing-processor"),
        ("chat_template.jinja", "missing-chat-template"),
        ("generation_config.json", "missing-generation-config"),
        ("tokenizer.json", "missing-tokenizer"),
        ("LICENSE", "missing-license"),
    ],
)
def test_each_file_of_the_source_that_is_lost_is_named(
    files: Any, folder: Path, tmp_path: Path, lost: str, finding: str
) -> None:
    source = tiny_checkpoints.source(tmp_path / "source")
    assert files.set_fault(source, folder, exact=True) is None
    (folder / lost).unlink()
    fault = files.set_fault(source, folder, exact=True)
    assert (fault.finding, fault.said) == (finding, f"the source's {lost} is missing")


def test_our_files_are_the_sources_own_and_those_of_others_serve_the_same_end(
    files: Any, folder: Path, tmp_path: Path
) -> None:
    source = tiny_checkpoints.source(tmp_path / "source")
    (folder / "preprocessor_config.json").write_text('{"size": 1}')
    fault = files.set_fault(source, folder, exact=True)
    assert fault.said == "preprocessor_config.json is not the source's"
    assert files.set_fault(source, folder, exact=False) is None
    (folder / "preprocessor_config.json").rename(folder / "processor_config.json")
    (folder / "chat_template.jinja").unlink()
    assert files.set_fault(source, folder, exact=False).finding == "missing-chat-template"
    (folder / "tokenizer_config.json").write_text('{"chat_template": "{{ messages }}"}')
    assert files.set_fault(source, folder, exact=False) is None


def test_without_a_source_a_checkpoint_needs_what_loading_and_pictures_need(
    files: Any, folder: Path
) -> None:
    config: dict[str, Any] = {"vision_config": {}}
    assert files.own_set_fault(folder, config) is None
    planting.missing_chat_template(folder)
    assert files.own_set_fault(folder, config).finding == "missing-chat-template"
    assert files.own_set_fault(folder, {}) is None
    planting.missing_processor(folder)
    assert files.own_set_fault(folder, config).finding == "missing-processor"
    (folder / "tokenizer.json").unlink()
    assert files.own_set_fault(folder, {}).finding == "missing-tokenizer"


def test_paths_of_a_machine_are_found_wherever_they_stand(files: Any, folder: Path) -> None:
    assert files.path_fault(folder) is None
    planting.local_path(folder)
    leak = "meta.offload_to_disk_path = /home/someone/scratch/gptqmodel_x1"
    assert leak in files.path_fault(folder).said
    planting.configure(folder, lambda said: said["meta"].clear())
    (folder / "recipe.yaml").write_text("model: '/mnt/models/qwen'\n")
    assert files.path_fault(folder).said == "recipe.yaml: /mnt/models/qwen"
    (folder / "recipe.yaml").write_text("url: https://example.org/home/x\nratio: 1/2\n")
    assert files.path_fault(folder) is None
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"_name_or_path": "../out/tmp"}))
    assert files.path_fault(folder).finding == "internal-name"


def test_calibration_rows_in_the_configuration_are_found(files: Any, folder: Path) -> None:
    assert files.calibration_fault(folder) is None
    planting.calibration_text(folder)
    fault = files.calibration_fault(folder)
    assert fault.finding == "calibration-text"
    assert "dataset[0] holds text: 'How tall is bar 2?" in fault.said
    planting.configure(folder, lambda said: said.update(dataset=["c4", "wikitext2"]))
    assert files.calibration_fault(folder) is None


def test_weights_are_held_against_the_digests_of_their_making(files: Any, folder: Path) -> None:
    digest = sha256((folder / planting.WEIGHTS).read_bytes()).hexdigest()
    assert files.digest_fault(folder, {planting.WEIGHTS: digest}) is None
    fault = files.digest_fault(folder, {planting.WEIGHTS: "0" * 64})
    assert fault.said == "model.safetensors is not the file that was made for this variant"
    fault = files.digest_fault(folder, {"other.safetensors": digest})
    assert fault.said == "model.safetensors, other.safetensors: not the files that were made"
