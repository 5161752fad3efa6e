"""What rests on rounds, items and readings is worked out again from them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from hubq.bench.asked import asked_of
from hubq.bench.measures import document, summary
from hubq.bench.paired import Round
from hubq.bench.sitting import SAMPLES_FILE
from hubq.bench.sitting import Sample as Run
from hubq.evaluate.fidelity import Reading, summarise
from hubq.model.card import Evidence
from hubq.model.codec import pretty
from hubq.model.evidence import SHORT_SAMPLES
from hubq.model.result import Result
from hubq.model.stage import Kind, Stage
from hubq.verify.dossier import Dossier, Kept
from hubq.verify.measures import check_measures
from hubq.verify.place import FolderPlace
from tests.bench.sittings import MadeUp, files_of, sitting_of
from tests.verify.publishing import Shop, errors

KEY, SITTING = "a" * 64, "b" * 64
SETTINGS: dict[str, Any] = {
    "workloads": [
        {"name": "one", "input_tokens": 1, "output_tokens": 16, "batch_size": 2},
        {"name": "two", "input_tokens": 5, "output_tokens": 16},
    ],
    "dtype": "bfloat16",
    "device": "cpu",
}
SERVED: dict[str, Any] = {
    "serving": [
        {"name": "chat", "input_tokens": 4, "output_tokens": 8, "loads": [{"requests": 4}]},
    ],
    "dtype": "bfloat16",
    "device": "cpu",
}
MADE = [MadeUp(rate=rate, weights=100, memory=1000) for rate in (20.0, 15.0)]
FIDELITY = "score/AWQ/fidelity"


def dossier(tmp_path: Path, stage: str, files: dict[str, bytes]) -> Dossier:
    """Return the evidence of one result, with nothing around it."""
    evidence = Evidence(
        hubq="0",
        repo="",
        variant="AWQ",
        source={},
        recipe={},
        claims=(),
        results={KEY: {"stage": stage}},
    )
    found = Dossier(FolderPlace(tmp_path), evidence, tmp_path / "scratch")
    found.files[KEY] = {
        name: Kept(place=f"evidence/AWQ.zip:{stage}/{name}", content=content)
        for name, content in files.items()
    }
    return found


def test_every_measure_stands_in_its_file(shop: Shop) -> None:
    def change(raw: bytes) -> bytes:
        told = json.loads(raw)
        measure = next(m for m in told["measures"] if m["name"] == "tokens_per_second/in1-out8")
        measure.update(value=99.0, low=98.0)
        return pretty(told).encode()

    shop.edit_entry("bench/AWQ/result.json", change)
    shop.forge()
    text = "\n".join(errors(shop.verify(siblings=False)))
    place = "evidence/AWQ.zip:bench/AWQ/result.json#/measures/3"
    assert f"{place}: says 'tokens_per_second/in1-out8 99.0', bench.json#/workloads/0" in text
    assert f"{place}: says 'tokens_per_second/in1-out8 low 98.0'" in text


def test_a_forged_speed_is_caught_by_the_runs_of_the_sitting(shop: Shop) -> None:
    def change(raw: bytes) -> bytes:
        told = json.loads(raw)
        for one in told["workloads"][0]["rounds"]:
            one["own"] = {name: 2 * value for name, value in one["own"].items()}
        rounds = msgspec.convert(told["workloads"][0]["rounds"], tuple[Round, ...])
        told["workloads"][0].update(summary(rounds, told["workloads"][0]["load_spread"]))
        return pretty(told).encode()

    shop.edit_entry("bench/AWQ/bench.json", change)
    shop.forge()
    found = shop.verify(siblings=False).findings
    wrong = [one for one in found if one.rule == "measure-wrong" and "/rounds/" in one.path]
    assert wrong
    assert all(one.path.startswith("evidence/AWQ.zip:bench/AWQ/bench.json#") for one in wrong)
    assert "what it rests on makes" in wrong[0].found


def bench(position: int = 1) -> dict[str, Any]:
    """Return what a sitting says of a variant."""
    found: dict[str, Any] = document(*sitting_of(SETTINGS, MADE), asked_of(SETTINGS), position)
    return found


def timed(
    tmp_path: Path,
    told: dict[str, Any],
    sitting: dict[str, str] | None = None,
    settings: dict[str, Any] | None = None,
) -> tuple[list[str], int]:
    """Return what is wrong with a timing, the files of its sitting beside it or not."""
    tmp_path.mkdir(exist_ok=True)
    found = dossier(tmp_path, "bench/AWQ", {"bench.json": msgspec.json.encode(told)})
    found.evidence.results[SITTING] = {"stage": "bench/sitting"}
    if sitting:
        place = "evidence/source.zip:bench/sitting"
        found.files[SITTING] = {
            name: Kept(place=f"{place}/{name}", content=text.encode())
            for name, text in sitting.items()
        }
        found.results[SITTING] = result(SITTING, settings or SETTINGS)
    return measures(found, {"bench/sitting": SITTING}, position=1)


def measures(
    found: Dossier, inputs: dict[str, str] | None = None, **settings: Any
) -> tuple[list[str], int]:
    """Return what is wrong with a result's own numbers, and how many were worked out."""
    found.results[KEY] = msgspec.structs.replace(result(KEY, settings), inputs=inputs or {})
    checked = check_measures(found)
    return [str(finding) for finding in checked.findings], checked.recomputed


