"""Runs are found by a release's name, by a folder, and by what was kept of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from hubq.bench.runs import Run
from hubq.errors import BadInput
from hubq.model.codec import pretty, read_json
from hubq.model.stage import Kind
from hubq.model.workload import Price
from hubq.release.benching import find_pair, find_run
from hubq.release.session import Release
from tests.release.releases import Releases


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Releases:
    made = Releases(tmp_path_factory.mktemp("bench"))
    assert made.run(kinds=[Kind.BENCH]).exit_code == 0
    return made


@pytest.fixture
def runs(releases: Releases) -> Path:
    return releases.folder / "runs"


def keys(runs: Path) -> dict[str, str]:
    return read_json(runs / "releases" / "Small.json", Release).keys


def folder(runs: Path, stage: str) -> Path:
    key = keys(runs)[stage]
    return runs / "results" / key[:2] / key


def variants(run: Run) -> set[str]:
    return {bench.variant for bench in run.benches}


ALL = {"BF16", "GPTQ-Int8", "AWQ"}


def test_a_release_is_found_by_its_name_or_as_the_only_one(runs: Path) -> None:
    for reference in ("Small", None, str(runs), f"{runs}:Small"):
        found = find_run(reference, runs)
        assert variants(found) == ALL
        assert found.name == "Small"
        assert found.benches[0].machine is not None


def test_a_release_of_another_folder_is_found_from_anywhere(runs: Path, tmp_path: Path) -> None:
    assert variants(find_run(f"{runs}:Small", tmp_path)) == ALL


def test_a_result_s_folder_is_a_run_of_its_variant(runs: Path) -> None:
    assert variants(find_run(str(folder(runs, "bench/AWQ")), runs)) == {"AWQ"}


def test_a_sitting_is_a_run_of_all_it_timed(runs: Path) -> None:
    whole, sat = find_run("Small", runs), find_run(str(folder(runs, "bench/sitting")), runs)
    assert variants(sat) == ALL
    own = {bench.variant: bench.document for bench in whole.benches}
    assert {bench.variant: bench.document for bench in sat.benches} == own


def test_a_kept_run_is_the_release_s(runs: Path, tmp_path: Path) -> None:
    whole = find_run("Small", runs)
    (tmp_path / "run.json").write_text(pretty(whole), encoding="utf-8")
    assert find_run(str(tmp_path / "run.json"), runs) == whole


def test_what_is_not_there_is_said_with_what_is(runs: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="Smal: no such release") as caught:
        find_run("Smal", runs)
    assert "Releases there: Small." in caught.value.remedy
    with pytest.raises(BadInput, match="holds 0 releases: none"):
        find_run(None, tmp_path)
    with pytest.raises(BadInput, match="no release 'Other'"):
        find_run(f"{runs}:Other", tmp_path)


def test_two_runs_without_a_variant_in_common_cannot_be_compared(runs: Path) -> None:
    old, new = (str(folder(runs, f"bench/{name}")) for name in ("AWQ", "GPTQ-Int8"))
    with pytest.raises(BadInput, match=r"nothing to compare: .* has AWQ \(transformers\)"):
        find_pair(old, new, runs)


def test_a_release_that_measured_nothing_says_why(runs: Path, tmp_path: Path) -> None:
    index = json.loads((runs / "releases" / "Small.json").read_text())
    index["keys"] = {}
    index["gaps"] = {"bench/sitting": {"state": "oom", "reason": "no 9 GB left"}}
    (tmp_path / "releases").mkdir()
    (tmp_path / "releases" / "Small.json").write_text(json.dumps(index))
    with pytest.raises(BadInput, match="no speed yet; bench/sitting: no 9 GB left"):
        find_run("Small", tmp_path)


def test_a_price_is_the_recipe_s(releases: Releases, runs: Path) -> None:
    assert find_run("Small", runs).price is None
    path = releases.recipe.parent / "workloads" / "short.yaml"
    before = path.read_text()
    priced = yaml.safe_load(before) | {"price": {"per_hour": 2.5, "currency": "EUR"}}
    path.write_text(yaml.safe_dump(priced))
    try:
        assert find_run("Small", runs).price == Price(per_hour=2.5, currency="EUR")
    finally:
        path.write_text(before)
