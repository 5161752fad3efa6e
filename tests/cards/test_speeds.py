from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from hubq.cards.comparison import compare
from hubq.cards.family import Family
from hubq.cards.speeds import benched, gpus_of, missing_cells, regime_of
from hubq.model.card import CellState
from hubq.model.recipe import LoadedRecipe
from hubq.model.workload import Workload
from tests.cards.factory import Factory
from tests.cards.nano import loaded_recipe
from tests.cards.timings import told


def batched(loaded: LoadedRecipe) -> LoadedRecipe:
    more = (
        *loaded.workloads.workloads,
        Workload(name="many", input_tokens=64, output_tokens=64, batch_size=8),
    )
    workloads = msgspec.structs.replace(loaded.workloads, workloads=more)
    return msgspec.structs.replace(loaded, workloads=workloads)


def test_the_grid_has_a_row_for_each_workload_and_its_regime(tmp_path: Path) -> None:
    factory = Factory(tmp_path, batched(loaded_recipe()))
    for name in ("BF16", "AWQ"):
        factory.bench(name)
    grid = compare(factory.family(), ("AWQ",))["grid"]
    assert [(row["workload"], row["regime"]) for row in grid] == [
        ("text", "single stream"),
        ("image", "single stream"),
        ("many", "batched"),
    ]
    assert all(row["ratios"]["AWQ"]["ratio"] == pytest.approx(190.7 / 212.4) for row in grid)
    assert {row["hardware"].partition(",")[0] for row in grid} == {"Intel(R) Xeon(R) CPU @ 2.60GHz"}


def test_nothing_compared_is_no_grid(tmp_path: Path) -> None:
    factory = Factory(tmp_path)
    factory.bench("BF16")
    assert compare(factory.family(), ("AWQ",))["grid"] == []


def test_a_server_has_a_row_for_each_load_that_is_no_rate(served: Family) -> None:
    grid = compare(served, served.published)["grid"]
    assert [(row["workload"], row["step"], row["regime"]) for row in grid[2:]] == [
        ("chat", "c1", "single stream"),
        ("chat", "c4", "batched"),
        ("chat", "max", "saturation"),
    ]


def test_a_cpu_is_no_gpu(family: Family) -> None:
    assert gpus_of(family, ("AWQ",)) == {"BF16": 0, "AWQ": 0}
    assert gpus_of(told(family, "AWQ", device="cuda:0"), ("AWQ",)) == {"BF16": 0, "AWQ": 1}


def test_what_was_not_measured_ran_on_no_machine(family: Family) -> None:
    lost = told(family, "AWQ", states={"text": "oom", "image": "failed"})
    assert gpus_of(lost, ("AWQ",)) == {"BF16": 0}
    assert [facts["device"] for _, facts in benched(lost)] == ["cpu"] * 4


def test_a_workload_that_was_not_measured_is_named_once(served: Family) -> None:
    states = {"chat": "measured", "chat/c1": "measured", "chat/max": "oom"}
    lost = told(served, "AWQ", "vllm", states=states, why={"chat/max": "no room"})
    assert {k: g.state for k, g in missing_cells(lost, "AWQ", "vllm").items()} == {
        "chat/max": CellState.OOM
    }
    whole = told(served, "AWQ", "vllm", states={"chat": "oom", "chat/c1": "oom"}, why={})
    assert list(missing_cells(whole, "AWQ", "vllm")) == ["chat"]


def test_a_regime_is_told_by_the_batch_size() -> None:
    one = Workload(name="one", input_tokens=1, output_tokens=1)
    assert regime_of(one) == "single stream"
    assert regime_of(msgspec.structs.replace(one, batch_size=4)) == "batched"
