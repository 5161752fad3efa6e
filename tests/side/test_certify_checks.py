from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.side import tiny_checkpoints

SIDE = Path(__file__).resolve().parents[2] / "hubq" / "side"


@pytest.fixture
def certify(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(SIDE))
    for path in SIDE.glob("*.py"):
        monkeypatch.delitem(sys.modules, path.stem, raising=False)
    return importlib.import_module("certify_transformers")


@pytest.fixture
def probing(certify: Any) -> Any:
    return certify.probing


def case(certify: Any, checkpoint: Path, source: Path | None = None, **settings: Any) -> Any:
    paths = {"checkpoint": str(checkpoint)} | ({"model": str(source)} if source else {})
    return certify.certify_case.read_case(settings, paths)


def test_the_files_of_a_good_checkpoint_are_good_with_and_without_its_source(
    certify: Any, tmp_path: Path
) -> None:
    source = tiny_checkpoints.source(tmp_path / "source")
    made = tiny_checkpoints.gptq(tmp_path / "made")
    asked = {"method": "gptq", "bits": 4, "group_size": 128, "desc_act": False, "sym": True}
    for one in (case(certify, made, source, **asked), case(certify, made, derived=True)):
        checks = list(certify.certify_case.file_checks(one))
        assert [check.said for check in checks if not check.good] == []
        assert {check.state for check in checks} == {"passed"}


def test_what_cannot_be_read_is_a_fault_and_not_an_error(certify: Any, tmp_path: Path) -> None:
    made = tiny_checkpoints.gptq(tmp_path / "made")
    (made / "config.json").write_text("{")
    checks = {c.name: c for c in certify.certify_case.file_checks(case(certify, made, bits=4))}
    assert checks["weight files"].good
    configuration = checks["configuration"]
    assert (configuration.state, configuration.finding) == ("failed", "unreadable")
    assert configuration.said.startswith("JSONDecodeError: ")


def test_weights_are_only_held_against_digests_that_were_recorded(
    certify: Any, tmp_path: Path
) -> None:
    one, record = case(certify, tiny_checkpoints.gptq(tmp_path / "made")), tmp_path / "made.json"
    look = certify.certify_case.digest_check
    assert look(one, None).state == "skipped"
    record.write_text("{}")
    assert look(one, record).said == "no digests were recorded when it was made"
    record.write_text(json.dumps({"weights": {"model.safetensors": "0" * 64}}))
    assert look(one, record).finding == "other-weights"


def test_no_path_of_this_machine_gets_into_a_certificate(certify: Any, tmp_path: Path) -> None:
    one = case(certify, tmp_path / "made", tmp_path / "source")
    said = f"no file {tmp_path}/made/model.safetensors in {tmp_path}/source"
    assert one.named(said) == "no file model.safetensors in the source"


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
    assert (certify.certify_probes.is_degenerate(answer, tokens) == "") is good


def test_a_layer_that_is_off_or_not_a_number_is_named(certify: Any) -> None:
    look = certify.certify_layers.check
    good = look({"layers.0": 0.05, "layers.1": 0.1}, 4)
    assert good.said == "2 layers, layers.1 furthest off: 0.1 of what it adds"
    bad = look({"layers.0": 1.0, "layers.1": 0.1}, 4)
    said = "layers.0 is off by 1 of what it adds in the source, allowed 0.5"
    assert (bad.good, bad.finding, bad.said) == (False, "layer-output", said)
    assert look({"layers.0": 0.05, "layers.1": float("nan")}, 4).said.startswith("layers.1 is off")


def test_weights_with_no_place_or_no_file_are_named(certify: Any, tmp_path: Path) -> None:
    one = case(certify, tiny_checkpoints.gptq(tmp_path / "made"))
    assert certify.loads_check(one, {}).good
    random = certify.loads_check(one, {"missing_keys": ["a.weight"], "unexpected_keys": ["a.B"]})
    assert random.finding == "random-weights"
    assert random.said == "not in the files, so random: a.weight; unexpected: a.B"
    left = certify.loads_check(one, {"unexpected_keys": ["a.B"]})
    assert (left.finding, left.said) == ("misfit", "unexpected: a.B")


def test_numbers_that_json_cannot_hold_are_left_out(certify: Any) -> None:
    record = {"layers": {"layers.0": float("nan"), "layers.1": 0.5}, "kl": [float("inf"), 1]}
    assert certify.finite_json(record) == {
        "layers": {"layers.0": None, "layers.1": 0.5},
        "kl": [None, 1],
    }


def test_the_divergence_is_held_against_the_limit(certify: Any) -> None:
    look = certify.divergence_check
    assert look({"value": 0.08}, None).said == "KL 0.08; no limit is set"
    assert look({"value": 0.012}, 0.02).good
    bad = look({"value": 0.08}, 0.02)
    assert (bad.good, bad.said) == (False, "KL 0.08 is above the recipe's limit 0.02")


def test_the_agreement_is_held_against_the_limit(certify: Any) -> None:
    look = certify.agreement_check
    assert look({"value": 0.5}, None).good
    assert look({"value": 0.97}, 0.95).good
    bad = look({"value": 0.9}, 0.95)
    said = "top-1 agreement 0.9 is below the recipe's limit 0.95"
    assert (bad.finding, bad.said) == ("agreement", said)


def test_fixed_probes_have_pictures_only_for_models_that_take_them(certify: Any) -> None:
    probes = certify.certify_probes
    texts = probes.fixed(pictures=False)
    assert not any(probe.images for probe in texts)
    assert len({probe.key for probe in probes.fixed(pictures=False)}) == len(texts)
    assert [probe.key for probe in probes.canaries(pictures=False)] == ["text-0", "text-1"]


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
