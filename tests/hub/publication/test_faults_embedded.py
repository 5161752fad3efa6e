"""A family's publication with the real client, where any request fails in any way."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from hubq.errors import HubProblem
from hubq.hub.huggingface import HuggingFaceHub
from hubq.hub.publication.protocol import publish, resume, unfinished
from hubq.hub.retry import Retries
from hubq.localhub.faults import Fault
from tests.hub.publication.embedded import Failing, copied, stride, view_of_storage
from tests.hub.publication.families import check_complete, check_never_partial, plan_of
from tests.hub.publication.worker import hurried

pytest.importorskip("starlette")
pytestmark = pytest.mark.long

NOWHERE = Path("/nowhere")
GIVEN_UP, SLOW = 0.5, 0.8
EVERY = 10_000

FAULTS = {
    "429": Fault(match="", status=429, headers={"Retry-After": "0"}),
    "500": Fault(match="", status=500),
    "502": Fault(match="", status=502),
    "503": Fault(match="", status=503),
    "504": Fault(match="", status=504),
    "reset": Fault(match="", drop=True),
    "lost": Fault(match="", drop=True, when="after"),
    "504 after": Fault(match="", status=504, when="after"),
    "timeout": Fault(match="", delay=SLOW),
}


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    import huggingface_hub.utils._http as library

    monkeypatch.setattr(library, "time", hurried())
    yield
    gc.collect()


def attempt(place: Path, kind: str, point: int, times: int) -> tuple[list[str], bool]:
    """Publish with failing requests; return which failed, and whether it took a second run."""
    faults = Failing(FAULTS[kind], point, times)
    patient = Retries(attempts=5 if times == 1 else 2, sleep=lambda _: None)
    timeout = GIVEN_UP if kind == "timeout" else 60.0
    again = False
    with copied(NOWHERE, place / "hub", faults) as server:
        hub = HuggingFaceHub(server.url, server.token, retries=patient, timeout=timeout)
        before = view_of_storage(server.storage)
        plan, folder = plan_of(hub), place / "publications"
        faults.armed = True
        try:
            publish(hub, plan, folder, retries=patient)
        except HubProblem as error:
            again = error.exit_code == 4
            check_never_partial(before, view_of_storage(server.storage), 1)
            faults.armed = False
            resume(hub, folder, retries=patient)
        check_complete(before, view_of_storage(server.storage), 1)
        assert unfinished(folder) is None
    return faults.struck, again


def walk(place: Path, kind: str, times: int, step: int) -> tuple[int, int]:
    """Let requests of a publication fail in turn; return how many, and second runs."""
    point, tried, second = 1, 0, 0
    while True:
        struck: list[str] = []
        try:
            struck, again = attempt(place / str(point), kind, point, times)
        except BaseException as error:
            error.add_note(f"{kind} at request {point}: {struck}")
            raise
        if not struck:
            return tried, second
        second += again
        tried += 1
        point += step


@pytest.mark.parametrize("kind", FAULTS)
def test_one_request_that_fails_is_survived(tmp_path: Path, kind: str) -> None:
    points, second = walk(tmp_path, kind, 1, stride(6))
    assert points >= 80 // stride(6)
    assert second == 0


@pytest.mark.parametrize("kind", ["429", "503", "reset", "lost"])
def test_a_hub_that_goes_away_ends_the_run_cleanly_and_the_next_one_finishes(
    tmp_path: Path, kind: str
) -> None:
    points, second = walk(tmp_path, kind, EVERY, stride(8))
    assert points >= 80 // stride(8)
    assert second >= points - 1
