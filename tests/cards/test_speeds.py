from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from hubq.cards.comparison import compare
from hubq.cards.family import Family
from hubq.cards.speeds import gpus_of, regime_of
from hubq.model.recipe import LoadedRecipe
from hubq.model.workload import Workload
from tests.cards.factory import Factory
from tests.cards.nano import loaded_recipe


def batched(loaded: LoadedRecipe) -> LoadedRecipe:
    more = (
        *loaded.workloads.workloads,
        Workload(name="many", input_tokens=64, output_tokens=64, batch_size=8),
    )
    workloads = msgspec.structs.replace(loaded.workloads, workloads=more)
    return msgspec.structs.replace(loaded, workloads=workloads)


def test_a_ratio_lies_between_those_of_single_repeats(family: Family) -> None:
    found = compare(family, family.published)["speed"]["text"]["AWQ"]
    speed, base = (
        family.results[f"bench/{name}"].measure("tokens_per_second/text")
        for name in ("AWQ", "BF16")
    )
    assert found["ratio"] == pytest.approx(speed.value / base.value)
    assert found["low"] == pytest.approx((speed.low or 0) / (base.high or 1))
    assert found["high"] == pytest.approx((speed.high or 0) / (base.low or 1))
    assert found["low"] < found["ratio"] < found["high"]


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


def test_a_variant_timed_on_other_hardware_is_not_in_the_grid(whole: Factory) -> None:
    family = whole.family()
    environments: dict[str, Any] = dict(family.environments)
    other = dict(environments["bench/AWQ"])
    other["hardware"] = {**other["hardware"], "cpu": "another CPU"}
    moved = msgspec.structs.replace(family, environments={**environments, "bench/AWQ": other})
    grid = compare(moved, moved.published)["grid"]
    assert list(grid[0]["ratios"]) == ["GPTQ-Int8", "GPTQ-Int4"]


def test_nothing_compared_is_no_grid(tmp_path: Path) -> None:
    factory = Factory(tmp_path)
    factory.bench("BF16")
    assert compare(factory.family(), ("AWQ",))["grid"] == []


def test_a_cpu_is_no_gpu(family: Family) -> None:
    assert gpus_of(family, ("AWQ",)) == {"BF16": 0, "AWQ": 0}
    result = family.results["bench/AWQ"]
    stage = msgspec.structs.replace(
        result.stage, settings={**result.stage.settings, "device": "cuda"}
    )
    results = {**family.results, "bench/AWQ": msgspec.structs.replace(result, stage=stage)}
    moved = msgspec.structs.replace(family, results=results)
    assert gpus_of(moved, ("AWQ",)) == {"BF16": 0, "AWQ": 1}


def test_a_regime_is_told_by_the_batch_size() -> None:
    one = Workload(name="one", input_tokens=1, output_tokens=1)
    assert regime_of(one) == "single stream"
    assert regime_of(msgspec.structs.replace(one, batch_size=4)) == "batched"
