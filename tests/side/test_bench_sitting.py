"""Sittings with made-up models: who is asked what, what is kept, what becomes of failures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from hubq.bench.sitting import Sample, Sitting, read_samples, read_sitting

Act = tuple[str, int, str]
Error = Callable[[], BaseException]


class Stage:
    """A stage whose models take a fixed time, and which fails where it is told to.

    Args:
        fails: (what, position, workload) -> what to raise, made anew each time.
        alone: failures happen only while another model is loaded too.
    """

    def __init__(self, fails: Mapping[Act, Error], *, alone: bool = False) -> None:
        self.fails, self.alone = fails, alone
        self.loaded: set[int] = set()
        self.asked: list[Act] = []
        self.numbers: list[int] = []

    def _ask(self, what: str, position: int, workload: str = "") -> None:
        self.asked.append((what, position, workload))
        fail = self.fails.get((what, position, workload))
        if fail and not (self.alone and len(self.loaded) == 1):
            raise fail()

    def load(self, position: int) -> dict[str, Any]:
        self.loaded.add(position)
        self._ask("load", position)
        return {"load_seconds": 1.0, "weights_bytes": 10 + position, "kernels": {"Linear": 1}}

    def unload(self, position: int) -> None:
        self.loaded.discard(position)

    def begin(self, position: int, step: Any) -> dict[str, Any]:
        self._ask("begin", position, step.workload)
        return {"prompt_tokens": 7}

    def warm(self, position: int, step: Any) -> float:
        self._ask("warm", position, step.workload)
        return 1.0

    def play(self, position: int, step: Any, number: int) -> dict[str, Any]:
        assert position in self.loaded
        self._ask("play", position, step.workload)
        self.numbers.append(number)
        return {"seconds": 1.0 + position, "first_token_seconds": 0.5, "joules": None}

    def memory(self, position: int, step: Any) -> dict[str, Any]:
        peak = 100 + len(self.asked)
        return {"kind": "resident", "peak_bytes": peak, "weights_bytes": 10, "before_bytes": 1}

    def speed(self, step: Any, sample: Mapping[str, Any]) -> float:
        return 1 / float(sample["seconds"])


class Case:
    """A job with made-up models, its folder, and how it is run."""

    def __init__(self, side: Any, folder: Path) -> None:
        self.sitting, self.turns = side("bench_sitting"), side("bench_turns")
        self.side, self.folder = side, folder
        self.job: dict[str, Any] = {
            "checkpoints": ["/a", "/b", "/c"],
            "warm_up": {"least": 2, "most": 3, "within": 0.1},
            "rounds": {"least": 2, "most": 4, "precision": 0.02, "processes": 1},
            "partial": str(folder / "partial"),
        }
        self.steps = [self.turns.Step("one"), self.turns.Step("two")]

    def stage(self, *fails: tuple[Act, Error], alone: bool = False) -> Stage:
        """Return a stage that raises an error when a subject does something in a workload."""
        return Stage(dict(fails), alone=alone)

    def lost(self, state: str, what: str, position: int, workload: str = "") -> tuple[Act, Error]:
        """Return that a subject is lost when it does something."""
        return (what, position, workload), lambda: self.sitting.Lost(state, f"it is {state}")

    def hold(self, stage: Stage, *, together: bool = True) -> tuple[Sitting, list[Sample]]:
        ledger = self.sitting.hold(self.job, self.steps, stage, together=together)
        facts = {
            "engine": "transformers", "definition": "d", "versions": {},
            "conditions": {"busy": [], "facts": {}, "series": {}},
        }  # fmt: skip
        ledger.write(self.folder, len(self.job["checkpoints"]), self.steps, facts)
        assert not stage.loaded
        return read_sitting(self.folder), list(read_samples(self.folder))


@pytest.fixture
def case(side: Any, tmp_path: Path) -> Case:
    return Case(side, tmp_path)


def places(samples: list[Sample]) -> list[tuple[str, int, int, int]]:
    return [(one.workload, one.round, one.order, one.position) for one in samples]


def test_one_workload_after_another_has_its_rounds_in_changing_order(case: Case) -> None:
    sitting, samples = case.hold(case.stage())
    assert places(samples) == [
        (name, number, place, position)
        for name in ("one", "two")
        for number, order in enumerate(([0, 1, 2], [1, 0, 2]))
        for place, position in enumerate(order)
    ]
    assert (sitting.residency, sitting.processes) == ("together", 1)
    assert {name: counted.stopped for name, counted in sitting.rounds.items()} == {
        "one": "narrow", "two": "narrow",
    }  # fmt: skip
    cell = sitting.subjects[1].cells["one"]
    assert (cell.state, cell.prompt_tokens) == ("measured", 7)
    assert [(len(warm.seconds), warm.settled) for warm in cell.warm] == [(2, True)]
    assert cell.memory is not None
    assert sitting.subjects[2].weights_bytes == 12


def test_models_that_do_not_fit_together_take_turns_in_memory(case: Case) -> None:
    sitting, samples = case.hold(case.stage(), together=False)
    assert (sitting.residency, sitting.processes) == ("in-turn", 2)
    assert [(one.position, one.workload) for one in samples[:6]] == [
        (position, name) for position in range(3) for name in ("one", "two")
    ]
    assert [one.process for one in samples] == [one.round for one in samples]
    assert len(sitting.subjects[0].cells["two"].warm) == 2


def test_rounds_are_shared_out_among_loads(case: Case) -> None:
    case.job["rounds"] |= {"least": 4, "most": 9, "processes": 2}
    stage = case.stage()
    sitting, samples = case.hold(stage)
    assert sitting.processes == 2
    assert [one.process for one in samples if (one.workload, one.position) == ("one", 0)] == [
        0, 0, 1, 1,
    ]  # fmt: skip
    assert stage.asked.count(("load", 2, "")) == 2


def test_a_run_that_is_killed_loses_its_round_and_no_more(case: Case) -> None:
    stage = case.stage((("play", 1, "two"), KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        case.hold(stage)
    again = case.stage()
    sitting, samples = case.hold(again)
    assert [one.process for one in samples] == [0] * 6 + [1] * 6
    assert again.numbers == [0] * 3 + [1] * 3
    assert ("play", 0, "one") not in again.asked
    assert len(places(samples)) == len(set(places(samples))) == 12
    assert sitting.rounds["one"].rounds == sitting.rounds["two"].rounds == 2
    assert all(late.at >= early.at for early, late in pairwise(samples))
    third = case.stage()
    assert case.hold(third)[1] == samples
    assert not third.asked


def test_another_job_takes_up_nothing(case: Case) -> None:
    case.hold(case.stage())
    case.job["dtype"] = "float16"
    stage = case.stage()
    case.hold(stage)
    assert ("play", 0, "one") in stage.asked


def test_what_is_lost_has_a_state_and_the_others_go_on(case: Case) -> None:
    case.job["checkpoints"].append(None)
    stage = case.stage(case.lost("failed", "load", 1), case.lost("infeasible", "begin", 2, "two"))
    sitting, samples = case.hold(stage)
    assert [one.state for one in sitting.subjects] == ["measured", "failed", "measured", "failed"]
    assert sitting.subjects[3].why == "no checkpoint"
    assert sitting.subjects[1].cells["two"].why == "it is failed"
    assert [cell.state for cell in sitting.subjects[2].cells.values()] == ["measured", "infeasible"]
    assert sitting.subjects[2].cells["two"].memory is None
    assert {one.position for one in samples if one.workload == "two"} == {0}
    assert {one.position for one in samples if one.workload == "one"} == {0, 2}


def test_memory_that_runs_out_beside_others_makes_the_models_take_turns(case: Case) -> None:
    sitting, samples = case.hold(case.stage(case.lost("oom", "warm", 1, "two"), alone=True))
    assert sitting.residency == "in-turn"
    assert all(cell.state == "measured" for one in sitting.subjects for cell in one.cells.values())
    assert len(samples) == 12
    again = case.stage(case.lost("oom", "warm", 1, "two"), alone=True)
    assert case.hold(again)[1] == samples
    assert not again.asked


def test_memory_that_runs_out_in_an_empty_machine_is_a_state(case: Case) -> None:
    sitting, samples = case.hold(case.stage(case.lost("oom", "warm", 1, "one")))
    assert sitting.residency == "together"
    assert sitting.subjects[1].cells["one"].state == "oom"
    assert sitting.subjects[1].cells["two"].state == "measured"
    assert len(places(samples)) == len(set(places(samples))) == 2 * 2 + 2 * 3
    assert sitting.rounds["one"].rounds == 2


def test_nothing_that_can_be_measured_is_a_sitting_too(case: Case) -> None:
    failing = [case.lost("failed", "load", at) for at in range(3)]
    sitting, samples = case.hold(case.stage(*failing))
    assert not samples
    assert not sitting.rounds
    assert sitting.processes == 0


def test_a_stop_ends_every_model_and_keeps_finished_rounds(case: Case) -> None:
    stop = case.side("events").Stop
    stage = case.stage((("play", 2, "two"), stop))
    with pytest.raises(stop):
        case.hold(stage)
    assert not stage.loaded
    _, samples = case.hold(case.stage())
    assert [one.process for one in samples] == [0] * 6 + [1] * 6


def test_what_keeps_the_machine_busy_is_said_once_for_each_run(case: Case) -> None:
    stop = case.side("events").Stop
    said = iter(["a little", "a lot", "nothing much", "much"])

    def hold(stage: Stage) -> Any:
        return case.sitting.hold(
            case.job, case.steps, stage, together=True, busy=lambda: [next(said)]
        )

    with pytest.raises(stop):
        hold(case.stage((("play", 2, "two"), stop)))
    ledger = hold(case.stage())
    facts = {"engine": "transformers", "definition": "d"}
    now = {"busy": ["much"], "facts": {}, "series": {}}
    ledger.write(case.folder, 3, case.steps, {**facts, "conditions": now})
    assert read_sitting(case.folder).conditions.busy == ("a lot", "much")
