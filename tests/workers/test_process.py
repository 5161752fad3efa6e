from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hubq.errors import EnvironmentProblem
from hubq.model.outcome import Done, Event, Failed, Memory, Metric, Oom, Phase, Progress, Stopped
from hubq.workers.process import WorkerProcess
from hubq.workers.variables import worker_environ

pytestmark = pytest.mark.long

GIB = 1 << 30


@contextlib.contextmanager
def a_worker(tmp_path: Path, **options: Any) -> Iterator[WorkerProcess]:
    environ = worker_environ({"HF_HUB_OFFLINE": "1"}, scratch=tmp_path / "caches")
    worker = WorkerProcess(Path(sys.executable), environ, **{"grace_s": 0.3, **options})
    try:
        yield worker
    finally:
        worker.close()


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[WorkerProcess]:
    with a_worker(tmp_path) as made:
        yield made


def steps(*items: dict[str, Any]) -> dict[str, Any]:
    return {"steps": list(items)}


def runs(pid: int) -> bool:
    """Return whether a process is there and not a zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_until(condition: Any, seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return False


def test_a_job_comes_back_with_its_result_files_and_log(
    worker: WorkerProcess, tmp_path: Path
) -> None:
    job = steps({"say": "grüße"}, {"write": {"b/x.txt": "1", "a.txt": "2"}})
    outcome = worker.run("echo_trivial", job, tmp_path / "job")
    assert isinstance(outcome, Done)
    assert outcome.result["job"] == job
    assert outcome.files == ("a.txt", "b/x.txt")
    assert outcome.usage.peak_resident_bytes > 1_000_000
    assert outcome.result["directory"] == str(tmp_path / "job" / "scratch")
    log = (tmp_path / "job" / "log.txt").read_text(encoding="utf-8")
    assert log == "grüße\nnoise from below: grüße\n"


def test_events_arrive_as_values_in_order(worker: WorkerProcess, tmp_path: Path) -> None:
    events: list[Event] = []
    job = steps({"phase": "load"}, {"allocate": 1000})
    worker.run("echo_trivial", job, tmp_path / "job", on_event=events.append)
    assert [type(event) for event in events] == [Progress, Phase, Metric, Memory, Progress]
    assert events[0] == Progress(done=0, total=2, unit="steps")
    assert events[1] == Phase(name="load")
    assert events[2] == Metric(name="allocated", value=1000, labels={"step": "allocate"})
    assert events[-1] == Progress(done=2, total=2, unit="steps")


def test_one_process_does_several_jobs_and_keeps_their_logs_apart(
    worker: WorkerProcess, tmp_path: Path
) -> None:
    first = worker.run("echo_trivial", steps({"say": "one"}), tmp_path / "1")
    second = worker.run("echo_trivial", steps({"say": "two"}), tmp_path / "2")
    assert isinstance(first, Done)
    assert isinstance(second, Done)
    assert first.result["pid"] == second.result["pid"]
    assert second.result["jobs"] == 2
    assert "two" not in (tmp_path / "1" / "log.txt").read_text(encoding="utf-8")
    assert worker.alive


def test_a_failed_job_says_why_and_the_next_gets_a_fresh_process(
    worker: WorkerProcess, tmp_path: Path
) -> None:
    outcome = worker.run("echo_trivial", steps({"fail": "bad weights"}), tmp_path / "job")
    assert isinstance(outcome, Failed)
    assert (outcome.error, outcome.message) == ("ValueError", "bad weights")
    assert outcome.log_tail.endswith("ValueError: bad weights")
    assert "_fail" in outcome.traceback
    assert not worker.alive
    again = worker.run("echo_trivial", steps(), tmp_path / "job")
    assert isinstance(again, Done)
    assert again.result["jobs"] == 1


@pytest.mark.parametrize(
    ("step", "error", "message"),
    [
        ({"crash": "SIGSEGV"}, "Killed", "the worker was killed by SIGSEGV"),
        ({"crash": "SIGKILL"}, "Killed", "the worker was killed by SIGKILL"),
        ({"vanish": 3}, "Ended", "the worker ended with status 3 and no result"),
        ({"exit": 4}, "SystemExit", "4"),
    ],
)
def test_a_crash_is_a_failure_with_a_name(
    worker: WorkerProcess, tmp_path: Path, step: dict[str, Any], error: str, message: str
) -> None:
    outcome = worker.run("echo_trivial", steps(step), tmp_path / "job")
    assert isinstance(outcome, Failed)
    assert (outcome.error, outcome.message) == (error, message)


def test_a_segfault_leaves_the_place_in_the_log(worker: WorkerProcess, tmp_path: Path) -> None:
    outcome = worker.run("echo_trivial", steps({"crash": "SIGSEGV"}), tmp_path / "job")
    assert isinstance(outcome, Failed)
    assert "echo_trivial.py" in outcome.log_tail


def test_a_failed_allocation_is_out_of_memory(worker: WorkerProcess, tmp_path: Path) -> None:
    job = steps({"limit": GIB // 8}, {"allocate": GIB})
    assert isinstance(worker.run("echo_trivial", job, tmp_path / "job"), Oom)


def test_a_kill_by_the_kernel_for_memory_is_out_of_memory(tmp_path: Path) -> None:
    kills = iter([7, 8])
    with a_worker(tmp_path, oom_kills=lambda: next(kills)) as worker:
        outcome = worker.run("echo_trivial", steps({"crash": "SIGKILL"}), tmp_path / "job")
    assert isinstance(outcome, Oom)
    assert "memory" in outcome.message


@pytest.mark.parametrize(("step", "longest"), [({"sleep": 60}, 20.0), ({"hang": 60}, 20.0)])
def test_cancel_stops_a_job_whether_or_not_it_listens(
    worker: WorkerProcess, tmp_path: Path, step: dict[str, Any], longest: float
) -> None:
    def on_event(_event: Event) -> None:
        threading.Timer(0.1, worker.cancel).start()

    started = time.monotonic()
    outcome = worker.run("echo_trivial", steps(step), tmp_path / "job", on_event=on_event)
    assert isinstance(outcome, Stopped)
    assert time.monotonic() - started < longest
    assert not worker.alive


def test_a_cancelled_worker_takes_no_more_jobs(worker: WorkerProcess, tmp_path: Path) -> None:
    worker.cancel()
    assert isinstance(worker.run("echo_trivial", steps(), tmp_path / "job"), Stopped)
    assert not (tmp_path / "job" / "log.txt").exists()


def test_a_job_that_takes_too_long_has_failed(worker: WorkerProcess, tmp_path: Path) -> None:
    outcome = worker.run("echo_trivial", steps({"sleep": 30}), tmp_path / "job", timeout_s=0.3)
    assert isinstance(outcome, Failed)
    assert (outcome.error, outcome.message) == ("Timeout", "no result after 0.3 s")


def test_what_a_job_has_started_dies_with_a_stopped_worker(
    worker: WorkerProcess, tmp_path: Path
) -> None:
    job = steps({"child": 60}, {"sleep": 30})
    worker.run("echo_trivial", job, tmp_path / "job", timeout_s=0.5)
    child = int((tmp_path / "job" / "files" / "child").read_text(encoding="ascii"))
    assert wait_until(lambda: not runs(child))


def test_an_error_while_events_are_handled_ends_the_process(
    worker: WorkerProcess, tmp_path: Path
) -> None:
    def on_event(_event: Event) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        worker.run("echo_trivial", steps({"sleep": 30}), tmp_path / "job", on_event=on_event)
    assert not worker.alive


def test_close_from_another_thread_ends_a_running_job(
    worker: WorkerProcess, tmp_path: Path
) -> None:
    def on_event(_event: Event) -> None:
        threading.Thread(target=worker.close).start()

    job = steps({"hang": 30})
    outcome = worker.run("echo_trivial", job, tmp_path / "job", on_event=on_event)
    assert isinstance(outcome, Stopped)


def test_an_earlier_attempt_leaves_nothing_behind(worker: WorkerProcess, tmp_path: Path) -> None:
    worker.run("echo_trivial", steps({"write": {"old": "1"}}, {"fail": "x"}), tmp_path / "job")
    outcome = worker.run("echo_trivial", steps(), tmp_path / "job")
    assert isinstance(outcome, Done)
    assert outcome.files == ()
    assert outcome.usage.seconds < 5


def test_the_worker_sees_no_token(
    worker: WorkerProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    monkeypatch.setenv("CUDA_API_KEY", "secret")
    with a_worker(tmp_path) as started_with_token:
        outcome = started_with_token.run("echo_trivial", steps(), tmp_path / "job")
    assert isinstance(outcome, Done)
    variables = outcome.result["variables"]
    assert "secret" not in "".join(variables.values())
    assert variables["HF_HUB_OFFLINE"] == "1"
    assert "HUBQ_EVENTS" not in variables


def test_an_interpreter_that_cannot_start_is_a_problem(tmp_path: Path) -> None:
    worker = WorkerProcess(tmp_path / "no-python", {})
    with pytest.raises(EnvironmentProblem, match="cannot be started"):
        worker.run("echo_trivial", steps(), tmp_path / "job")


def test_an_interpreter_that_dies_at_its_start_is_a_failure_with_its_words(tmp_path: Path) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho no such library >&2\nexit 9\n", encoding="ascii")
    broken.chmod(0o755)
    outcome = WorkerProcess(broken, {}).run("echo_trivial", steps(), tmp_path / "job")
    assert isinstance(outcome, Failed)
    assert (outcome.message, outcome.log_tail) == (
        "the worker ended with status 9 and no result",
        "no such library",
    )


def test_several_workers_run_side_by_side(tmp_path: Path) -> None:
    outcomes = {}

    def work(number: int) -> None:
        with a_worker(tmp_path) as worker:
            control = tmp_path / str(number)
            outcomes[number] = worker.run("echo_trivial", steps({"sleep": 0.1}), control)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pids = {outcome.result["pid"] for outcome in outcomes.values() if isinstance(outcome, Done)}
    assert len(pids) == 3
    assert os.getpid() not in pids
