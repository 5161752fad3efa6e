from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from hubq import stats
from hubq.cards.between import oriented
from hubq.cards.comparison import compare
from hubq.cards.family import Family
from hubq.evaluate.samples import Sample, read_samples
from hubq.model.recipe import VariantSpec
from tests.cards.factory import Factory
from tests.cards.families import CAPTIONS, TASKS, calibrated, scored

TASK = "NanoMath_MINI"


def document(family: Family) -> dict[str, Any]:
    return compare(family, family.published)


def items(family: Family, name: str, task: str) -> list[Sample]:
    found = read_samples(family.folders[f"score/{name}/{task}"])
    return sorted(found, key=lambda sample: sample.key)


def scores(family: Family, name: str, task: str) -> list[float]:
    return [sample.score for sample in items(family, name, task)]


def four_bits(*names: str) -> tuple[VariantSpec, ...]:
    methods = ("gptq", "awq", "rtn", "gptaq")
    return tuple(
        msgspec.convert({"name": n, "method": m, "bits": 4}, VariantSpec)
        for n, m in zip(names, methods, strict=False)
    )


def test_a_pair_is_what_the_statistics_say_of_the_same_items(family: Family) -> None:
    found = document(family)["pairs"]["tasks"]["NanoDocs_VAL"]["GPTQ-Int4"]["AWQ"]
    first, second = (items(family, name, "NanoDocs_VAL") for name in ("GPTQ-Int4", "AWQ"))
    told = stats.compare(second, first)
    assert isinstance(told, stats.Paired)
    for name in ("n", "delta", "se", "low", "high", "p", "lost", "gained", "clusters"):
        assert found[name] == getattr(told, name)


def test_every_two_published_variants_are_paired_on_every_task(family: Family) -> None:
    pairs = document(family)["pairs"]
    assert pairs["compared"] == 15
    for task in family.tasks:
        found = pairs["tasks"][task.name]
        assert {a: list(found[a]) for a in found} == {
            "GPTQ-Int8": ["GPTQ-Int4", "AWQ"],
            "GPTQ-Int4": ["AWQ"],
        }


def test_the_correction_runs_over_all_pairs_on_all_tasks(family: Family) -> None:
    tasks = document(family)["pairs"]["tasks"]
    found = [pair for task in tasks.values() for row in task.values() for pair in row.values()]
    assert [pair["holm"] for pair in found] == stats.holm([pair["p"] for pair in found])
    for pair in found:
        sure = pair["holm"] < stats.ALPHA and not pair["noise"]
        assert pair["leader"] == (("first" if pair["delta"] > 0 else "second") if sure else "open")


def test_a_card_and_the_report_say_the_same_of_pairs(family: Family) -> None:
    report = compare(family, (*family.published, *family.controls))
    for part in ("pairs", "margins", "ranks", "sensitivity", "calibrations"):
        assert report[part] == document(family)[part]


def test_a_pair_turned_round_changes_its_signs(family: Family) -> None:
    pair = document(family)["pairs"]["tasks"][TASK]["GPTQ-Int4"]["AWQ"]
    turned = oriented({("GPTQ-Int4", "AWQ"): pair}, "AWQ", "GPTQ-Int4")
    assert turned is not None
    assert (turned["delta"], turned["low"], turned["high"]) == (
        -pair["delta"],
        -pair["high"],
        -pair["low"],
    )
    assert (turned["lost"], turned["gained"]) == (pair["gained"], pair["lost"])
    assert oriented({("GPTQ-Int4", "AWQ"): pair}, "AWQ", "RTN") is None


def test_a_margin_is_the_difference_of_two_scores(family: Family) -> None:
    (pair,) = document(family)["margins"]
    assert (pair["first"], pair["second"], pair["bits"]) == ("GPTQ-Int4", "AWQ", 4)
    for task, found in pair["tasks"].items():
        first, second = (
            family.results[f"score/{name}/{task}"].measure("score").value
            for name in ("GPTQ-Int4", "AWQ")
        )
        assert found["delta"] == pytest.approx(first - second)
        assert found["ahead_low"] < abs(found["delta"]) < found["ahead_high"]


@pytest.mark.parametrize(("number", "tables"), [(2, 1), (3, 3), (4, 0)])
def test_a_crowd_of_the_same_bits_has_no_margins(tmp_path: Path, number: int, tables: int) -> None:
    names = ("A", "B", "C", "D")[:number]
    factory = scored(tmp_path, four_bits(*names), dict.fromkeys(("BF16", *names), 150))
    assert len(document(factory.family())["margins"]) == tables


def test_variants_of_other_rows_alone_have_no_margins(tmp_path: Path) -> None:
    specs = (calibrated("A"), calibrated("B", CAPTIONS))
    factory = scored(tmp_path, specs, dict.fromkeys(("BF16", "A", "B"), 150))
    assert document(factory.family())["margins"] == []


def test_a_clear_leader_is_one_and_a_floor_has_none(tmp_path: Path) -> None:
    specs = four_bits("A", "B")
    factory = scored(tmp_path / "a", specs, {"BF16": 190, "A": 185, "B": 120})
    (pair,) = document(factory.family())["margins"]
    assert {found["leader"] for found in pair["tasks"].values()} == {"first"}
    low = scored(tmp_path / "b", specs, {"BF16": 50, "A": 50, "B": 10})
    (pair,) = document(low.family())["margins"]
    leaders = {task: (found["floor"], found["leader"]) for task, found in pair["tasks"].items()}
    assert leaders == {"NanoMath_MINI": (False, "first"), "NanoMulti_VAL": (True, "open")}


