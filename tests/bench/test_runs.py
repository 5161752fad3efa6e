from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from hubq.bench.runs import make_run, narrowed, read_run
from hubq.errors import BadInput
from hubq.model.codec import pretty
from tests.bench.kept import bench, entry, run

BENCH = bench("AWQ", entry([9.0, 9.1], [10.0, 10.1]))


def write(path: Path, value: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(pretty(value), encoding="utf-8")
    return path


def test_a_kept_run_is_read_as_it_was(tmp_path: Path) -> None:
    kept = run(BENCH, bench("BF16", entry([10.0, 10.1])), name="Small")
    assert read_run(write(tmp_path / "run.json", kept)) == kept


def test_what_is_kept_beside_a_run_is_passed_over(tmp_path: Path) -> None:
    kept = {**msgspec.to_builtins(run(BENCH)), "costs": {"AWQ": 1}}
    assert read_run(write(tmp_path / "run.json", kept)).benches == (BENCH,)


def test_a_file_alone_is_named_by_its_position(tmp_path: Path) -> None:
    path = write(tmp_path / "bench.json", BENCH.document)
    for place in (path, tmp_path):
        (found,) = read_run(place).benches
        assert (found.variant, found.machine) == ("position 1", None)
        assert found.document == BENCH.document


def test_folders_in_a_folder_are_one_run(tmp_path: Path) -> None:
    write(tmp_path / "a" / "bench.json", BENCH.document)
    write(tmp_path / "b" / "bench.json", bench("BF16", entry([10.0])).document)
    assert {one.variant for one in read_run(tmp_path).benches} == {"BF16", "position 1"}


def test_two_runs_in_one_folder_are_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write(tmp_path / name / "bench.json", BENCH.document)
    with pytest.raises(BadInput, match="position 1 is in it twice on transformers"):
        read_run(tmp_path)


def test_a_folder_without_speed_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"no bench\.json and no sitting\.json in it"):
        read_run(tmp_path)


def test_another_json_file_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"expected bench\.json") as caught:
        read_run(write(tmp_path / "result.json", {"key": 1}))
    assert "hubq bench show" in caught.value.remedy


def test_a_file_of_another_schema_is_no_bench(tmp_path: Path) -> None:
    found = json.loads(pretty(BENCH.document)) | {"schema": 1}
    with pytest.raises(BadInput, match="schema"):
        read_run(write(tmp_path / "bench.json", found))


def test_a_sitting_without_its_stage_cannot_be_read(tmp_path: Path) -> None:
    write(tmp_path / "sitting.json", {})
    with pytest.raises(BadInput, match=r"result\.json: no such file"):
        read_run(tmp_path / "sitting.json")


def test_a_run_has_its_variants_and_no_others() -> None:
    whole = make_run("Small", (BENCH, bench("BF16", entry([10.0]))))
    assert narrowed(whole, ()) == whole
    assert narrowed(whole, ["AWQ"]).benches == (BENCH,)
    with pytest.raises(BadInput, match="Small has no GPTQ; it has: AWQ, BF16"):
        narrowed(whole, ["GPTQ"])
