"""The processes of a sitting's models, with a program in place of models that answers at once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.side.conftest import SIDE

PROGRAM = f"""
import os, sys, time
sys.path.append({str(SIDE)!r})
import vllm_launch, vllm_serving
vllm_launch.connect()
for request in vllm_serving.requests(int(sys.argv[1])):
    tokens = request.get("tokens", 0)
    if tokens == 13:
        os._exit(3)
    if tokens == 14:
        time.sleep(60)
    said = {{"seconds": tokens / 8, "pid": os.getpid(), "asked": request}}
    if tokens == 15:
        said = {{"state": "oom", "why": "no room"}}
    vllm_serving.reply(said)
"""


def workload(name: str, tokens: int) -> dict[str, Any]:
    return {"name": name, "output_tokens": tokens}


JOB = {
    "checkpoints": ["/a", "/b", None],
    "dtype": "bfloat16",
    "device": "cpu",
    "limit_seconds": 60.0,
    "workloads": [
        workload("plain", 8),
        workload("single", 1),
        workload("deadly", 13),
        workload("endless", 14),
        workload("large", 15),
    ],
}


class Case:
    """Subjects with the program, and the steps that they play."""

    def __init__(self, side: Any, folder: Path) -> None:
        self.module, self.lost = side("bench_transformers"), side("bench_sitting").Lost
        self.step = side("bench_turns").Step
        program = folder / "program.py"
        program.write_text(PROGRAM)
        self.ahead, self.job = False, dict(JOB)
        self.subjects = self.module.Subjects(self.job, ahead=lambda: self.ahead, program=program)


@pytest.fixture
def case(side: Any, tmp_path: Path) -> Iterator[Case]:
    found = Case(side, tmp_path)
    with found.subjects:
        yield found
        held = [server.pid for server in found.subjects._servers.values()]
    assert not any(map(running, held))


def running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_turn_is_a_call_of_one_token_and_a_whole_one(case: Case) -> None:
    joules = iter([5.0, 7.5])
    case.subjects.joules = lambda: next(joules)
    case.subjects.load(0)
    assert case.subjects.play(0, case.step("plain"), 0) == {
        "seconds": 1.0, "first_token_seconds": 0.125, "joules": 2.5,
    }  # fmt: skip


def test_a_single_token_is_generated_once(case: Case) -> None:
    case.subjects.load(0)
    found = case.subjects.play(0, case.step("single"), 0)
    assert found == {"seconds": 0.125, "first_token_seconds": 0.125, "joules": None}


def test_all_models_inputs_are_made_by_the_baselines_processor(case: Case) -> None:
    asked = [case.subjects.load(position)["asked"] for position in (1, 0)]
    assert [(one["checkpoint"], one["inputs"]) for one in asked] == [("/b", "/a"), ("/a", "/a")]


def test_each_load_has_a_process_of_its_own(case: Case) -> None:
    pids = [case.subjects.load(position)["pid"] for position in (0, 1, 0)]
    assert len(set(pids)) == 3
    assert not running(pids[0])


def test_processes_of_models_that_are_all_loaded_start_together(case: Case) -> None:
    case.ahead = True
    first = case.subjects.load(0)["pid"]
    assert sorted(case.subjects._servers) == [0, 1]
    waiting = case.subjects._servers[1].pid
    assert case.subjects.load(1)["pid"] == waiting != first


def test_a_process_that_has_died_is_lost_and_started_again_by_the_next_workload(
    case: Case,
) -> None:
    first = case.subjects.load(0)["pid"]
    with pytest.raises(case.lost, match="the process ended with status 3") as caught:
        case.subjects.play(0, case.step("deadly"), 0)
    assert caught.value.state == "failed"
    assert case.subjects.begin(0, case.step("plain"))["pid"] != first
    assert case.subjects.warm(0, case.step("plain")) == 1.0


def test_a_call_that_takes_too_long_is_ended(case: Case) -> None:
    case.subjects.load(0)
    case.job["limit_seconds"] = 0.3
    with pytest.raises(case.lost, match=r"a call took longer than 0\.3 s") as caught:
        case.subjects.play(0, case.step("endless"), 0)
    assert caught.value.state == "timeout"


def test_what_a_model_cannot_do_has_its_own_state(case: Case) -> None:
    case.subjects.load(0)
    with pytest.raises(case.lost, match="no room") as caught:
        case.subjects.play(0, case.step("large"), 0)
    assert caught.value.state == "oom"
    assert case.subjects._servers[0].alive
