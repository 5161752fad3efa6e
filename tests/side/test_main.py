from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.long

MAIN = Path(__file__).resolve().parents[2] / "hubq" / "side" / "main.py"


@contextlib.contextmanager
def started(*arguments: object, **options: Any) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-I", str(MAIN), *map(str, arguments)]
    process = subprocess.Popen(command, text=True, **options)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def a_job(folder: Path, *steps: dict[str, Any]) -> Path:
    folder.mkdir()
    (folder / "job.json").write_text(json.dumps({"steps": steps}), encoding="utf-8")
    return folder


def out(control: Path) -> Any:
    return json.loads((control / "out.json").read_text(encoding="utf-8"))


def wait_for(path: Path, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < end, f"{path.name} did not appear"
        time.sleep(0.01)


def ended(pid: int, seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.01)
    return False


def test_one_job_from_the_command_line(tmp_path: Path) -> None:
    control = a_job(tmp_path / "job", {"say": "hello"}, {"write": {"a.txt": "1"}})
    reading, writing = os.pipe()
    with started(
        "echo_trivial",
        control,
        pass_fds=(writing,),
        env={**os.environ, "HUBQ_EVENTS": str(writing)},
    ) as process:
        os.close(writing)
        assert process.wait(timeout=10) == 0
    with os.fdopen(reading, encoding="utf-8") as lines:
        events = [json.loads(line) for line in lines]
    assert out(control)["state"] == "done"
    assert out(control)["schema"] == 1
    assert (control / "files" / "a.txt").read_text() == "1"
    assert events[0] == {"event": "progress", "done": 0, "total": 2, "unit": "steps"}


def test_wrong_use_is_said_in_one_line() -> None:
    for arguments in ((), ("echo_trivial",), ("--serve", "x")):
        command = [sys.executable, "-I", str(MAIN), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert done.stderr.startswith("usage: ")


@pytest.mark.parametrize("script", ["missing_script", "../model/stage", "/etc/passwd"])
def test_a_script_that_is_not_sides_fails(tmp_path: Path, script: str) -> None:
    control = a_job(tmp_path / "job")
    with started(script, control) as process:
        assert process.wait(timeout=10) == 1
    assert out(control)["error"]["type"] == "FileNotFoundError"


def test_a_job_without_job_json_fails(tmp_path: Path) -> None:
    with started("echo_trivial", tmp_path) as process:
        assert process.wait(timeout=10) == 1
    assert out(tmp_path)["error"]["type"] == "FileNotFoundError"


def test_nothing_of_side_stands_in_for_an_installed_package(tmp_path: Path) -> None:
    control = a_job(tmp_path / "job")
    with started("echo_trivial", control) as process:
        process.wait(timeout=10)
    path = out(control)["result"]["path"]
    assert path[-1] == str(MAIN.parent)
    assert path.count(str(MAIN.parent)) == 1


def test_sigterm_stops_a_job_at_its_next_safe_point(tmp_path: Path) -> None:
    control = a_job(tmp_path / "job", {"write": {"here": ""}}, {"sleep": 30})
    with started("echo_trivial", control) as process:
        wait_for(control / "files" / "here")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 1
    assert out(control)["state"] == "stopped"


def test_serving_ends_at_once_on_sigterm_when_nothing_runs(tmp_path: Path) -> None:
    control = a_job(tmp_path / "job")
    with started("--serve", stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.write(json.dumps({"script": "echo_trivial", "control": str(control)}) + "\n")
        process.stdin.flush()
        wait_for(control / "out.json")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0


def test_a_worker_dies_when_its_stdin_ends(tmp_path: Path) -> None:
    control = a_job(tmp_path / "job", {"write": {"here": ""}}, {"hang": 30})
    with started("--serve", stdin=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdin is not None
        process.stdin.write(json.dumps({"script": "echo_trivial", "control": str(control)}) + "\n")
        process.stdin.flush()
        wait_for(control / "files" / "here")
        process.stdin.close()
        process.stdin = None
        assert process.wait(timeout=20) == -signal.SIGKILL
    assert not (control / "out.json").exists()


def test_a_worker_and_its_children_die_with_their_parent(tmp_path: Path) -> None:
    control = a_job(tmp_path / "job", {"child": 60}, {"hang": 60})
    code = (
        "import subprocess, sys, time\n"
        f"worker = subprocess.Popen([sys.executable, '-I', {str(MAIN)!r}, 'echo_trivial',"
        f" {str(control)!r}], start_new_session=True)\n"
        "print(worker.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        wait_for(control / "files" / "child")
        parent.kill()
    child = int((control / "files" / "child").read_text() or 0)
    assert ended(worker)
    assert ended(child)
