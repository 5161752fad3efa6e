"""What the workers that time a family are given, and what is read of a sitting at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hubq.bench.job import collect, job
from hubq.bench.sitting import SAMPLES_FILE, SITTING_FILE
from hubq.errors import BadInput
from tests.bench.sittings import MadeUp, sitting_of, write

SETTINGS: dict[str, Any] = {
    "workloads": [{"name": "a", "input_tokens": 4, "output_tokens": 32}],
    "warm_up": {"least": 2},
    "rounds": {"least": 5},
    "dtype": "bfloat16",
    "device": "cpu",
}


def test_checkpoints_are_by_position_and_the_round_is_left_out() -> None:
    found = job({**SETTINGS, "round": 2}, [Path("base"), None, Path("b")], Path("partial"))
    assert found == {**SETTINGS, "checkpoints": ["base", None, "b"], "partial": "partial"}


def test_a_servers_job_has_its_loads_instead() -> None:
    settings = {**SETTINGS, "serving": []}
    del settings["workloads"]
    assert "workloads" not in job(settings, [Path("base")], Path("p"))


def test_a_sitting_says_what_was_measured_and_how_often(tmp_path: Path) -> None:
    made = [MadeUp(rate=1.0, weights=1, memory=1), None]
    write(tmp_path, *sitting_of(SETTINGS, made))
    found = collect(tmp_path, {})
    assert found.measures == ()
    assert found.facts["subjects"] == {"0": "measured", "1": "failed"}
    assert (found.facts["rounds"], found.facts["samples"]) == ({"a": 5}, 5)


@pytest.mark.parametrize("name", [SITTING_FILE, SAMPLES_FILE])
def test_a_sitting_that_is_not_whole_is_refused(tmp_path: Path, name: str) -> None:
    write(tmp_path, *sitting_of(SETTINGS, [MadeUp(rate=1.0, weights=1, memory=1)]))
    (tmp_path / name).write_text('{"engine": 7}\n')
    with pytest.raises(BadInput, match="is broken"):
        collect(tmp_path, {})
    (tmp_path / name).unlink()
    with pytest.raises(BadInput, match=f"no {SITTING_FILE}"):
        collect(tmp_path, {})
