from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

OWN = os.getpid()


class Proc:
    """A made-up /proc: processes come, work and go."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.newest = 1000
        folder.mkdir()
        self.machine(busy=0)
        self.has(OWN, parent=1, own=500)

    def machine(self, busy: int, steal: int = 0, cores: int = 2) -> None:
        cpus = "".join(f"cpu{number} 0 0 0 0 0 0 0 0\n" for number in range(cores))
        first = f"cpu  {busy} 0 0 777 5 0 0 {steal} 0 0\n"
        (self.folder / "stat").write_text(f"{first}{cpus}intr 1 2 3\n", encoding="ascii")

    def has(
        self,
        pid: int,
        *,
        parent: int,
        own: int = 0,
        children: int = 0,
        session: int = 1,
        began: int = 0,
    ) -> None:
        new = not (self.folder / str(pid)).is_dir()
        self.newest += new
        (self.folder / str(pid)).mkdir(exist_ok=True)
        fields = ["S", parent, pid, session, *[0] * 7, own, 0, children, 0, *[0] * 4, began, 9, 9]
        text = f"{pid} (a) b (c) " + " ".join(map(str, fields))
        (self.folder / str(pid) / "stat").write_text(text, encoding="ascii")
        (self.folder / "loadavg").write_text(f"0.5 0.4 0.3 1/99 {self.newest}\n", encoding="ascii")

    def lost(self, pid: int) -> None:
        (self.folder / str(pid) / "stat").unlink()
        (self.folder / str(pid)).rmdir()


@pytest.fixture
def proc(tmp_path: Path) -> Proc:
    return Proc(tmp_path / "proc")


@pytest.fixture
def processors(side: Any) -> Any:
    return side("processors")


def test_a_machine_is_read_without_idle_and_waiting_time(proc: Proc, processors: Any) -> None:
    proc.machine(busy=1234, steal=56, cores=3)
    assert processors.read_machine(proc.folder) == (1234, 56, 3)


def test_a_name_with_brackets_hides_no_field(proc: Proc, processors: Any) -> None:
    proc.has(70, parent=OWN, own=5, children=7, session=70, began=99)
    assert processors.read_process(proc.folder, 70) == (OWN, 70, 99, 5, 7)


def test_what_is_gone_or_not_there_is_none(tmp_path: Path, proc: Proc, processors: Any) -> None:
    assert processors.read_process(proc.folder, 71) is None
    assert processors.read_machine(tmp_path / "nowhere") is None


def test_time_before_the_first_look_does_not_count(proc: Proc, processors: Any) -> None:
    kin = processors.Kin(proc.folder, tuple)
    assert kin.update() == 0
    proc.has(OWN, parent=1, own=530)
    assert kin.update() == 30


def test_children_of_children_are_kin_and_others_are_not(proc: Proc, processors: Any) -> None:
    kin = processors.Kin(proc.folder, tuple)
    kin.update()
    proc.has(60, parent=OWN, own=10)
    proc.has(61, parent=60, own=20)
    proc.has(62, parent=1, own=1000)
    assert kin.update() == 30
    assert kin.pids() == {OWN, 60, 61}


def test_time_of_a_child_that_ended_is_counted_once(proc: Proc, processors: Any) -> None:
    kin = processors.Kin(proc.folder, tuple)
    kin.update()
    proc.has(60, parent=OWN, own=40)
    assert kin.update() == 40
    proc.lost(60)
    proc.has(OWN, parent=1, own=500, children=55)
    assert kin.update() == 55
    assert kin.update() == 55


def test_a_child_that_no_look_saw_is_counted(proc: Proc, processors: Any) -> None:
    kin = processors.Kin(proc.folder, tuple)
    kin.update()
    proc.has(OWN, parent=1, own=500, children=25)
    assert kin.update() == 25


def test_a_family_that_ended_together_is_counted_once(proc: Proc, processors: Any) -> None:
    kin = processors.Kin(proc.folder, tuple)
    kin.update()
    proc.has(60, parent=OWN, own=10)
    proc.has(61, parent=60, own=20)
    kin.update()
    proc.lost(60)
    proc.lost(61)
    proc.has(OWN, parent=1, own=500, children=33)
    assert kin.update() == 33


def test_a_named_process_counts_from_when_it_was_named(proc: Proc, processors: Any) -> None:
    proc.has(80, parent=1, own=7000)
    proc.has(81, parent=80, own=9000)
    named: list[int] = []
    kin = processors.Kin(proc.folder, lambda: named)
    kin.update()
    named.append(80)
    assert kin.update() == 0
    proc.has(81, parent=80, own=9015)
    assert kin.update() == 15


def test_a_daemon_is_known_by_its_session(proc: Proc, processors: Any) -> None:
    kin = processors.Kin(proc.folder, tuple)
    kin.update()
    proc.has(60, parent=OWN, session=60, own=1)
    kin.update()
    proc.lost(60)
    proc.has(63, parent=1, session=60, own=5)
    assert kin.update() == 1 + 5
    assert 63 in kin.pids()


def test_a_number_that_was_used_again_is_another_process(proc: Proc, processors: Any) -> None:
    kin = processors.Kin(proc.folder, tuple)
    kin.update()
    proc.has(60, parent=OWN, own=10, began=5)
    kin.update()
    proc.has(60, parent=1, own=900, began=6)
    assert kin.update() == 10
    assert kin.pids() == {OWN}


def test_without_new_numbers_the_folder_is_not_listed_again(proc: Proc, processors: Any) -> None:
    kin = processors.Kin(proc.folder, tuple)
    kin.update()
    proc.has(60, parent=OWN, own=10)
    (proc.folder / "loadavg").write_text("0.5 0.4 0.3 1/99 1001\n", encoding="ascii")
    assert kin.update() == 0


def test_a_named_process_that_never_was_is_no_trouble(proc: Proc, processors: Any) -> None:
    kin = processors.Kin(proc.folder, lambda: [4_000_000])
    assert kin.update() == 0
    assert kin.update() == 0


def test_a_list_that_changes_meanwhile_is_no_trouble(proc: Proc, processors: Any) -> None:
    def changing() -> list[int]:
        raise RuntimeError("dictionary changed size during iteration")

    kin = processors.Kin(proc.folder, changing)
    kin.update()
    assert kin.pids() == {OWN}
