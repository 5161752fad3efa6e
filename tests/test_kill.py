"""A run killed at any moment is finished by the same command; what was done is not done again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hubq.store import Store
from tests.test_runner import Run, Steps, plan, stage

pytestmark = pytest.mark.long

STAGES = ("a", "b", "c")


SCRIPT = """
import signal, sys
from pathlib import Path
from tests.test_runner import Run, plan, stage
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where & has started us
slow = sys.argv[2]
steps = {name: [{"write": {"x": name}}, {"sleep": 30 if name == slow else 0}] for name in "abc"}
Run(Path(sys.argv[1]))(plan(stage("a"), stage("b", "a"), stage("c", "b")), steps=steps)
"""


def start(root: Path, slow: str) -> subprocess.Popen[bytes]:
    here = Path(__file__).parents[1]
    environment = {**os.environ, "PYTHONPATH": str(here)}
    command = [sys.executable, "-c", SCRIPT, str(root), slow]
    return subprocess.Popen(command, cwd=here, env=environment, start_new_session=True)


def wait_for_work(root: Path, stage_name: str) -> None:
    key = plan(stage("a"), stage("b", "a"), stage("c", "b")).keys()[stage_name]
    for _ in range(400):
        if (root / "work" / key / "files" / "x").exists():
            return
        time.sleep(0.05)
    raise AssertionError(f"{stage_name} never began")


@pytest.mark.parametrize("slow", STAGES)
def test_a_kill_loses_at_most_the_stage_in_flight(tmp_path: Path, slow: str) -> None:
    root = tmp_path / "runs"
    process = start(root, slow)
    wait_for_work(root, slow)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    steps: Steps = {name: [{"write": {"x": name}}] for name in STAGES}
    outcome = Run(root)(plan(stage("a"), stage("b", "a"), stage("c", "b")), steps=steps)
    assert outcome.ran == STAGES[STAGES.index(slow) :]
    assert outcome.cached == STAGES.index(slow)
    assert not list((root / "work").iterdir())
    assert all(not Store(root).verify(key) for key in outcome.keys.values())


def test_an_interruption_stops_the_workers(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    process = start(root, "b")
    wait_for_work(root, "b")
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=25) != 0
    assert not Store(root).has(plan(stage("a"), stage("b", "a")).keys()["b"])