def test_what_two_runs_of_the_baseline_differ_by_makes_no_leader(tmp_path: Path) -> None:
    factory = scored(tmp_path, four_bits("A", "B"), {"BF16": 190, "A": 190, "B": 170})
    moved = [msgspec.structs.replace(s, score=0.0, output="x") for s in items_of(factory)[:100]]
    factory.score("BF16", f"{TASK}/repeat", tuple(moved))
    (pair,) = document(factory.family())["margins"]
    assert (pair["tasks"][TASK]["noise"], pair["tasks"][TASK]["leader"]) == (True, "open")
    assert pair["tasks"][TASKS[1]]["leader"] == "first"


def items_of(factory: Factory) -> tuple[Sample, ...]:
    return read_samples(factory.folders[f"score/BF16/{TASK}"])


def test_ranks_are_those_of_the_statistics(family: Family) -> None:
    found = document(family)["ranks"]["NanoDocs_VAL"]
    clusters = [sample.cluster for sample in items(family, "AWQ", "NanoDocs_VAL")]
    gaps = stats.ranking(
        {name: scores(family, name, "NanoDocs_VAL") for name in family.published}, clusters
    )
    assert [step["variant"] for step in found] == [gaps[0].leader, *(gap.follower for gap in gaps)]
    for step, gap in zip(found, gaps, strict=False):
        assert step["gap"]["to"] == gap.follower
        for name in ("delta", "low", "high", "p"):
            assert step["gap"][name] == pytest.approx(getattr(gap.difference, name), abs=1e-12)
    assert found[-1]["gap"] is None


def test_variants_that_answered_other_prompts_have_no_gap(tmp_path: Path) -> None:
    factory = scored(tmp_path, four_bits("A", "B"), {"BF16": 190, "A": 185})
    other = [msgspec.structs.replace(s, prompt_hash="other") for s in items_of(factory)]
    factory.score("B", TASK, tuple(other))
    found = document(factory.family())
    assert [step["gap"] for step in found["ranks"][TASK]] == [None, None]
    pair = found["margins"][0]["tasks"][TASK]
    assert (pair["comparable"], pair["reason"]) == (False, "the prompts of 200 items differ")


def test_spreads_are_those_of_the_statistics(family: Family) -> None:
    table = {
        task.name: {
            name: family.results[f"score/{name}/{task.name}"].measure("score").value
            for name in ("BF16", *family.published)
        }
        for task in family.tasks
    }
    found = document(family)["sensitivity"]
    for entry, spread in zip(found, stats.sensitivity(table), strict=True):
        assert {name: entry[name] for name in ("task", "lowest", "highest", "range")} == (
            msgspec.to_builtins(spread)
        )
        assert entry["low"] < entry["range"] < entry["high"]


def test_the_ends_of_a_spread_are_judged_as_everywhere(family: Family) -> None:
    whole = document(family)
    for entry in whole["sensitivity"]:
        ends = {entry["lowest"], entry["highest"]}
        if "BF16" in ends:
            (other,) = ends - {"BF16"}
            pair = whole["scores"][entry["task"]]["variants"][other]
            assert entry["sure"] == (pair["verdict"] in ("loss", "gain"))
        else:
            rows = whole["pairs"]["tasks"][entry["task"]]
            (pair,) = [rows[a][b] for a in rows for b in rows[a] if {a, b} == ends]
            assert entry["sure"] == (pair["leader"] != "open")
        assert entry["holm"] == pair["holm"]


def test_a_pair_of_averages_is_what_the_statistics_say(family: Family) -> None:
    found = document(family)["pairs"]["averages"]["GPTQ-Int4"]["AWQ"]
    told = stats.average(
        [
            stats.TaskScores(
                baseline=scores(family, "AWQ", task.name),
                variant=scores(family, "GPTQ-Int4", task.name),
                clusters=[sample.cluster for sample in items(family, "AWQ", task.name)],
            )
            for task in family.tasks
        ]
    )
    assert (found["delta"], found["low"], found["high"]) == (told.delta, told.low, told.high)
    assert (found["p"] < 0.05) == (found["low"] > 0 or found["high"] < 0)


def test_calibrations_are_held_against_the_recipes_own(tmp_path: Path) -> None:
    specs = (calibrated("Text", CAPTIONS), calibrated("Pictures"))
    factory = scored(tmp_path, specs, {"BF16": 190, "Text": 120, "Pictures": 180})
    (group,) = document(factory.family())["calibrations"]
    assert group["first"] == "Pictures"
    found = group["others"]["Text"]["tasks"][TASK]
    assert found["delta"] == pytest.approx(-60 / 200)
    assert found["leader"] == "second"
    assert group["others"]["Text"]["average"]["delta"] == pytest.approx(-60 / 200)


def test_variants_that_differ_in_more_than_their_rows_are_no_calibrations(family: Family) -> None:
    assert document(family)["calibrations"] == []


def test_a_relative_change_is_recovery_less_one(family: Family) -> None:
    for entry in document(family)["scores"].values():
        for found in entry["variants"].values():
            for end in ("", "_low", "_high"):
                assert found[f"relative{end}"] == found[f"recovery{end}"] - 1
