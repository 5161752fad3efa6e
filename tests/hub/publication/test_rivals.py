"""Two that publish the same family at once: one wins, the other says so, nothing is mixed."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from hubq.errors import RemoteMoved
from hubq.hub.publication.abort import abort
from hubq.hub.publication.protocol import publish
from hubq.hub.retry import Retries
from tests.fakes import ALICE, FakeHub
from tests.hub.publication.conftest import MakeHub, view_of
from tests.hub.publication.embedded import copied, job_of, view_of_storage
from tests.hub.publication.families import (
    REPOS,
    VARIANTS,
    View,
    check_complete,
    plan_of,
    tree_of,
    without_hubs_own,
)
from tests.hub.publication.worker import Job, Workers


def editions_of(view: View) -> set[int]:
    """Which editions the mains of a family are at."""
    return {
        edition
        for variant, repo in zip(VARIANTS, REPOS, strict=True)
        for edition in (1, 2, 3)
        if without_hubs_own(view.repos[repo].mains[0]) == tree_of(variant, edition)
    }


@pytest.mark.usefixtures("fast")
@pytest.mark.parametrize("rivals_edition", [1, 2])
def test_a_rival_at_any_moment_leaves_one_release(
    new_hub: MakeHub, publications: Path, patient: Retries, rivals_edition: int
) -> None:
    for skip in range(6):
        hub = new_hub()
        before = view_of(hub)
        mine, place = plan_of(hub, 1, number=1), publications / str(skip)
        rival = hub.seen_by(ALICE)
        theirs = plan_of(rival, rivals_edition, number=2)
        lost: list[RemoteMoved] = []

        def act(
            rival: FakeHub = rival,
            theirs: object = theirs,
            place: Path = place,
            lost: list[RemoteMoved] = lost,
        ) -> None:
            try:
                publish(rival, theirs, place / "rival", retries=patient)  # type: ignore[arg-type]
            except RemoteMoved as error:
                abort(rival, place / "rival")
                lost.append(error)

        hub.meanwhile("commit", act, skip=skip)
        try:
            publish(hub, mine, place / "own", retries=patient)
        except RemoteMoved:
            assert not lost
            abort(hub, place / "own")
            check_complete(before, view_of(hub), rivals_edition)
        else:
            assert lost
            check_complete(before, view_of(hub), 1)


@pytest.fixture(scope="module")
def both() -> object:
    """Two processes that start others."""
    pytest.importorskip("starlette")
    with Workers() as one, Workers() as other:
        yield one, other


@pytest.mark.long
@pytest.mark.parametrize("editions", [(1, 1), (1, 2)])
@pytest.mark.parametrize("attempt", range(5))
def test_two_processes_at_once_leave_one_release(
    tmp_path: Path, both: tuple[Workers, Workers], editions: tuple[int, int], attempt: int
) -> None:
    with copied(Path("/nowhere"), tmp_path / "hub") as hub:
        before = view_of_storage(hub.storage)
        jobs = [job_of(hub, tmp_path, edition, n) for n, edition in enumerate(editions, start=1)]
        for workers, job in zip(both, jobs, strict=True):
            workers.start(job)
        codes = [workers.wait() for workers in both]
        now = view_of_storage(hub.storage)
        assert sorted(codes) in ([0, 5], [5, 0], [0, 0]), _said(jobs)
        assert len(editions_of(now)) == 1
        if sorted(codes) == [0, 0]:
            # The second planned after the first had ended.
            return
        winner = codes.index(0)
        assert "since the plan" in _said(jobs)
        loser = jobs[1 - winner]
        assert both[0].run(msgspec.structs.replace(loser, abort=True)) == 0
        check_complete(before, view_of_storage(hub.storage), editions[winner])


def _said(jobs: list[Job]) -> str:
    return "\n".join(
        path.read_text() for job in jobs if (path := Path(job.folder).with_suffix(".said")).exists()
    )
