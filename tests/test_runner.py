"""The runner takes what is there, makes what is missing, and stops only what rests on a failure."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hubq.errors import BadInput, Infeasible, Refused
from hubq.executors.local import LocalExecutor
from hubq.executors.port import WorkerJob
from hubq.model.card import CellState
from hubq.model.environment import Installed
from hubq.model.result import Collected, Measure
from hubq.model.stage import Kind, Need, Plan, Stage
from hubq.runner import Event, Outcome, Runner, View, Voice, Workshop
from hubq.store import Store
from hubq.workers.environments import Environment
from hubq.workers.registry import Worker

ECHO = Worker(kind="echo", backend="trivial", environment="here", role="inference")
HERE = Environment(
    name="here",
    device="cpu",
    digest="d",
    interpreter=Path(sys.executable),
    installed=Installed(python="3", implementation="CPython", packages=()),
)

Steps = dict[str, list[dict[str, Any]]]


class EchoWorkshop(Workshop):
    """Stages named in `steps` are done by the trivial worker, the others here."""

    def __init__(self, steps: Steps, here: dict[str, Callable[[Path], Collected]]) -> None:
        self.steps, self.here = steps, here
        self.seen: dict[str, View] = {}

    def job(self, stage: Stage, view: View, control: Path) -> WorkerJob | None:
        self.seen[stage.id] = view
        if stage.id not in self.steps:
            return None
        return WorkerJob(
            stage=stage.id,
            kind="echo",
            backend="trivial",
            environment="here",
            role="inference",
            job={"steps": self.steps[stage.id]},
            control=control,
            exclusive=stage.exclusive,
        )

    def perform(self, stage: Stage, view: View, work: Path, voice: Voice) -> Collected:
        self.seen[stage.id] = view
        return self.here[stage.id](work) if stage.id in self.here else Collected()

    def collect(self, stage: Stage, work: Path, out: dict[str, Any]) -> Collected:
        measure = Measure(
            name="jobs", value=out["jobs"], unit="count", n=1, file="log.txt", pointer=""
        )
        return Collected(measures=(measure,), facts={"pid": out["pid"]})


def stage(name: str, *needs: str, soft: tuple[str, ...] = (), exclusive: bool = False) -> Stage:
    all_needs = [Need(stage=need) for need in needs]
    all_needs += [Need(stage=need, required=False) for need in soft]
    return Stage(
        id=name,
        kind=Kind.SCORE,
        backend="hubq",
        settings={"name": name},
        needs=tuple(all_needs),
        exclusive=exclusive,
    )


def plan(*stages: Stage) -> Plan:
    return Plan(name="p", stages=stages)


class Run:
    """Runs plans over one store and remembers what happened."""

    def __init__(self, root: Path) -> None:
        self.store = Store(root.absolute())
        self.events: list[Event] = []
        self.workshop = EchoWorkshop({}, {})

    def __call__(
        self,
        plan: Plan,
        steps: Steps | None = None,
        here: dict[str, Callable[[Path], Collected]] | None = None,
        slots: int = 2,
    ) -> Outcome:
        self.events = []
        self.workshop = EchoWorkshop(steps or {}, here or {})
        executor = LocalExecutor(lambda _: HERE, cpu_slots=slots, workers=(ECHO,))
        runner = Runner(plan, self.store, self.workshop, executor, self.events.append)
        return runner.run()

    def happened(self, name: str) -> list[str]:
        return [event.what for event in self.events if event.stage == name]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path / "runs")


def writes(text: str) -> Callable[[Path], Collected]:
    def make(work: Path) -> Collected:
        (work / "a.txt").write_text(text)
        return Collected(facts={"text": text})

    return make


def test_a_stage_sees_the_results_of_those_it_needs(run: Run) -> None:
    outcome = run(plan(stage("a"), stage("b", "a")), here={"a": writes("hello")})
    assert outcome.ran == ("a", "b")
    view = run.workshop.seen["b"]
    assert view.results["a"].facts == {"text": "hello"}
    assert (view.folders["a"] / "a.txt").read_text() == "hello"


def test_what_lies_elsewhere_is_looked_at_again_and_remembered_anew(run: Run) -> None:
    there = msgspec.structs.replace(stage("a"), again=True)
    run(plan(there), here={"a": writes("first")})
    second = run(plan(there), here={"a": writes("second")})
    assert second.ran == ("a",)
    assert run.store.load(second.keys["a"]).facts == {"text": "second"}
    assert (run.store.folder(second.keys["a"]) / "a.txt").read_text() == "second"
    assert not list((run.store.root / "work").iterdir())


def test_a_failed_look_leaves_what_was_remembered(run: Run) -> None:
    def fails(_work: Path) -> Collected:
        raise BadInput("gone")

    there = msgspec.structs.replace(stage("a"), again=True)
    key = run(plan(there), here={"a": writes("first")}).keys["a"]
    assert run(plan(there), here={"a": fails}).gaps["a"].reason == "gone"
    assert run.store.load(key).facts == {"text": "first"}


def test_what_hubq_does_itself_is_said_and_counted(run: Run) -> None:
    observed: list[Event] = []
    voice = Voice("push", observed.append)
    voice("sending")
    voice.count(1, 4, "bytes")
    assert [(e.what, e.text, e.done, e.total, e.unit) for e in observed] == [
        ("said", "sending", 0, 0, ""),
        ("progress", "", 1, 4, "bytes"),
    ]


def test_a_second_run_takes_everything_and_runs_nothing(run: Run) -> None:
    both = plan(stage("a"), stage("b", "a"))
    run(both, steps={"a": [{"say": "x"}]})
    again = run(both, steps={"a": [{"fail": "must not run"}]})
    assert again.ran == ()
    assert again.cached == 2
    assert run.happened("a") == ["cached"]


def test_a_workers_files_and_log_become_the_result(run: Run) -> None:
    outcome = run(plan(stage("a")), steps={"a": [{"say": "hi"}, {"write": {"deep/x": "1"}}]})
    folder = run.store.folder(outcome.keys["a"])
    assert (folder / "deep" / "x").read_text() == "1"
    assert "hi" in (folder / "log.txt").read_text()
    assert run.store.verify(outcome.keys["a"]) == []
    assert not list((run.store.root / "work").iterdir())


def test_one_worker_serves_several_stages_in_turn(run: Run) -> None:
    steps: Steps = {name: [{"say": name}] for name in "abc"}
    outcome = run(plan(*(stage(name) for name in "abc")), steps=steps, slots=1)
    pids = {run.store.load(outcome.keys[name]).facts["pid"] for name in "abc"}
    assert len(pids) == 1


def test_a_failure_stops_only_what_rests_on_it(run: Run) -> None:
    family = plan(
        stage("bad"),
        stage("good"),
        stage("rests", "bad"),
        stage("rests-more", "rests"),
        stage("card", "good", soft=("rests-more",)),
    )
    outcome = run(family, steps={"bad": [{"fail": "no luck"}], "good": [{"say": "ok"}]})
    assert set(outcome.keys) == {"good", "card"}
    assert "no luck" in outcome.gaps["bad"].reason
    assert outcome.gaps["rests-more"].because == "bad"
    assert run.happened("rests") == ["skipped"]
    assert run.workshop.seen["card"].gaps["rests-more"].state is CellState.FAILED


def test_a_failed_workers_log_is_kept(run: Run) -> None:
    steps: Steps = {"a": [{"say": "look here"}, {"fail": "x"}]}
    gap = run(plan(stage("a")), steps=steps).gaps["a"]
    assert "look here" in Path(gap.log).read_text()
    assert "failed" not in gap.reason or gap.log not in gap.reason


def test_what_was_made_around_a_gap_is_made_again_when_it_is_closed(run: Run) -> None:
    family = plan(stage("a"), stage("card", soft=("a",)))
    torn = run(family, steps={"a": [{"fail": "x"}]})
    whole = run(family, steps={"a": [{"say": "x"}]})
    assert whole.ran == ("a", "card")
    assert torn.keys["card"] != whole.keys["card"]


def test_a_refusal_is_no_result_and_says_so(run: Run) -> None:
    def refuse(_: Path) -> Collected:
        return Collected(refusal="KL too large")

    outcome = run(plan(stage("a"), stage("b", "a")), here={"a": refuse})
    assert outcome.gaps["a"].exit_code == 3
    assert outcome.gaps["b"].refused
    assert not outcome.keys


@pytest.mark.parametrize(("error", "code"), [(BadInput("b"), 2), (Refused("r"), 3)])
def test_a_user_error_in_a_stage_is_a_gap_with_its_code(
    run: Run, error: Exception, code: int
) -> None:
    def fail(_: Path) -> Collected:
        raise error

    assert run(plan(stage("a")), here={"a": fail}).gaps["a"].exit_code == code


def test_a_bug_keeps_its_traceback(run: Run) -> None:
    def bug(_: Path) -> Collected:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(plan(stage("a")), here={"a": bug})


def test_two_stages_with_one_key_run_once(run: Run) -> None:
    same = Stage(id="b", kind=Kind.SCORE, backend="hubq", settings={"name": "a"})
    outcome = run(plan(stage("a"), same), steps={"a": [{"say": "x"}], "b": [{"say": "x"}]})
    assert outcome.keys["a"] == outcome.keys["b"]
    assert outcome.ran == ("a",)
    assert run.happened("b") == ["cached"]


def test_an_exclusive_stage_runs_alone(run: Run) -> None:
    stages = [stage("slow"), stage("alone", exclusive=True), stage("other")]
    steps: Steps = {name: [{"sleep": 0.2}] for name in ("slow", "alone", "other")}
    run(plan(*stages), steps=steps, slots=3)
    order = [(e.stage, e.what) for e in run.events if e.what in ("started", "done")]
    assert order[-2:] == [("alone", "started"), ("alone", "done")]


def test_independent_stages_run_side_by_side(run: Run) -> None:
    steps: Steps = {name: [{"sleep": 0.3}] for name in "ab"}
    run(plan(stage("a"), stage("b")), steps=steps)
    order = [event.what for event in run.events if event.what in ("started", "done")]
    assert order == ["started", "started", "done", "done"]


def test_progress_of_a_worker_is_passed_on(run: Run) -> None:
    run(plan(stage("a")), steps={"a": [{"say": "x"}]})
    last = [event for event in run.events if event.what == "progress"][-1]
    assert (last.done, last.total, last.unit) == (1, 1, "steps")


ENDS: list[tuple[list[dict[str, Any]], CellState, str]] = [
    ([{"crash": "SIGKILL"}], CellState.FAILED, "Killed: the worker was killed by SIGKILL"),
    ([{"crash": "SIGSEGV"}], CellState.FAILED, "Killed: the worker was killed by SIGSEGV"),
    ([{"vanish": 3}], CellState.FAILED, "Ended: the worker ended with status 3"),
    ([{"crash": "SIGTERM"}], CellState.FAILED, "Stopped: the worker was asked to stop"),
    ([{"limit": 10**7}, {"allocate": 10**10}], CellState.OOM, ""),
    ([{"infeasible": "no kernel for this"}], CellState.INFEASIBLE, "no kernel for this"),
]


@pytest.mark.parametrize(("ends", "state", "reason"), ENDS)
def test_a_worker_that_ends_badly_leaves_phase_and_log_and_the_others_finish(
    run: Run, ends: list[dict[str, Any]], state: CellState, reason: str
) -> None:
    steps: Steps = {
        "quantize": [{"say": "before"}, {"phase": "solve"}, *ends],
        "other": [{"say": "x"}],
    }
    outcome = run(plan(stage("quantize"), stage("other"), stage("rests", "quantize")), steps=steps)
    gap = outcome.gaps["quantize"]
    assert gap.state is state
    assert gap.reason.startswith(reason)
    assert gap.phase == "solve"
    assert "before" in gap.log_tail
    assert gap.exit_code == (0 if state is CellState.INFEASIBLE else 1)
    assert "other" in outcome.keys
    assert outcome.gaps["rests"].because == "quantize"
    assert outcome.gaps["rests"].state is state


def test_what_is_infeasible_is_told_apart_from_a_failure(run: Run) -> None:
    def cannot(_: Path) -> Collected:
        raise Infeasible("8-bit GPTQ has no kernel there")

    outcome = run(plan(stage("a")), here={"a": cannot})
    assert outcome.gaps["a"].state is CellState.INFEASIBLE
    assert run.happened("a") == ["started", "infeasible"]
