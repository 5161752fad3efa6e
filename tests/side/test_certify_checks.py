from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest

SIDE = Path(__file__).resolve().parents[2] / "hubq" / "side"
SETTINGS = {"method": "gptq", "bits": 4, "group_size": 128, "desc_act": False, "max_kl": 0.02}
QUANTIZATION = {"quant_method": "gptq", "bits": 4, "group_size": 128, "desc_act": False}


@pytest.fixture
def certify(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(SIDE))
    for path in SIDE.glob("*.py"):
        monkeypatch.delitem(sys.modules, path.stem, raising=False)
    return importlib.import_module("certify_transformers")


@pytest.fixture
def probing(certify: Any) -> Any:
    return certify.probing


def configured(folder: Path, quantization: object, twin: object = None) -> Path:
    (folder / "config.json").write_text(json.dumps({"quantization_config": quantization}))
    (folder / "quantize_config.json").write_text(json.dumps(twin or quantization))
    return folder


def test_a_configuration_as_asked_for_is_good(certify: Any, tmp_path: Path) -> None:
    folder = configured(tmp_path, QUANTIZATION)
    assert certify.configuration_problem(folder, SETTINGS) == ""


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"bits": 8}, "bits is 8, asked for was 4"),
        ({"group_size": 64}, "group_size is 64, asked for was 128"),
        ({"quant_method": "awq"}, "quant_method is 'awq', asked for was 'gptq'"),
        ({"desc_act": True}, "desc_act is True, asked for was False"),
    ],
)
def test_a_configuration_that_was_not_asked_for_is_named(
    certify: Any, tmp_path: Path, change: dict[str, object], said: str
) -> None:
    folder = configured(tmp_path, {**QUANTIZATION, **change})
    assert certify.configuration_problem(folder, SETTINGS) == said


def test_two_configurations_that_differ_are_refused(certify: Any, tmp_path: Path) -> None:
    folder = configured(tmp_path, QUANTIZATION, {**QUANTIZATION, "sym": True})
    said = certify.configuration_problem(folder, SETTINGS)
    assert said == "config.json and quantize_config.json differ"


def test_changed_processor_files_and_leaked_paths_are_named(certify: Any, tmp_path: Path) -> None:
    source, made = tmp_path / "source", tmp_path / "made"
    source.mkdir()
    made.mkdir()
    for name in ("tokenizer.json", "preprocessor_config.json", "chat_template.jinja"):
        (source / name).write_text("{}")
    (made / "tokenizer.json").write_text("{}")
    (made / "preprocessor_config.json").write_text('{"cache": "/home/someone/cache"}')
    configured(made, QUANTIZATION)
    checks = {check.name: check for check in certify.file_checks(source, made, SETTINGS)}
    files = checks["processor and other files"]
    assert files.said == "missing or changed: chat_template.jinja, preprocessor_config.json"
    leak = "preprocessor_config.json: cache = /home/someone/cache"
    assert (checks["local paths"].good, checks["local paths"].said) == (False, leak)
    assert checks["configuration"].good
    assert not checks["weight files"].good


@pytest.mark.parametrize(
    ("answer", "tokens", "good"),
    [
        ("A", [5], True),
        ("", [], False),
        ("  ", [9, 9], False),
        ("!!!!!!!!!!", [7] * 10, False),
        ("!!!!!!!!x!", [7] * 9 + [8], False),
        ("12 12", [1, 2, 1, 2], True),
    ],
)
def test_an_answer_says_something(certify: Any, answer: str, tokens: list[int], good: bool) -> None:
    assert certify._answers(answer, tokens).good is good


def test_only_the_language_models_linears_may_be_packed(certify: Any) -> None:
    assert certify.is_packable("model.language_model.layers.0.mlp.up_proj")
    assert certify.is_packable("model.layers.11.self_attn.q_proj")
    assert not certify.is_packable("model.visual.blocks.0.attn.qkv")
    assert not certify.is_packable("model.vision_tower.encoder.layers.0.fc1")
    assert not certify.is_packable("lm_head")


def test_the_divergence_is_held_against_the_limit(certify: Any) -> None:
    assert certify._divergence({"value": 0.08}, None) == []
    (good,) = certify._divergence({"value": 0.012}, 0.02)
    assert good.good
    (bad,) = certify._divergence({"value": 0.08}, 0.02)
    assert (bad.good, bad.said) == (False, "KL 0.08 is above the recipe's limit 0.02")


def test_intervals_hold_the_mean_and_say_something_when_all_agree(probing: Any) -> None:
    comparison = probing.Comparison
    items = [
        comparison(task="t", key=str(k), tokens=3, kl=0.01 * k, top1_agreement=1.0)
        for k in range(10)
    ]
    summary = probing.summarize(items)
    kl, agreement = summary["kl"], summary["top1_agreement"]
    assert kl["value"] == pytest.approx(0.045)
    assert kl["se"] == pytest.approx(0.0095743, rel=1e-4)
    assert kl["low"] < kl["value"] < kl["high"]
    assert (agreement["value"], agreement["high"]) == (1.0, pytest.approx(1.0))
    assert agreement["low"] == pytest.approx(0.7225, abs=1e-3)
    assert [item["key"] for item in summary["items"]] == [str(k) for k in range(10)]


def test_probes_are_the_first_items_of_each_task(probing: Any, tmp_path: Path) -> None:
    folders = {}
    for task in ("b", "a"):
        folders[task] = tmp_path / task
        folders[task].mkdir()
        items = [
            {"key": f"{task}{k}", "text": "?", "images": ["images/x.png"], "gold": ["1", "one"]}
            | {"max_new_tokens": 8}
            for k in range(3)
        ]
        lines = "".join(f"{json.dumps(item)}\n" for item in items)
        (folders[task] / "items.jsonl").write_text(lines)
    probes = probing.read_probes(folders, 2)
    assert [probe.key for probe in probes] == ["a0", "a1", "b0", "b1"]
    assert probes[0].answer == "1"
    assert probes[0].images == (tmp_path / "a" / "images/x.png",)