def result(key: str, settings: dict[str, Any]) -> Result:
    """Return a result without measures of its own."""
    stage = Stage(id="x", kind=Kind.BENCH, backend="b", settings=settings)
    return Result(
        key=key, stage=stage, inputs={}, measures=(), files={}, started="", ended="", seconds=0.0
    )


def test_speeds_are_means_of_their_rounds(tmp_path: Path) -> None:
    wrong, count = timed(tmp_path, bench())
    assert (wrong, count) == ([], 2 * 5 * (4 + 5))


def test_a_speed_that_no_round_bears_out_is_named(tmp_path: Path) -> None:
    faster = bench()
    faster["workloads"][0]["quantities"]["tokens_per_second"]["value"] = 99.0
    wrong, _ = timed(tmp_path, faster)
    assert len(wrong) == 1
    place = "bench.json#/workloads/0/quantities/tokens_per_second/value"
    assert f"{place}: says '99.0'" in wrong[0]


def test_a_ratio_that_no_round_bears_out_is_named(tmp_path: Path) -> None:
    better = bench()
    better["workloads"][1]["relative"]["first_token_seconds"]["p"] = 0.0001
    wrong, _ = timed(tmp_path, better)
    assert len(wrong) == 1
    assert "/workloads/1/relative/first_token_seconds/p: says '0.0001'" in wrong[0]


def test_rounds_are_worked_out_from_the_runs_of_the_sitting(tmp_path: Path) -> None:
    files = files_of(*sitting_of(SETTINGS, MADE))
    assert timed(tmp_path, bench(), files)[0] == []
    faster = bench()
    for one in faster["workloads"][0]["rounds"]:
        one["own"]["tokens_per_second"] *= 2
    rounds = msgspec.convert(faster["workloads"][0]["rounds"], tuple[Round, ...])
    faster["workloads"][0].update(summary(rounds, faster["workloads"][0]["load_spread"]))
    assert timed(tmp_path / "alone", faster)[0] == []
    wrong, _ = timed(tmp_path / "beside", faster, files)
    assert any("/rounds/0/own/tokens_per_second: says" in one for one in wrong)
    assert all("what it rests on makes" in one for one in wrong)


