from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from hubq.hub.publication.journal import Journal
from hubq.hub.publication.protocol import publish
from hubq.hub.publication.sending import Meter
from hubq.hub.publication.work import Work
from hubq.hub.retry import Retries
from hubq.model.publication import Terms
from tests.fakes import FakeHub
from tests.hub.publication.conftest import view_of
from tests.hub.publication.families import (
    REPOS,
    TITLE,
    VARIANTS,
    check_complete,
    plan_of,
    plan_repo,
    release,
)

pytestmark = pytest.mark.usefixtures("fast")

FIRST, SECOND, THIRD = REPOS


class Listener:
    """Hears everything."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.counted: list[tuple[float, float, str]] = []
        self.items: list[tuple[str, float, float]] = []

    def __call__(self, text: str) -> None:
        self.said.append(text)

    def count(self, done: float, total: float, unit: str, item: str = "") -> None:
        if item:
            self.items.append((item, done, total))
        else:
            self.counted.append((done, total, unit))


def test_a_family_goes_through_the_phases_with_barriers_between_them(
    hub: FakeHub, publications: Path, patient: Retries
) -> None:
    before = view_of(hub)
    published = publish(hub, plan_of(hub), publications, retries=patient)
    check_complete(before, view_of(hub), 1)
    kinds = [line.split()[0] for line in hub.log]
    assert kinds == [
        *["create"] * 3,
        *["branch", "send", "commit"] * 3,
        *["commit"] * 3,
        *["set"] * 3,
        "collection",
        *["item"] * 3,
        *["unbranch"] * 3,
    ]
    assert [one.repo for one in published.repos] == list(REPOS)
    assert published.collection.startswith("https://hub.test/collections/acme/")
    assert {one.way for one in published.repos} == {"LFS"}


def test_moving_sends_no_large_file_again(
    hub: FakeHub, publications: Path, patient: Retries
) -> None:
    publish(hub, plan_of(hub), publications, retries=patient)
    assert f"commit {FIRST} 4+ 0- 1=" in hub.log
    assert sum(line.startswith("send") for line in hub.log) == 3


def test_every_step_is_told_and_the_bytes_are_counted(
    hub: FakeHub, publications: Path, patient: Retries
) -> None:
    listener = Listener()
    plan = plan_of(hub)
    publish(hub, plan, publications, retries=patient, tell=listener)
    assert listener.said[0] == f"{FIRST}: creating it, hidden until the family is verified"
    assert f"{FIRST}: making it public" in listener.said
    assert f"{FIRST}: large files are there, by LFS" in listener.said
    assert not any("model.safetensors" in line for line in listener.said)
    done, total, unit = listener.counted[-1]
    assert (done, total, unit) == (total, sum(one.size for one in plan.repos), "bytes")
    assert [one[0] for one in listener.counted] == sorted(one[0] for one in listener.counted)


def test_a_large_file_is_named(hub: FakeHub, publications: Path, patient: Retries) -> None:
    listener, plan = Listener(), plan_of(hub, variants=VARIANTS[:1])
    large = {**release(VARIANTS[0], 1), "model.safetensors": bytes(5_000_000)}
    plan = msgspec.structs.replace(plan, repos=(plan_repo(hub, VARIANTS[0], large),), notes={})
    publish(hub, plan, publications, retries=patient, tell=listener)
    assert f"{FIRST}: sending model.safetensors (5.0 MB)" in listener.said


def test_a_family_that_is_there_already_is_not_even_asked_for(
    old: FakeHub, publications: Path
) -> None:
    plan = plan_of(old, 1, number=2)
    old.asked.clear()
    published = publish(old, plan, publications)
    assert plan.empty
    assert old.log == old.asked == []
    assert [one.commit for one in published.repos] == [old.head(repo) for repo in REPOS]
    assert not any(one.changed for one in published.repos)
    assert published.collection.endswith(plan.slug)


def test_only_what_changed_is_sent_and_what_is_gone_is_removed(
    old: FakeHub, publications: Path, patient: Retries
) -> None:
    old.add(FIRST, {"notes.md": b"a person's"})
    before = view_of(old)
    old.log.clear()
    published = publish(old, plan_of(old, 2), publications, retries=patient)
    assert f"commit {FIRST} 3+ 1- hubq/{published.id}" in old.log
    assert old.files(FIRST)["notes.md"] == b"a person's"
    assert "gone.json" not in old.files(FIRST)
    now = view_of(old)
    assert [len(now.repos[r].mains) - len(before.repos[r].mains) for r in REPOS] == [1, 1, 1]


def test_a_private_family_stays_hidden_and_so_does_its_collection(
    hub: FakeHub, publications: Path, patient: Retries
) -> None:
    before, terms = view_of(hub), Terms(visibility="private")
    published = publish(hub, plan_of(hub, terms=terms), publications, retries=patient)
    assert all(one.private for one in published.repos)
    assert [one.private for one in hub.state.shelf.values()] == [True]
    later = plan_of(hub, number=2, terms=Terms(visibility="public"))
    later = msgspec.structs.replace(later, show_collection=True)
    publish(hub, later, publications, retries=patient)
    check_complete(before, view_of(hub), 1)


def test_a_note_that_changed_is_changed_and_the_collection_is_used_again(
    old: FakeHub, publications: Path, patient: Retries
) -> None:
    plan = msgspec.structs.replace(plan_of(old, 1, number=2), notes={SECOND: "another note"})
    publish(old, plan, publications, retries=patient)
    assert [line.split()[0] for line in old.log] == ["note"]
    assert len(old.state.shelf) == 1
    ((*_, items),) = view_of(old).collections
    assert dict(items)[SECOND] == "another note"


def test_a_collection_that_has_gone_is_made_again(
    old: FakeHub, publications: Path, patient: Retries
) -> None:
    plan = plan_of(old, 1, number=2)
    notes = {one.repo: one.note for one in plan.repos}
    old.state.shelf.clear()
    publish(old, msgspec.structs.replace(plan, notes=notes), publications, retries=patient)
    assert [one.title for one in old.state.shelf.values()] == [TITLE]


def test_another_branch_than_main_is_made_where_it_is_missing(
    old: FakeHub, publications: Path, patient: Retries
) -> None:
    mains = [old.head(repo) for repo in REPOS]
    plan = plan_of(old, 2, terms=Terms(revision="v2"))
    published = publish(old, plan, publications, retries=patient)
    assert [old.head(repo) for repo in REPOS] == mains
    assert [old.head(repo, "v2") for repo in REPOS] == [one.commit for one in published.repos]
    assert all(len(old.history(repo, "v2")) == 3 for repo in REPOS)
    assert all(one.branches == {"main", "v2"} for one in view_of(old).repos.values())


def test_each_large_file_is_heard_of_by_name(
    hub: FakeHub, publications: Path, patient: Retries
) -> None:
    listener, plan = Listener(), plan_of(hub)
    journal = Journal.begin(publications, plan)
    work = Work(hub=hub, journal=journal, retries=patient, tell=listener)
    hear = Meter(work, 6_000_000).of(plan.repos[0])
    hear("model.safetensors", 2_000_000, 5_000_001)
    hear("config.json", 300, 300)
    hear("model.safetensors", 5_000_001, 5_000_001)
    assert listener.said == [f"{FIRST}: sending model.safetensors (5.0 MB)"]
    name = f"{FIRST}/model.safetensors"
    assert listener.items == [(name, 2_000_000, 5_000_001), (name, 5_000_001, 5_000_001)]
    assert listener.counted[-1] == (5_000_301, 6_000_000, "bytes")
