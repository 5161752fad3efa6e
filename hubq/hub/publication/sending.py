"""Sending: large contents first, then one commit, whether or not the answer to it gets lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TypeVar

from hubq.errors import RemoteMoved
from hubq.hub.port import Content, Unavailable
from hubq.hub.publication.plan import RepoPlan
from hubq.hub.publication.work import Work, description
from hubq.units import human_size

T = TypeVar("T")

_LOOKS = (0.5, 1.0, 2.0)
_NAMED = 5_000_000


class Meter:
    """Adds up the bytes of a family's files, and says of each large one how far it is.

    Args:
        work: who is told.
        total: bytes of all that has to be sent.
    """

    def __init__(self, work: Work, total: int) -> None:
        self._work = work
        self._total = total
        self._lock = threading.Lock()
        self._done: dict[tuple[str, str], int] = {}

    def of(self, repo: RepoPlan) -> Callable[[str, int, int], None]:
        """Return what hears of one repo's files; may be called from several threads."""

        def hear(path: str, done: int, total: int) -> None:
            with self._lock:
                first = (repo.repo, path) not in self._done
                self._done[repo.repo, path] = done
                if first and total >= _NAMED:
                    self._work.say(repo, f"sending {path} ({human_size(total)})")
                if total >= _NAMED:
                    self._work.tell.count(done, total, "bytes", f"{repo.repo}/{path}")
                self._count()

        return hear

    def finish(self, repo: RepoPlan) -> None:
        """Count all of a repo's files as sent."""
        with self._lock:
            for path, file in repo.sent.items():
                self._done[repo.repo, path] = file.mark.size
            self._count()

    def _count(self) -> None:
        self._work.tell.count(min(sum(self._done.values()), self._total), self._total, "bytes")


def contents(repo: RepoPlan) -> dict[str, Content]:
    """Return path -> content of what has to be sent."""
    return {path: file.content for path, file in repo.sent.items()}


def hashes(repo: RepoPlan) -> dict[str, str]:
    """Return path -> SHA-256 of what has to be sent."""
    return {path: file.mark.sha256 for path, file in repo.sent.items()}


def upload(
    work: Work, repo: RepoPlan, revision: str, meter: Meter, *, propose: bool = False
) -> None:
    """Bring the large contents of a repo to the hub, going on inside a file after a kill.

    Raises:
        Unavailable: broken off; what arrived is kept.
    """
    notes = work.journal.uploads(repo.repo)
    notes.parent.mkdir(parents=True, exist_ok=True)
    way = work.hub.upload(
        repo.repo,
        contents(repo),
        known=hashes(repo),
        revision=revision,
        propose=propose,
        notes=notes,
        progress=meter.of(repo),
    )
    if way:
        work.say(repo, f"large files are there, by {way}")
        work.journal.note(ways={**work.journal.entry.ways, repo.repo: way})


def commit(
    work: Work,
    repo: RepoPlan,
    *,
    revision: str,
    parent: str,
    copies: Mapping[str, str] = {},
) -> str:
    """Make the plan's one commit on a branch and return it, answers lost on the way or not.

    Args:
        work: the publication.
        repo: the plan.
        revision: the branch.
        parent: where it must stand.
        copies: files that a commit of the repo holds already, path -> that commit.

    Raises:
        RemoteMoved: the branch is neither at `parent` nor at a commit of this publication.
        Unavailable: the hub stopped answering.
    """

    def send() -> str:
        here = {path: item for path, item in contents(repo).items() if path not in copies}
        return work.hub.commit(
            repo.repo,
            here,
            message=repo.title,
            description=description(work.plan),
            parent=parent,
            deletions=repo.removed,
            revision=revision,
            known=hashes(repo),
            copies=copies,
        )

    return surely(work, send, lambda: made(work, repo, revision, parent))


def surely(work: Work, send: Callable[[], str], found: Callable[[], str]) -> str:
    """Return what a request that must not be made twice returns.

    Args:
        work: the publication.
        send: makes the request.
        found: looks whether it was made by an earlier one whose answer got lost; empty when not.

    Raises:
        RemoteMoved: something else was made meanwhile.
        Unavailable: the hub stopped answering.
    """
    lost = 0
    while True:
        try:
            return send()
        except Unavailable as error:
            lost += 1
            try:
                work.retries.wait(lost, error)
            except Unavailable:
                if arrived := found():
                    return arrived
                raise
        except RemoteMoved:
            if arrived := patiently(work, found):
                return arrived
            raise
        if arrived := found():
            return arrived


def patiently(work: Work, found: Callable[[], T]) -> T:
    """Return what a look finds, looking again for some seconds while it finds nothing.

    A hub's answers may be some seconds older than what it has done already.
    """
    there = found()
    for seconds in _LOOKS:
        if there:
            break
        work.retries.sleep(seconds)
        there = found()
    return there


def made(work: Work, repo: RepoPlan, revision: str, parent: str) -> str:
    """Return a branch's commit when this publication made it, empty when the branch has not moved.

    Raises:
        RemoteMoved: it moved to something else; says to what, and by whom.
    """
    head = work.hub.head(repo.repo, revision)
    if head == parent:
        return ""
    if head and work.carries(repo.repo, head):
        return head
    raise work.moved(repo, head or parent)