def test_memory_and_kernels_are_what_the_sitting_says(tmp_path: Path) -> None:
    smaller = bench()
    smaller["workloads"][0]["memory"]["peak_bytes"] = 7
    smaller["subject"]["kernels"] = {"Fast": 14}
    wrong, _ = timed(tmp_path, smaller, files_of(*sitting_of(SETTINGS, MADE)))
    assert len(wrong) == 2
    assert "#/subject/kernels/Fast: says '14'" in wrong[0]
    assert "#/workloads/0/memory/peak_bytes: says '7'" in wrong[1]


def short_of(text: str) -> str:
    """Return runs without the waits between tokens, as a release publishes large ones."""
    decoder = msgspec.json.Decoder(Run)
    runs = [decoder.decode(line) for line in text.splitlines()]
    left = [
        msgspec.structs.replace(
            run, requests=tuple(msgspec.structs.replace(one, itl=()) for one in run.requests)
        )
        for run in runs
    ]
    return msgspec.json.Encoder().encode_lines(left).decode()


def test_runs_without_waits_bear_out_all_that_needs_no_waits(tmp_path: Path) -> None:
    sitting, runs = sitting_of(SERVED, MADE)
    files = files_of(sitting, runs)
    files[SHORT_SAMPLES] = short_of(files.pop(SAMPLES_FILE))
    told: dict[str, Any] = document(sitting, runs, asked_of(SERVED), 1)
    assert "itl_seconds" in told["workloads"][0]["rounds"][0]["own"]
    assert timed(tmp_path / "whole", told, files, SERVED)[0] == []
    told["workloads"][0]["rounds"][0]["own"]["itl_seconds"] *= 2
    told["workloads"][0]["rounds"][0]["baseline"]["ttft_seconds"] *= 2
    rounds = msgspec.convert(told["workloads"][0]["rounds"], tuple[Round, ...])
    told["workloads"][0].update(summary(rounds, told["workloads"][0]["load_spread"]))
    (wrong,) = timed(tmp_path / "forged", told, files, SERVED)[0]
    assert "/workloads/0/rounds/0/baseline/ttft_seconds: says" in wrong


def test_a_divergence_is_the_mean_over_its_items(tmp_path: Path) -> None:
    items = [{"kl": 0.1, "top1_agreement": 1.0}, {"kl": 0.3, "top1_agreement": 0.5}]
    told = {"items": items, "kl": {"value": 0.2, "n": 2}, "top1_agreement": {"value": 0.9, "n": 2}}
    raw = msgspec.json.encode(told)
    wrong, count = measures(dossier(tmp_path, "certify/AWQ", {"certificate.json": raw}))
    assert count == 4
    assert len(wrong) == 1
    assert "certificate.json#/top1_agreement/value: says '0.9'" in wrong[0]
    assert "0.75" in wrong[0]


def test_fidelity_is_worked_out_from_its_readings(tmp_path: Path) -> None:
    readings = [
        Reading(key=str(n), kind="item", prompt_hash="h", tokens=3, nll=1.0, kl=0.01 * n, top1=0.5)
        for n in range(8)
    ]
    told: dict[str, Any] = {"schema": 1, **summarise(readings)}
    lines = msgspec.json.Encoder().encode_lines(readings)
    files = {"records.jsonl": lines, "fidelity.json": msgspec.json.encode(told)}
    wrong, count = measures(dossier(tmp_path, FIDELITY, files))
    assert (wrong, count > 5) == ([], True)
    told["kl"]["value"] = 0.001
    files["fidelity.json"] = msgspec.json.encode(told)
    wrong, _ = measures(dossier(tmp_path, FIDELITY, files))
    assert len(wrong) == 1
    assert "fidelity.json#/kl/value: says '0.001'" in wrong[0]


def test_what_is_no_timing_is_a_finding(tmp_path: Path) -> None:
    found = dossier(tmp_path, "bench/AWQ", {"bench.json": b'{"schema": 2, "workloads": 7}'})
    wrong, _ = measures(found)
    assert len(wrong) == 1
    assert "TypeError" in wrong[0]
