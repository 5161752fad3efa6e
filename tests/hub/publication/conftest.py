from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from hubq.hub.publication.protocol import publish
from hubq.hub.remote import Past
from hubq.hub.retry import Retries
from tests.fakes import FakeHub
from tests.hub.publication.families import RepoView, View, plan_of
from tests.hub.publication.wishes import Family


def view_of(hub: FakeHub) -> View:
    """What a hub in memory holds, whoever may see it."""
    return View(
        repos={
            name: RepoView(
                private=repo.private,
                mains=tuple(
                    {
                        path: hashlib.sha256(content).hexdigest()
                        for path, content in repo.commits[past.commit].items()
                    }
                    for past in _line(hub, name)
                ),
                branches=frozenset(
                    branch for branch in repo.branches if not branch.startswith("refs/")
                ),
            )
            for name, repo in hub.repos.items()
        },
        collections=tuple(
            (
                one.title,
                one.private,
                tuple(sorted((item.repo, item.note) for item in one.items)),
            )
            for one in hub.state.shelf.values()
        ),
    )


def _line(hub: FakeHub, name: str) -> tuple[Past, ...]:
    return hub.history(name)


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Writes need not outlive a power cut."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def publications(tmp_path: Path) -> Path:
    """Where the journal lies."""
    return tmp_path / "publications"


@pytest.fixture
def patient() -> Retries:
    """Does not wait."""
    return Retries(sleep=lambda _: None)


MakeHub = Callable[[], FakeHub]


@pytest.fixture
def new_hub(tmp_path: Path) -> MakeHub:
    """Makes hubs with nothing on them."""
    return lambda: FakeHub(tmp_path / "snapshots")


@pytest.fixture
def old_hub(tmp_path: Path, patient: Retries, fast: None) -> MakeHub:
    """Makes hubs with the first edition of the family on them."""
    counter = iter(range(10_000))

    def make() -> FakeHub:
        hub = FakeHub(tmp_path / "snapshots")
        folder = tmp_path / f"first-{next(counter)}"
        publish(hub, plan_of(hub, 1, number=0), folder, retries=patient)
        hub.log.clear()
        hub.asked.clear()
        return hub

    return make


@pytest.fixture
def old(old_hub: MakeHub) -> FakeHub:
    """A hub with the first edition of the family on it."""
    return old_hub()


@pytest.fixture
def family(hub: FakeHub, publications: Path, fast: None) -> Family:
    """A family that is not on the hub yet."""
    return Family(hub, publications)


@pytest.fixture
def published(family: Family, hub: FakeHub) -> Family:
    """The family with its first edition on the hub."""
    family.push()
    hub.log.clear()
    hub.asked.clear()
    return family
