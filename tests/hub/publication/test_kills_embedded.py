"""The same for real: a process with the real client, killed at every request that changes a Hub."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from hubq.hub.publication.protocol import unfinished
from tests.hub.publication.embedded import MUTATING, Ending, copied, job_of, stride, view_of_storage
from tests.hub.publication.families import View, check_complete, check_never_partial
from tests.hub.publication.worker import INTERRUPTED, Workers

pytest.importorskip("starlette")
pytestmark = pytest.mark.long

NOWHERE = Path("/nowhere")


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    with Workers() as found:
        yield found


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, workers: Workers) -> Path:
    """A Hub's folder with the first edition of the family, made by a publication."""
    place, kept = tmp_path_factory.mktemp("first"), tmp_path_factory.mktemp("kept") / "hub"
    with copied(NOWHERE, place / "hub") as hub:
        assert workers.run(job_of(hub, place, 1, number=0)) == 0
        (place / "hub").rename(kept)
    return kept


def mutating_requests(prepared: Path, place: Path, edition: int, workers: Workers) -> int:
    """How many requests of a whole publication change something."""
    with copied(prepared, place / "hub") as hub:
        assert workers.run(job_of(hub, place, edition)) == 0
        assert hub.faults is not None
        return sum(bool(MUTATING.match(f"{one.method} ")) for one in hub.faults.log())


def abort_once(place: Path, workers: Workers, point: int, *, after: bool) -> None:
    """Kill the publication of a new family at one request, undo it, and publish it anew."""
    child: list[int] = []
    faults = Ending(point, after=after, end=lambda: os.kill(child[0], signal.SIGKILL))
    with copied(NOWHERE, place / "hub", faults) as hub:
        job = job_of(hub, place, 1)
        child.append(workers.start(job))
        assert workers.wait() == -signal.SIGKILL
        shown = {
            repo for repo, one in view_of_storage(hub.storage).repos.items() if not one.private
        }
        assert workers.run(msgspec.structs.replace(job, abort=True)) == 0
        left = view_of_storage(hub.storage)
        assert set(left.repos) == shown
        assert all(one.branches == {"main"} for one in left.repos.values())
        assert unfinished(Path(job.folder)) is None
        assert workers.run(job_of(hub, place, 1, number=2)) == 0
        now = view_of_storage(hub.storage)
        check_complete(View(repos={}), now, 1)


def test_an_abort_undoes_what_was_not_revealed(tmp_path: Path, workers: Workers) -> None:
    count = mutating_requests(NOWHERE, tmp_path / "whole", 1, workers)
    for n in range(1, count + 1, stride(5)):
        try:
            abort_once(tmp_path / str(n), workers, n, after=n % 2 == 0)
        except AssertionError as error:
            error.add_note(f"aborted after request {n} of {count}, after={n % 2 == 0}")
            raise


def kill_once(
    prepared: Path, place: Path, edition: int, workers: Workers, ending: tuple[int, bool, int]
) -> None:
    """End a publication at one request, look at what is there, and go on with it."""
    point, after, how = ending
    child: list[int] = []
    faults = Ending(point, after=after, end=lambda: os.kill(child[0], how))
    with copied(prepared, place / "hub", faults) as hub:
        before = view_of_storage(hub.storage)
        job = job_of(hub, place, edition)
        child.append(workers.start(job))
        code = workers.wait()
        assert faults.reached
        assert code == (-how if how == signal.SIGKILL else INTERRUPTED)
        check_never_partial(before, view_of_storage(hub.storage), edition)
        assert workers.run(job) == 0
        check_complete(before, view_of_storage(hub.storage), edition)
        assert unfinished(Path(job.folder)) is None


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
@pytest.mark.parametrize("edition", [1, 2])
def test_a_process_that_ends_at_any_request_leaves_no_half_release(
    first: Path, tmp_path: Path, workers: Workers, edition: int, how: signal.Signals
) -> None:
    prepared = first if edition == 2 else NOWHERE
    count = mutating_requests(prepared, tmp_path / "whole", edition, workers)
    points = [(n, after, how) for n in range(1, count + 1) for after in (False, True)]
    for n, point in enumerate(points):
        try:
            kill_once(prepared, tmp_path / str(n), edition, workers, point)
        except AssertionError as error:
            error.add_note(f"ended at request {point[0]} of {count}, after={point[1]}")
            raise
    assert len(points) >= (84 if edition == 1 else 60)
