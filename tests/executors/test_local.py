"""Jobs take slots: so many on the CPU, one on each GPU; warm workers are preferred."""

from __future__ import annotations

import queue
import sys
from pathlib import Path

import pytest

from hubq.errors import EnvironmentProblem
from hubq.executors.local import LocalExecutor
from hubq.executors.port import Ended, Progress, WorkerJob
from hubq.model.environment import Installed
from hubq.model.outcome import Done, Failed
from hubq.workers.environments import Environment
from hubq.workers.registry import Worker

ECHO = Worker(kind="echo", backend="trivial", environment="here", role="inference")
HERE = Environment(
    name="here",
    device="cuda",
    digest="d",
    interpreter=Path(sys.executable),
    installed=Installed(python="3", implementation="CPython", packages=()),
)
Posts = queue.SimpleQueue[Progress | Ended]


def a_job(folder: Path, name: str = "a", *, device: str = "cpu", sleep: float = 0.0) -> WorkerJob:
    return WorkerJob(
        stage=name,
        kind="echo",
        backend="trivial",
        environment="here",
        role="inference",
        job={"steps": [{"sleep": sleep}, {"say": name}]},
        control=(folder / name).absolute(),
        device=device,
    )


def an_executor(**slots: object) -> LocalExecutor:
    chosen: dict[str, object] = {"cpu_slots": 1, "workers": (ECHO,)} | slots
    return LocalExecutor(lambda _: HERE, **chosen)  # type: ignore[arg-type]


def end_of(posts: Posts) -> Ended:
    while True:
        post = posts.get(timeout=20)
        if isinstance(post, Ended):
            return post


def test_a_job_takes_a_slot_until_it_ends(tmp_path: Path) -> None:
    executor, posts = an_executor(), Posts()
    job = a_job(tmp_path, sleep=0.3)
    assert executor.can_take(job)
    executor.start(job, posts.put)
    assert not executor.can_take(a_job(tmp_path, "b"))
    assert isinstance(end_of(posts).outcome, Done)
    assert executor.can_take(a_job(tmp_path, "b"))
    executor.stop()


def test_each_gpu_runs_one_job_and_is_all_that_the_job_sees(tmp_path: Path) -> None:
    executor, posts = an_executor(gpus=("0", "3")), Posts()
    jobs = [a_job(tmp_path, name, device="cuda", sleep=0.3) for name in "abc"]
    executor.start(jobs[0], posts.put)
    assert executor.can_take(jobs[1])
    executor.start(jobs[1], posts.put)
    assert not executor.can_take(jobs[2])
    seen = set()
    for _ in range(2):
        outcome = end_of(posts).outcome
        assert isinstance(outcome, Done)
        seen.add(outcome.result["variables"]["CUDA_VISIBLE_DEVICES"])
    assert seen == {"0", "3"}
    executor.stop()


def test_without_a_gpu_a_gpu_job_finds_no_slot(tmp_path: Path) -> None:
    executor = an_executor()
    assert not executor.can_take(a_job(tmp_path, device="cuda"))
    executor.stop()


def test_a_warm_worker_is_preferred_and_used_again(tmp_path: Path) -> None:
    executor, posts = an_executor(), Posts()
    assert not executor.prefers(a_job(tmp_path))
    pids = []
    for name in "ab":
        executor.start(a_job(tmp_path, name), posts.put)
        outcome = end_of(posts).outcome
        assert isinstance(outcome, Done)
        pids.append(outcome.result["pid"])
        assert executor.prefers(a_job(tmp_path))
    assert pids[0] == pids[1]
    executor.stop()


def test_an_environment_that_is_not_to_be_had_is_a_failed_job(tmp_path: Path) -> None:
    def missing(name: str) -> Environment:
        raise EnvironmentProblem(f"{name} cannot be built")

    executor, posts = LocalExecutor(missing, cpu_slots=1, workers=(ECHO,)), Posts()
    executor.start(a_job(tmp_path), posts.put)
    outcome = end_of(posts).outcome
    assert isinstance(outcome, Failed)
    assert outcome.message == "here cannot be built"
    executor.stop()


@pytest.mark.parametrize("jobs", [1, 2])
def test_stopping_ends_what_runs(tmp_path: Path, jobs: int) -> None:
    executor, posts = an_executor(cpu_slots=2), Posts()
    for name in "ab"[:jobs]:
        executor.start(a_job(tmp_path, name, sleep=30), posts.put)
    posts.get(timeout=20)
    executor.stop()
    assert all(not isinstance(end_of(posts).outcome, Done) for _ in range(jobs))
