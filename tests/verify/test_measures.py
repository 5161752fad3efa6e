"""What rests on rounds, items and readings is worked out again from them."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

import msgspec

from hubq.evaluate.fidelity import Reading, summarise
from hubq.model.card import Evidence
from hubq.model.codec import pretty
from hubq.model.result import Result
from hubq.model.stage import Kind, Stage
from hubq.verify.dossier import Dossier, Kept
from hubq.verify.measures import check_measures
from hubq.verify.place import FolderPlace
from tests.verify.publishing import Shop, errors

KEY = "a" * 64
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
        measure = next(m for m in told["measures"] if m["name"].startswith("tokens_per_second"))
        measure.update(value=99.0, low=98.0)
        return pretty(told).encode()

    shop.edit_entry("bench/AWQ/result.json", change)
    shop.forge()
    text = "\n".join(errors(shop.verify(siblings=False)))
    place = "evidence/AWQ.zip:bench/AWQ/result.json#/measures/1"
    assert f"{place}: says 'tokens_per_second/in1-out8 99.0', bench.json#/workloads/0" in text
    assert f"{place}: says 'tokens_per_second/in1-out8 low 98.0'" in text


def bench(**changes: Any) -> bytes:
    """Return a timing with its rounds."""
    seconds, first = [0.5, 0.4, 0.8], [0.1, 0.1, 0.2]
    rates = [16 * 2 / one for one in seconds]
    later = [15 * 2 / (end - start) for start, end in zip(first, seconds, strict=True)]

    def told(values: list[float]) -> dict[str, float]:
        return {"median": statistics.median(values), "low": min(values), "high": max(values)}

    workload = {
        "seconds": seconds,
        "first_token_seconds": first,
        "output_tokens": 16,
        "batch_size": 2,
        "tokens_per_second": told(rates),
        "decode_tokens_per_second": told(later),
        "first_token": told(first),
    }
    return msgspec.json.encode({"workloads": [{**workload, **changes}, {"state": "oom"}]})


def measures(found: Dossier) -> tuple[list[str], int]:
    """Return what is wrong with a result's own numbers, and how many were worked out."""
    found.results[KEY] = result()
    checked = check_measures(found)
    return [str(finding) for finding in checked.findings], checked.recomputed


def result() -> Result:
    """Return a result without measures of its own."""
    stage = Stage(id="x", kind=Kind.BENCH, backend="b", settings={})
    return Result(
        key=KEY, stage=stage, inputs={}, measures=(), files={}, started="", ended="", seconds=0.0
    )


def test_speeds_are_medians_of_their_rounds(tmp_path: Path) -> None:
    assert measures(dossier(tmp_path, "bench/AWQ", {"bench.json": bench()})) == ([], 9)


def test_a_speed_that_no_round_bears_out_is_named(tmp_path: Path) -> None:
    faster = bench(tokens_per_second={"median": 99.0, "low": 40.0, "high": 80.0})
    wrong, _ = measures(dossier(tmp_path, "bench/AWQ", {"bench.json": faster}))
    assert len(wrong) == 1
    assert "bench.json#/workloads/0/tokens_per_second/median: says '99.0'" in wrong[0]


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
    wrong, _ = measures(dossier(tmp_path, "bench/AWQ", {"bench.json": b'{"workloads": 7}'}))
    assert len(wrong) == 1
    assert "TypeError" in wrong[0]
