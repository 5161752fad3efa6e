from __future__ import annotations

import pytest

from hubq.localhub import Storage
from hubq.localhub.profile import children, eval_results, profile
from hubq.localhub.repository import Repository


def _repo(storage: Storage, repo_id: str, files: dict[str, str]) -> Repository:
    repo = storage.create_repo(repo_id, author="local")
    entries = {path: storage.store_file(text.encode()) for path, text in files.items()}
    repo.advance("main", entries, author="local", title="Files")
    return repo


_QUANTIZED = (
    '{"model_type": "qwen2_vl", "quantization_config": {"quant_method": "gptq", "bits": 4}}'
)


def test_a_quantized_repo_is_described_from_card_and_config(storage: Storage) -> None:
    readme = "---\nbase_model: acme/base\nlicense: mit\ntags: [x]\nlanguage: en\n---\n"
    repo = _repo(storage, "acme/int4", {"README.md": readme, "config.json": _QUANTIZED})
    described = profile(repo)
    assert described.relation == "quantized"
    assert (described.quantization, described.bits) == ("gptq", 4)
    expected = ["qwen2_vl", "x", "en", "base_model:acme/base", "base_model:quantized:acme/base"]
    assert described.tags == [*expected, "license:mit", "gptq", "4-bit"]


@pytest.mark.parametrize(
    ("files", "relation"),
    [
        ({"README.md": "---\nbase_model: a/b\n---\n"}, "finetune"),
        ({"README.md": "---\nbase_model: [a/b, c/d]\n---\n"}, "merge"),
        ({"README.md": "---\nbase_model: a/b\n---\n", "adapter_config.json": "{}"}, "adapter"),
        ({"README.md": "---\nbase_model: a/b\n---\n", "x.gguf": ""}, "quantized"),
        ({"README.md": "---\nbase_model: a/b\nbase_model_relation: merge\n---\n"}, "merge"),
        ({"README.md": "---\nbase_model_relation: merge\n---\n"}, ""),
        ({}, ""),
    ],
)
def test_the_relation_is_stated_or_inferred(
    storage: Storage, files: dict[str, str], relation: str
) -> None:
    assert profile(_repo(storage, "acme/x", files)).relation == relation


def test_children_are_found_by_relation(storage: Storage) -> None:
    readme = "---\nbase_model: acme/base\n---\n"
    base = profile(_repo(storage, "acme/base", {}))
    int4 = profile(_repo(storage, "acme/i", {"README.md": readme, "config.json": _QUANTIZED}))
    tuned = profile(_repo(storage, "acme/t", {"README.md": readme, "config.json": "[broken"}))
    assert children([base, tuned, int4], "acme/base") == {"quantized": [int4], "finetune": [tuned]}


def test_evaluation_results_are_read_and_broken_files_named(storage: Storage) -> None:
    good = '- dataset: {id: a/b, task_id: t}\n  value: 1.5\n  date: "2026-11-21"\n'
    files = {".eval_results/a.yaml": good, ".eval_results/b.yaml": "- 1", ".eval_results/c.txt": ""}
    repo = _repo(storage, "acme/x", files)
    first, second = eval_results(repo, repo.commit())
    assert first["data"]["value"] == 1.5
    assert second["filename"] == ".eval_results/b.yaml"
    assert "error" in second
