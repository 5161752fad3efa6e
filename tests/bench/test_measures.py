"""What a sitting says of each subject, and that every measure stands in its file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hubq.bench import measures
from hubq.bench.asked import asked_of
from hubq.bench.sitting import Cell, Counted, Memory, Sample, Sitting
from hubq.errors import BadInput
from hubq.model.result import Collected, Measure
from hubq.model.workload import SITTING
from tests.bench.sittings import MadeUp, sitting_of, write

SHARED = {"dtype": "bfloat16", "device": "cpu"}
PLAIN: dict[str, Any] = {
    **SHARED,
    "workloads": [
        {"name": "a", "input_tokens": 4, "output_tokens": 32},
        {"name": "b", "input_tokens": 4, "output_tokens": 8, "images": 1, "batch_size": 2},
    ],
}
SERVED: dict[str, Any] = {
    **SHARED,
    "serving": [
        {
            "name": "chat",
            "input_tokens": 4,
            "output_tokens": 5,
            "loads": [{"requests": 4, "concurrency": 2}, {"requests": 6}],
            "target": {"ttft_ms": 1000.0},
        }
    ],
}
MADE = (
    MadeUp(rate=20.0, weights=100, memory=1000),
    MadeUp(rate=10.0, weights=30, memory=600),
    None,
)


def measured(
    folder: Path, settings: dict[str, Any], position: int, **changes: Any
) -> tuple[Collected, dict[str, Any]]:
    sitting, samples = sitting_of(settings, MADE, **changes)
    write(folder / SITTING, sitting, samples)
    work = folder / f"work-{position}"
    work.mkdir()
    found = measures.measure(folder / SITTING, asked_of(settings), position, work)
    return found, json.loads((work / measures.FACTS).read_bytes())


def at(document: Any, pointer: str) -> Any:
    for step in pointer.strip("/").split("/"):
        document = document[int(step)] if isinstance(document, list) else document[step]
    return document


def width(one: Measure) -> float:
    assert one.low is not None
    assert one.high is not None
    assert one.low < one.value < one.high
    return one.high / one.low


@pytest.mark.parametrize("settings", [PLAIN, SERVED])
@pytest.mark.parametrize("position", [0, 1])
def test_every_measure_is_the_number_that_its_pointer_finds(
    tmp_path: Path, settings: dict[str, Any], position: int
) -> None:
    found, document = measured(tmp_path, settings, position)
    assert len({one.name for one in found.measures}) == len(found.measures) > 10
    for one in found.measures:
        around = at(document, one.pointer.rpartition("/")[0])
        assert at(document, one.pointer) == one.value
        assert (around.get("low"), around.get("high")) == (one.low, one.high)
        assert around.get("n", 1) == one.n


def test_speeds_are_means_over_rounds_and_ratios_are_to_the_baseline(tmp_path: Path) -> None:
    found, _ = measured(tmp_path, PLAIN, 1)
    values = {one.name: one for one in found.measures}
    assert values["tokens_per_second/a"].value == pytest.approx(10.0)
    assert values["tokens_per_second/a"].n == 5
    assert values["ratio/tokens_per_second/a"].value == pytest.approx(0.5)
    # Both drift alike, so their ratio is known more closely than either speed.
    assert width(values["ratio/tokens_per_second/a"]) < width(values["tokens_per_second/a"])
    assert values["ratio/first_token_seconds/a"].value == pytest.approx(2.0)
    assert values["peak_memory_bytes/a"].value == 600
    assert values["memory_above_weights_bytes/a"].value == 300
    assert (values["weights_bytes"].value, values["load_seconds"].unit) == (30, "s")


def test_the_baseline_has_no_ratios(tmp_path: Path) -> None:
    found, document = measured(tmp_path, PLAIN, 0)
    assert not [one.name for one in found.measures if one.name.startswith("ratio/")]
    assert found.facts["relative"] == {}
    assert all("baseline" not in one for one in document["workloads"][0]["rounds"])


def test_a_server_has_a_measure_for_each_step_and_memory_once(tmp_path: Path) -> None:
    found, document = measured(tmp_path, SERVED, 1)
    names = {one.name for one in found.measures}
    assert {"request_rate/chat/c2", "request_rate/chat/max", "ttft_p99_seconds/chat/max"} <= names
    assert {"goodput/chat/c2", "ratio/e2e_seconds/chat/c2", "kv_cache_tokens"} <= names
    assert {name for name in names if name.startswith("peak")} == {"peak_memory_bytes/chat"}
    assert [one["requests"] for one in document["workloads"]] == [20, 30]
    assert {one["requests_failed"] for one in document["workloads"]} == {0}
    assert found.facts["rounds"] == {"chat/c2": 5, "chat/max": 5}
    assert found.facts["states"] == dict.fromkeys(("chat", "chat/c2", "chat/max"), "measured")


def test_requests_that_failed_are_counted(tmp_path: Path) -> None:
    sitting, samples = sitting_of(SERVED, MADE)
    first = samples[1]
    torn = (msgspec.structs.replace(first.requests[0], error="503"), *first.requests[1:])
    changed = [msgspec.structs.replace(first, requests=torn), *samples[:1], *samples[2:]]
    found = measures.document(sitting, changed, asked_of(SERVED), first.position)
    entry = found["workloads"][0]
    assert (entry["requests"], entry["requests_failed"], entry["errors"]) == (20, 1, ["503"])


def test_a_workload_that_could_not_be_measured_keeps_its_state_and_why(tmp_path: Path) -> None:
    found, document = measured(tmp_path, PLAIN, 1, lost={(1, "b"): ("oom", "CUDA out of memory")})
    assert found.facts["states"] == {"a": "measured", "b": "oom"}
    assert found.facts["why"] == {"b": "CUDA out of memory"}
    assert not [one for one in found.measures if one.name.endswith("/b")]
    assert document["workloads"][1].keys() == {"name", "step", "asked", "state", "why"}


def test_a_baseline_that_could_not_be_measured_leaves_speeds_without_ratios(
    tmp_path: Path,
) -> None:
    lost = {(0, "a"): ("oom", "no room")}
    found, _ = measured(tmp_path, PLAIN, 1, lost=lost)
    names = {one.name for one in found.measures}
    assert "tokens_per_second/a" in names
    assert "ratio/tokens_per_second/a" not in names
    assert "ratio/tokens_per_second/b" in names


def test_a_variant_that_was_not_made_says_so_of_every_workload(tmp_path: Path) -> None:
    found, _ = measured(tmp_path, PLAIN, 2)
    assert found.measures == ()
    assert found.facts["states"] == {"a": "failed", "b": "failed"}
    assert set(found.facts["why"].values()) == {"no checkpoint"}


def broken_under_load() -> tuple[Sitting, list[Sample]]:
    """Return a sitting whose second subject ran out of memory in the second round of `max`."""
    sitting, samples = sitting_of(SERVED, MADE)
    subjects = list(sitting.subjects)
    cell = Cell(state="oom", why="no room", prompt_tokens=4)
    subjects[1] = msgspec.structs.replace(subjects[1], cells={"chat": cell})
    gone = [one for one in samples if (one.position, one.step) != (1, "max") or one.round == 0]
    return msgspec.structs.replace(sitting, subjects=tuple(subjects)), gone


def test_a_server_that_broke_down_was_measured_under_the_loads_it_got_through() -> None:
    light, heavy = measures.document(*broken_under_load(), asked_of(SERVED), 1)["workloads"]
    assert (light["state"], len(light["rounds"])) == ("measured", 5)
    assert (heavy["state"], heavy["why"]) == ("oom", "no room")
    assert "rounds" not in heavy


def test_facts_tell_a_broken_step_from_its_workload(tmp_path: Path) -> None:
    write(tmp_path / SITTING, *broken_under_load())
    facts = measures.measure(tmp_path / SITTING, asked_of(SERVED), 1, tmp_path).facts
    assert facts["states"] == {"chat": "measured", "chat/c2": "measured", "chat/max": "oom"}
    assert facts["why"] == {"chat/max": "no room"}


def test_a_workload_without_a_whole_round_failed() -> None:
    sitting, samples = sitting_of(PLAIN, MADE)
    some = [one for one in samples if one.workload != "a"]
    first, second = measures.document(sitting, some, asked_of(PLAIN), 1)["workloads"]
    assert (first["state"], first["why"]) == ("failed", measures.NO_ROUND)
    assert second["state"] == "measured"


def test_why_there_were_no_more_rounds_and_whether_it_was_warm(tmp_path: Path) -> None:
    sitting, samples = sitting_of(PLAIN, MADE)
    busy = msgspec.structs.replace(sitting.conditions, busy=("others took 2 cores",))
    counted = {**sitting.rounds, "b": Counted(rounds=5, stopped="most")}
    told = msgspec.structs.replace(sitting, conditions=busy, rounds=counted)
    write(tmp_path / SITTING, told, samples)
    facts = measures.measure(tmp_path / SITTING, asked_of(PLAIN), 1, tmp_path).facts
    assert facts["stopped"] == {"a": "narrow", "b": "most"}
    assert facts["settled"] == {"a": True, "b": True}
    assert facts["busy"] == ["others took 2 cores"]
    assert facts["relative"]["tokens_per_second/a"]["n"] == 5
    assert (facts["engine"], facts["residency"], facts["threads"]) == (
        "transformers",
        "together",
        1,
    )


def test_readings_of_the_machine_stay_in_the_sitting(tmp_path: Path) -> None:
    _, document = measured(tmp_path, PLAIN, 1)
    assert document["conditions"].keys() == {"busy", "facts"}
    assert "cells" not in document["subject"]


@pytest.mark.parametrize(
    ("kind", "above"),
    [("cuda-allocated", 500), ("device", 500), ("resident", 200), ("resident-since-start", 200)],
)
def test_memory_beside_the_weights_leaves_out_the_program_that_holds_them(
    tmp_path: Path, kind: str, above: int
) -> None:
    memory = Memory(kind=kind, peak_bytes=600, weights_bytes=100, before_bytes=400)
    assert above_weights(tmp_path, memory) == above


def test_less_memory_than_weights_is_no_memory_beside_them(tmp_path: Path) -> None:
    memory = Memory(kind="device", peak_bytes=60, weights_bytes=100)
    assert above_weights(tmp_path, memory) is None


def above_weights(folder: Path, memory: Memory) -> float | None:
    sitting, samples = sitting_of(PLAIN, MADE)
    first = sitting.subjects[0]
    cells = {
        name: msgspec.structs.replace(cell, memory=memory) for name, cell in first.cells.items()
    }
    subjects = (msgspec.structs.replace(first, cells=cells), *sitting.subjects[1:])
    write(folder / SITTING, msgspec.structs.replace(sitting, subjects=subjects), samples)
    found = measures.measure(folder / SITTING, asked_of(PLAIN), 0, folder)
    values = {one.name: one.value for one in found.measures}
    assert values["peak_memory_bytes/a"] == memory.peak_bytes
    return values.get("memory_above_weights_bytes/a")


def test_a_position_that_nobody_sat_at_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no subject at position 7"):
        measured(tmp_path, PLAIN, 7)


def test_the_same_sitting_gives_the_same_bytes(tmp_path: Path) -> None:
    one, other = (measured(tmp_path / name, PLAIN, 1) for name in "ab")
    assert msgspec.json.encode(one) == msgspec.json.encode(other)
