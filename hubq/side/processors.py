"""CPU time of a machine and of the processes that work for one job, from Linux' /proc.

Time is counted in clock ticks (`TICKS` a second). A process that ends leaves its ticks to the one
that waited for it; both are read, so that no time of a job's is taken for somebody else's.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Collection
from pathlib import Path
from typing import NamedTuple

#: Clock ticks in a second.
TICKS: int = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


class Machine(NamedTuple):
    """The ticks of a machine since it started, over all its processors.

    Attributes:
        busy: spent on processes, the kernel and interrupts.
        steal: that a virtual machine's processors wanted to run and its host ran something else.
        cores: how many processors it has.
    """

    busy: int
    steal: int
    cores: int


class Process(NamedTuple):
    """A process: its parent and session, when it began, its own ticks and its ended children's."""

    parent: int
    session: int
    began: int
    own: int
    children: int


def read_machine(proc: Path) -> Machine | None:
    """Return the machine's ticks; none where /proc has no such file."""
    lines = read_text(proc / "stat").splitlines()
    fields = [int(field) for field in lines[0].split()[1:]] if lines else []
    if len(fields) < 7:
        return None
    user, nice, system, _idle, _waiting, interrupts, soft, *rest = fields
    cores = sum(line.startswith("cpu") for line in lines) - 1
    return Machine(user + nice + system + interrupts + soft, rest[0] if rest else 0, max(1, cores))


def read_process(proc: Path, pid: int) -> Process | None:
    """Return a process; none when it is gone."""
    # The name is in brackets and may hold anything, brackets too: the last one ends it.
    fields = read_text(proc / str(pid) / "stat").rpartition(")")[2].split()
    if len(fields) < 20:
        return None
    parent, session, began = int(fields[1]), int(fields[3]), int(fields[19])
    user, system, children_user, children_system = map(int, fields[11:15])
    return Process(parent, session, began, user + system, children_user + children_system)


def read_text(path: Path) -> str:
    """Return a file's text; empty where it is not, is gone, or may not be read."""
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""


class Kin:
    """The processes of a job: some that are named, this one, and all their descendants.

    A process stays kin when its parent ends before it. It is known by its parent, or by its
    session when one of the kin leads that: a daemon leaves its parent and keeps the session.
    """

    def __init__(self, proc: Path, named: Callable[[], Collection[int]]) -> None:
        """Look for processes in a /proc, beginning with the named ones and this process."""
        self._proc = proc
        self._named = named
        self._alive: dict[int, Process] = {}
        self._others: set[int] = set()
        self._leaders: set[int] = set()
        self._newest = ""
        self._begun = False
        self.ticks = 0

    def pids(self) -> frozenset[int]:
        """Return the processes that were alive when last looked."""
        return frozenset(self._alive)

    def update(self) -> int:
        """Look again and return the kin's ticks since the first look."""
        before = self._alive
        alive = {}
        for pid, last in before.items():
            now = read_process(self._proc, pid)
            if now is not None and now.began == last.began:
                alive[pid] = now
        fresh = self._find(alive)
        if self._begun:
            self.ticks += _grown(before, alive) + fresh
        self._alive = alive
        self._begun = True
        return self.ticks

    def _find(self, alive: dict[int, Process]) -> int:
        """Add the kin that were not known to `alive`; return the ticks of those that are new."""
        roots = {os.getpid()}
        # The caller's list may change while it is gone through here, in another thread.
        with contextlib.suppress(RuntimeError):
            roots.update(self._named())
        roots -= alive.keys()
        # What was seen as somebody else's and is now named had ticks before; they do not count.
        earlier = set(self._others)
        if roots:
            self._others.clear()
        newest = read_text(self._proc / "loadavg").strip().rpartition(" ")[2]
        if newest and newest == self._newest and not roots:
            return 0
        self._newest = newest
        listed = _listed(self._proc)
        self._others &= listed
        unknown = {}
        for pid in (listed | roots) - alive.keys() - self._others:
            found = read_process(self._proc, pid)
            if found is not None:
                unknown[pid] = found
        kin = self._kin_among(unknown, roots, alive)
        self._others |= unknown.keys() - kin
        alive.update({pid: unknown[pid] for pid in kin})
        return sum(unknown[pid].own + unknown[pid].children for pid in kin - earlier)

    def _kin_among(
        self, unknown: dict[int, Process], roots: set[int], alive: dict[int, Process]
    ) -> set[int]:
        """Return which processes are kin: named, or children or in a session of kin."""
        parents = alive.keys() | self._alive.keys() | self._leaders
        kin = roots & unknown.keys()
        self._leaders |= {pid for pid in kin if unknown[pid].session == pid}
        grown = True
        while grown:
            found = {
                pid
                for pid, process in unknown.items()
                if pid not in kin
                and (
                    process.parent in kin
                    or process.parent in parents
                    or process.session in self._leaders
                )
            }
            self._leaders |= {pid for pid in found if unknown[pid].session == pid}
            kin |= found
            grown = bool(found)
        return kin


def _grown(before: dict[int, Process], alive: dict[int, Process]) -> int:
    """Return the ticks since the last look of kin that were there then."""
    # What ended since gave all its ticks to its parent, and those up to the last look are counted.
    inherited: dict[int, int] = {}
    for pid in before.keys() - alive.keys():
        gone = before[pid]
        heir = gone.parent
        while heir in before and heir not in alive:
            heir = before[heir].parent
        inherited[heir] = inherited.get(heir, 0) + gone.own + gone.children
    ticks = 0
    for pid in before.keys() & alive.keys():
        last, now = before[pid], alive[pid]
        ticks += max(0, now.own - last.own)
        ticks += max(0, now.children - last.children - inherited.get(pid, 0))
    return ticks


def _listed(proc: Path) -> set[int]:
    try:
        return {int(name) for name in os.listdir(proc) if name.isdigit()}  # noqa: PTH208 - cheaper
    except OSError:
        return set()
