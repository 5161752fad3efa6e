from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from hubq.bench.sitting import Conditions

SPIN = "import sys\nprint(flush=True)\nwhile True: pass"
needs_proc = pytest.mark.skipif(not Path("/proc/stat").is_file(), reason="no /proc here")


class User(NamedTuple):
    pid: int
    used_bytes: int | None


class Gpu:
    """A GPU at work, whose clock falls and which somebody else uses too."""

    def __init__(self, clocks: list[int], users: list[User]) -> None:
        self.clocks, self._users = clocks, users
        self.looks = -1
        self.closed = False

    def sm_mhz(self) -> int:
        self.looks += 1
        return self.clocks[min(self.looks, len(self.clocks) - 1)]

    def memory_mhz(self) -> None:
        return None

    def watts(self) -> float:
        return 300.0

    def watts_limit(self) -> float:
        return 300.0

    def celsius(self) -> int:
        return 71

    def utilisation(self) -> float:
        return 0.97

    def used_bytes(self) -> int:
        return 9 << 30

    def slowdowns(self) -> int:
        return 0x04

    def users(self) -> tuple[User, ...]:
        return tuple(self._users)

    def joules(self) -> float:
        return 42.0

    def name(self) -> str:
        return "NVIDIA H200"

    def driver(self) -> str:
        return "575.57.08"

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def conditions(side: Any) -> Any:
    return side("conditions")


def machine(root: Path, busy: int, own: int, steal: int = 0, cores: int = 2) -> None:
    """Write a /proc with this process in it; all in ticks."""
    folder = root / "proc" / str(os.getpid())
    folder.mkdir(parents=True, exist_ok=True)
    cpus = "".join(f"cpu{number} 0\n" for number in range(cores))
    stat = f"cpu  {busy} 0 0 0 0 0 0 {steal} 0 0\n{cpus}"
    (root / "proc" / "stat").write_text(stat, encoding="ascii")
    fields = f"S 1 1 1 {'0 ' * 7} {own} 0 0 0 {'0 ' * 4} 5 0 0"
    (folder / "stat").write_text(f"{os.getpid()} (python) {fields}", encoding="ascii")


def watched(conditions: Any, root: Path, *after: dict[str, int], gpu: Any = None) -> dict[str, Any]:
    """Return the conditions of a made-up machine that goes through these states, 0.1 s each."""
    machine(root, 0, 0)
    device = "cuda" if gpu else "cpu"
    with conditions.watch(device=device, root=root, gpu=gpu, every=0.05) as watcher:
        for state in after:
            time.sleep(0.1)
            machine(root, **state)
        assert isinstance(watcher.busy(), list)
    found: dict[str, Any] = watcher.conditions()
    return found


def test_conditions_have_the_shape_that_hubq_reads(tmp_path: Path, conditions: Any) -> None:
    found = watched(conditions, tmp_path, {"busy": 10, "own": 10})
    read = msgspec.convert(found, Conditions)
    assert read.facts["cores"] == 2
    assert {len(values) for values in read.series.values()} == {len(read.series["seconds"])}


def test_a_machine_that_works_for_us_alone_is_not_busy(tmp_path: Path, conditions: Any) -> None:
    found = watched(conditions, tmp_path, {"busy": 20, "own": 20})
    assert found["busy"] == []
    assert found["facts"]["others_cores"] == 0


def test_time_of_others_is_said_with_figures(tmp_path: Path, conditions: Any) -> None:
    found = watched(conditions, tmp_path, {"busy": 110, "own": 10})
    others = found["facts"]["others_cores"]
    expected = "Other processes took {} of 2 cores on average while rounds ran."
    shown = f"{others:.1f}" if others >= 0.95 else f"{others:.2f}"
    assert found["busy"] == [expected.format(shown)]


def test_stolen_time_is_said(tmp_path: Path, conditions: Any) -> None:
    found = watched(conditions, tmp_path, {"busy": 20, "own": 20, "steal": 5})
    assert found["facts"]["steal_share"] == 0.2
    expected = "The host of this virtual machine withheld 20 % of the processor time"
    assert found["busy"] == [f"{expected} that was asked for."]


def test_a_gpu_s_users_clocks_and_brakes_are_said(tmp_path: Path, conditions: Any) -> None:
    gpu = Gpu([1980, 1980, 990], [User(os.getpid(), 5 << 30), User(7, 3 << 30)])
    (tmp_path / "proc" / "7").mkdir(parents=True)
    found = watched(conditions, tmp_path, {"busy": 9, "own": 9}, gpu=gpu)
    clock = found["facts"]["gpu_sm_mhz"]
    assert found["busy"] == [
        f"The GPU's clock was {clock:,.0f} MHz on average and 1,980 MHz at its best.",
        "The GPU was slowed down by its power limit in 100 % of the time.",
        "1 other process used the GPU and held 3.0 GiB of its memory.",
    ]
    assert found["facts"]["gpu_driver"] == "575.57.08"
    assert gpu.closed


