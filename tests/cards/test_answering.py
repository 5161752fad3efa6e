from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hubq.cards.answering import answering_of
from hubq.cards.comparison import compare
from hubq.cards.family import Family
from tests.cards.factory import Factory
from tests.cards.families import recipe_of
from tests.cards.nano import ITEMS, loaded_recipe

TASKS = ("NanoMath_MINI", "NanoMulti_VAL")


def run(folder: Path, base: dict[str, Any], other: dict[str, Any], tasks: int = 2) -> Any:
    """Return what is said of AWQ beside the baseline, from what their workers said."""
    factory = Factory(folder, recipe_of(loaded_recipe().recipe.variants[2:3], TASKS[:tasks]))
    for task in factory.loaded.suite.tasks:
        factory.generate("BF16", task.name, **base)
        factory.generate("AWQ", task.name, **other)
    return answering_of(factory.family(), ("AWQ",))["rows"]


def took(seconds: float) -> dict[str, Any]:
    return {"seconds": {"load": 5.0, "prepare": 1.0, "generate": seconds - 1.0}}


def test_seconds_are_from_prompts_to_answers(tmp_path: Path) -> None:
    rows = run(tmp_path, took(20.0), took(60.0))
    assert rows["BF16"]["seconds"] == pytest.approx(40.0)
    assert rows["AWQ"]["per_item"] == pytest.approx(120.0 / (2 * ITEMS))
    assert (rows["BF16"]["ratio"], rows["BF16"]["relation"]) == (1.0, "")
    assert rows["AWQ"]["ratio"] == pytest.approx(3.0)
    assert (rows["AWQ"]["relation"], rows["AWQ"]["why"]) == ("slower", {})


@pytest.mark.parametrize(
    ("seconds", "tasks", "relation", "ratio"),
    [
        (16.0, 2, "faster", 1.25),
        (20.4, 2, "parity", 1.02),
        (24.0, 2, "slower", 1.2),
        (24.0, 1, "unclear", 1.2),
        (26.0, 1, "slower", 1.3),
        (15.0, 1, "faster", 4 / 3),
    ],
)
def test_a_relation_is_judged_from_what_is_known(
    tmp_path: Path, seconds: float, tasks: int, relation: str, ratio: float
) -> None:
    row = run(tmp_path, took(20.0), took(seconds), tasks)["AWQ"]
    assert (row["relation"], row["ratio"]) == (relation, pytest.approx(ratio))


def test_tasks_that_disagree_leave_it_unclear(tmp_path: Path) -> None:
    factory = Factory(tmp_path, recipe_of(loaded_recipe().recipe.variants[2:3], TASKS))
    for task, seconds in zip(TASKS, (10.0, 40.0), strict=True):
        factory.generate("BF16", task, **took(20.0))
        factory.generate("AWQ", task, **took(seconds))
    row = answering_of(factory.family(), ("AWQ",))["rows"]["AWQ"]
    assert (row["relation"], row["ratio"]) == ("unclear", pytest.approx(1.25))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"device": "cuda"}, "they ran on different devices, engines or numbers of threads"),
        ({"engine": "vllm"}, "they ran on different devices, engines or numbers of threads"),
        (
            {"committed_before": {"batches": 1, "items": 128}},
            "part of the answers came from a run that was interrupted",
        ),
        ({"batches_halved": [0]}, "items were answered in batches of other sizes"),
        (
            {"inputs_reused": True},
            "one of the two was given inputs that an earlier run had prepared",
        ),
    ],
)
def test_runs_that_did_other_work_are_not_held_against_each_other(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    row = run(tmp_path, took(20.0), took(60.0) | changes)["AWQ"]
    assert (row["ratio"], row["relation"], row["compared_on"]) == (None, "", [])
    assert row["why"] == {reason: list(TASKS)}


def test_the_rest_of_a_resumed_run_tells_the_time_of_an_item(tmp_path: Path) -> None:
    half = {"committed_before": {"batches": 2, "items": ITEMS // 2}}
    row = run(tmp_path, took(20.0), took(30.0) | half)["AWQ"]
    assert row["seconds"] is None
    assert row["resumed"] == list(TASKS)
    assert row["per_item"] == pytest.approx(60.0 / ITEMS)


def test_one_task_with_other_work_is_left_out(tmp_path: Path) -> None:
    factory = Factory(tmp_path, recipe_of(loaded_recipe().recipe.variants[2:3], TASKS))
    for task, reused in zip(TASKS, (False, True), strict=True):
        factory.generate("BF16", task, **took(20.0))
        factory.generate("AWQ", task, **took(50.0), inputs_reused=reused)
    row = answering_of(factory.family(), ("AWQ",))["rows"]["AWQ"]
    assert (row["compared_on"], row["ratio"]) == ([TASKS[0]], pytest.approx(2.5))


def test_a_variant_that_did_not_answer_every_task_has_no_row(gappy: Family) -> None:
    rows = compare(gappy, gappy.published)["answering"]["rows"]
    assert list(rows) == ["BF16", "GPTQ-Int8", "GPTQ-Int4"]


def test_without_the_baselines_times_there_is_nothing(whole: Factory) -> None:
    family = whole.family()
    for name in [name for name in family.results if name.startswith("generate/BF16/")]:
        del family.results[name]
    assert compare(family, family.published)["answering"] == {}


def test_a_worker_that_says_no_times_has_none(tmp_path: Path) -> None:
    assert "AWQ" not in run(tmp_path, took(20.0), {"seconds": {}})
