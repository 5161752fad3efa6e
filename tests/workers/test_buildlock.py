from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hubq.workers.buildlock import build_lock, holder

REPO = Path(__file__).resolve().parents[2]
HOLD = """
import subprocess, sys, time
from pathlib import Path
from hubq.workers.buildlock import build_lock
with build_lock(Path(sys.argv[1])) as descriptor:
    child = subprocess.Popen(["sleep", "30"], pass_fds=(descriptor,))
    print(child.pid, flush=True)
    time.sleep(30)
"""


def test_a_lock_that_is_held_says_by_whom(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    with (
        build_lock(path),
        pytest.raises(TimeoutError, match=f"held by process {os.getpid()} on "),
        build_lock(path, timeout_s=0),
    ):
        pytest.fail("two hold it")


def test_a_lock_given_back_can_be_taken(tmp_path: Path) -> None:
    for _ in range(2):
        with build_lock(tmp_path / "x.lock", timeout_s=0):
            pass


def test_a_lock_file_of_an_unknown_kind_names_nobody(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    path.write_text("?", encoding="ascii")
    assert holder(path) == "another process"


def test_the_lock_of_a_killed_process_is_held_while_its_child_writes_on(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    parent = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        env={**os.environ, "PYTHONPATH": str(REPO)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    try:
        with (
            pytest.raises(TimeoutError, match=f"process {parent.pid}"),
            build_lock(path, timeout_s=0),
        ):
            pytest.fail("the child still writes")
    finally:
        os.kill(child, signal.SIGKILL)
    started = time.monotonic()
    with build_lock(path, timeout_s=20):
        assert time.monotonic() - started < 20
