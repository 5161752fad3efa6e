from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hubq.model.environment import Installed
from hubq.model.outcome import Done, Event, Outcome, Stopped
from hubq.workers.environments import Environment
from hubq.workers.host import WorkerHost
from hubq.workers.process import WorkerProcess

ENVIRONMENT = Environment(
    name="test",
    device="cpu",
    digest="0" * 64,
    interpreter=Path(sys.executable),
    installed=Installed(python="3", implementation="CPython", packages=()),
    variables={"COLOUR": "blue", "OMP_NUM_THREADS": "1"},
)


@pytest.fixture
def host() -> Iterator[WorkerHost]:
    with WorkerHost(grace_s=0.3) as made:
        yield made


def job(worker: WorkerProcess, folder: Path, **options: Any) -> Outcome:
    return worker.run("echo_trivial", {"steps": options.pop("steps", [])}, folder, **options)


def result(worker: WorkerProcess, folder: Path) -> dict[str, Any]:
    outcome = job(worker, folder)
    assert isinstance(outcome, Done)
    return outcome.result


def test_a_process_is_lent_again_within_its_role_only(host: WorkerHost, tmp_path: Path) -> None:
    with host.lease(ENVIRONMENT, "inference") as worker:
        first = result(worker, tmp_path / "1")["pid"]
    with host.lease(ENVIRONMENT, "inference") as worker:
        second = result(worker, tmp_path / "2")["pid"]
    with host.lease(ENVIRONMENT, "bench") as worker:
        third = result(worker, tmp_path / "3")["pid"]
    with host.lease(ENVIRONMENT, "inference", threads=2) as worker:
        fourth = result(worker, tmp_path / "4")["pid"]
    assert first == second
    assert len({first, third, fourth}) == 3


def test_a_process_in_use_is_not_lent_twice(host: WorkerHost, tmp_path: Path) -> None:
    with (
        host.lease(ENVIRONMENT, "inference") as one,
        host.lease(ENVIRONMENT, "inference") as other,
    ):
        assert result(one, tmp_path / "1")["pid"] != result(other, tmp_path / "2")["pid"]


def test_a_fresh_process_is_new_and_ends_afterwards(host: WorkerHost, tmp_path: Path) -> None:
    with host.lease(ENVIRONMENT, "inference") as worker:
        warm = result(worker, tmp_path / "1")["pid"]
    with host.lease(ENVIRONMENT, "inference", fresh=True) as worker:
        assert result(worker, tmp_path / "2")["pid"] != warm
    assert not worker.alive


def test_workers_get_the_environments_variables_threads_and_caches_of_their_own(
    host: WorkerHost, tmp_path: Path
) -> None:
    with host.lease(ENVIRONMENT, "bench", threads=3, gpu="1") as worker:
        variables = result(worker, tmp_path / "1")["variables"]
    assert variables["COLOUR"] == "blue"
    assert variables["OMP_NUM_THREADS"] == "3"
    assert variables["CUDA_VISIBLE_DEVICES"] == ""
    assert "bench-" in variables["HF_HOME"]


def test_idle_processes_can_be_ended_before_a_measurement(host: WorkerHost, tmp_path: Path) -> None:
    with host.lease(ENVIRONMENT, "inference") as worker:
        result(worker, tmp_path / "1")
    assert worker.alive
    host.end_idle()
    assert not worker.alive


def test_cancelling_the_host_stops_running_jobs_and_lets_none_start(
    host: WorkerHost, tmp_path: Path
) -> None:
    def on_event(_event: Event) -> None:
        threading.Thread(target=host.cancel).start()

    with host.lease(ENVIRONMENT, "inference") as worker:
        outcome = job(worker, tmp_path / "1", steps=[{"sleep": 30}], on_event=on_event)
    assert isinstance(outcome, Stopped)
    with host.lease(ENVIRONMENT, "inference") as worker:
        assert isinstance(job(worker, tmp_path / "2"), Stopped)