def test_numbers_of_another_namespace_may_be_our_own(tmp_path: Path, conditions: Any) -> None:
    gpu = Gpu([1980], [User(31337, 5 << 30)])
    found = watched(conditions, tmp_path, {"busy": 9, "own": 9}, gpu=gpu)
    assert found["facts"]["gpu_other_processes"] == 0


def test_the_memory_of_one_process_is_what_the_driver_has(conditions: Any) -> None:
    users = [User(7, 3 << 30), User(8, None)]
    held = [conditions.process_bytes(pid, gpu=Gpu([1], users)) for pid in (7, 8, 9)]
    assert held == [3 << 30, None, None]
    assert conditions.process_bytes(7, "cpu") is None


def test_energy_is_the_gpu_s_on_a_gpu(tmp_path: Path, conditions: Any) -> None:
    machine(tmp_path, 0, 0)
    with conditions.watch(device="cuda", root=tmp_path, gpu=Gpu([1], [])) as watcher:
        assert watcher.joules() == 42


def test_a_machine_that_tells_nothing_has_conditions(tmp_path: Path, conditions: Any) -> None:
    with conditions.watch(root=tmp_path, every=0.01) as watcher:
        time.sleep(0.05)
        assert watcher.joules() is None
    found = watcher.conditions()
    assert found["busy"] == []
    assert found["facts"]["others_cores"] is None
    assert found["facts"]["load_before"] >= 0


def test_conditions_can_be_asked_for_before_anything_was_seen(conditions: Any) -> None:
    assert conditions.watch().conditions()["facts"]["readings"] == 0


def test_no_thread_is_left_after_a_failure(tmp_path: Path, conditions: Any) -> None:
    def fail() -> None:
        with conditions.watch(root=tmp_path):
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert "conditions" not in {thread.name for thread in threading.enumerate()}


def test_the_worst_second_is_worse_than_the_average(conditions: Any, side: Any) -> None:
    processors = side("processors")
    second = processors.TICKS
    ticks = [(0.5 * at, processors.Machine(0, 0, 2), 0) for at in range(3)]
    busy = processors.Machine(second, 0, 2)
    ticks += [(2.0, busy, 0), (2.5, busy, 0), (3.0, busy, 0)]
    assert conditions._worst(ticks) == 1.0
    assert conditions._time_facts(ticks)["others_cores"] == 0.333


def test_long_series_are_thinned_to_means(conditions: Any) -> None:
    series = {"seconds": [float(at) for at in range(1000)], "heat": [None, 2.0] * 500}
    found = conditions.thinned(series, 500)
    assert found["seconds"][:2] == [0.5, 2.5]
    assert found["heat"] == [2.0] * 500


def spinning() -> subprocess.Popen[bytes]:
    """Return a process that takes a core, once it does."""
    process = subprocess.Popen([sys.executable, "-S", "-c", SPIN], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    return process


def ended(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.communicate()


@needs_proc
def test_a_child_that_spins_is_ours_to_the_tick(conditions: Any) -> None:
    with conditions.watch(every=0.1) as watcher:
        before = sum(os.times()[:4])
        child = spinning()
        time.sleep(0.7)
        ended(child)
        took = sum(os.times()[:4]) - before
    facts = watcher.conditions()["facts"]
    assert facts["own_cores"] * facts["seconds"] == pytest.approx(took, abs=0.1)


@needs_proc
def test_a_stranger_that_spins_is_noticed(conditions: Any) -> None:
    """Its parent is this process; the watcher runs in another, to which it is a stranger."""
    script = (
        "import json, sys, time\n"
        "sys.path.append(sys.argv[1])\n"
        "import conditions\n"
        "with conditions.watch(every=0.1) as watcher: time.sleep(0.7)\n"
        "print(json.dumps(watcher.conditions()))\n"
    )
    folder = str(Path(conditions.__file__).parent)
    load = spinning()
    try:
        done = subprocess.run(
            [sys.executable, "-S", "-c", script, folder], capture_output=True, check=True
        )
    finally:
        ended(load)
    found = msgspec.json.decode(done.stdout, type=Conditions)
    assert found.facts["others_cores"] > 0.2
    assert found.busy[0].startswith("Other processes took")
    assert found.facts["watching_cores"] < 0.01
