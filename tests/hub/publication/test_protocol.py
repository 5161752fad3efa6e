from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from hubq.errors import BadInput, Refused, RemoteMoved, StageFailed
from hubq.hub.port import Content, Unavailable
from hubq.hub.publication import receipt
from hubq.hub.publication.journal import JOURNAL_FILE
from hubq.hub.publication.protocol import publish, resume, unfinished
from hubq.hub.retry import Retries
from hubq.model.publication import Terms
from tests.fakes import BOB, FakeHub, Killed
from tests.hub.publication.conftest import MakeHub, view_of
from tests.hub.publication.families import (
    REPOS,
    TITLE,
    VARIANTS,
    check_complete,
    check_never_partial,
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

    def __call__(self, text: str) -> None:
        self.said.append(text)

    def count(self, done: float, total: float, unit: str) -> None:
        self.counted.append((done, total, unit))


@pytest.fixture
def hub(new_hub: MakeHub) -> FakeHub:
    return new_hub()


@pytest.fixture
def old(old_hub: MakeHub) -> FakeHub:
    return old_hub()


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
    assert any(line.startswith(f"{FIRST}: sending model.safetensors (") for line in listener.said)
    done, total, unit = listener.counted[-1]
    assert (done, total, unit) == (total, sum(one.size for one in plan.repos), "bytes")
    assert [one[0] for one in listener.counted] == sorted(one[0] for one in listener.counted)


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


def test_a_tag_that_is_taken_is_said_before_anything_is_sent(
    old: FakeHub, publications: Path, patient: Retries
) -> None:
    old.create_tag(THIRD, "v1", old.head(THIRD) or "", "theirs")
    old.log.clear()
    with pytest.raises(RemoteMoved, match=f"{THIRD}: tag v1 is on"):
        publish(old, plan_of(old, 2, terms=Terms(tag="v1")), publications, retries=patient)
    assert old.log == []


@pytest.mark.parametrize("repo", REPOS)
def test_a_stale_parent_shows_the_difference_and_nothing_is_sent(
    old: FakeHub, publications: Path, patient: Retries, repo: str
) -> None:
    plan = plan_of(old, 2)
    theirs = old.add(repo, {"README.md": b"# Mine\n"}, author="bob", title="Mend the card")
    with pytest.raises(RemoteMoved, match=r"README\.md[\s\S]*Mend the card \(bob") as caught:
        publish(old, plan, publications, retries=patient)
    assert caught.value.exit_code == 5
    assert old.log == []
    assert old.head(repo) == theirs


@pytest.mark.parametrize("skip", range(6))
def test_an_edit_during_the_push_is_never_lost(
    old: FakeHub, publications: Path, patient: Retries, skip: int
) -> None:
    old.meanwhile(
        "commit", lambda: old.add(SECOND, {"README.md": b"# Mine\n"}, author="bob"), skip=skip
    )
    with pytest.raises(RemoteMoved, match="bob"):
        publish(old, plan_of(old, 2), publications, retries=patient)
    line = [past.authors for past in old.history(SECOND)]
    assert line[0] == ("bob",)
    assert old.files(SECOND)["README.md"] == b"# Mine\n"
    later = old.history(THIRD)[0].message
    assert (f"hubq-publication: {plan_of(old, 2).id}" in later) is (skip == 5)


def test_a_repo_that_somebody_made_meanwhile_is_left_alone(
    hub: FakeHub, publications: Path, patient: Retries
) -> None:
    plan = plan_of(hub)
    hub.add(SECOND, {"README.md": b"a person's"}, private=True)
    with pytest.raises(RemoteMoved, match="somebody else made it"):
        publish(hub, plan, publications, retries=patient)
    assert hub.log == []


def test_a_repo_that_has_gone_meanwhile_is_said(
    old: FakeHub, publications: Path, patient: Retries
) -> None:
    plan = plan_of(old, 2)
    del old.repos[SECOND]
    with pytest.raises(RemoteMoved, match=f"{SECOND}: gone from"):
        publish(old, plan, publications, retries=patient)
    assert old.log == []


def test_a_sibling_that_changes_before_the_reveal_stops_it(
    hub: FakeHub, publications: Path, patient: Retries
) -> None:
    plan = plan_of(hub)
    hub.meanwhile(
        "commit", lambda: hub.add(FIRST, {"x": b"x"}, author="bob"), after=True, skip=5
    )
    with pytest.raises(RemoteMoved, match="nothing of the family was revealed"):
        publish(hub, plan, publications, retries=patient)
    assert all(repo.private for repo in hub.repos.values())
    assert hub.state.shelf == {}


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("skip", range(6))
def test_a_lost_answer_to_a_commit_makes_no_second_one(
    hub: FakeHub, publications: Path, patient: Retries, skip: int, after: bool
) -> None:
    before = view_of(hub)
    hub.fail("commit", Unavailable("504"), after=after, times=2, skip=skip)
    publish(hub, plan_of(hub), publications, retries=patient)
    check_complete(before, view_of(hub), 1)


def test_when_the_patience_is_over_the_error_goes_up_and_the_journal_stays(
    hub: FakeHub, publications: Path, patient: Retries
) -> None:
    before = view_of(hub)
    hub.fail("commit", Unavailable("504", retry_after=3600), skip=4)
    with pytest.raises(Unavailable) as caught:
        publish(hub, plan_of(hub), publications, retries=patient)
    assert caught.value.exit_code == 4
    check_never_partial(before, view_of(hub), 1)
    resume(hub, publications, retries=patient)
    check_complete(before, view_of(hub), 1)


def test_the_last_attempt_is_looked_for_as_well(
    hub: FakeHub, publications: Path
) -> None:
    before = view_of(hub)
    hub.fail("commit", Unavailable("504"), after=True, times=6)
    publish(hub, plan_of(hub), publications, retries=Retries(attempts=1))
    check_complete(before, view_of(hub), 1)


def test_a_commit_that_arrives_late_is_recognised(
    hub: FakeHub, publications: Path, patient: Retries
) -> None:
    before = view_of(hub)
    hub.fail("commit", Unavailable("504"))
    hub.fail("commit", RemoteMoved("412"), after=True)
    publish(hub, plan_of(hub), publications, retries=patient)
    check_complete(before, view_of(hub), 1)


class ManglingHub(FakeHub):
    """A hub that stores other bytes than it was given, on branches whose name it dislikes."""

    dislikes = "hubq/"

    def commit(self, repo: str, files: dict[str, Content], **more: object) -> str:  # type: ignore[override]
        if str(more["revision"]).startswith(self.dislikes):
            files = {**files, "config.json": b"spoiled", "README.md": b"spoiled too"}
            del files["hubq.json"]
        return super().commit(repo, files, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("dislikes", ["hubq/", "main"])
def test_other_bytes_on_the_hub_stop_everything_before_the_reveal(
    tmp_path: Path, publications: Path, patient: Retries, dislikes: str
) -> None:
    hub = ManglingHub(tmp_path / "snapshots")
    hub.dislikes = dislikes
    with pytest.raises(StageFailed, match=r"README\.md.*config\.json.*hubq\.json") as caught:
        publish(hub, plan_of(hub), publications, retries=patient)
    assert caught.value.exit_code == 1
    assert all(repo.private for repo in hub.repos.values())
    assert unfinished(publications) is not None


def test_a_branch_that_came_out_wrong_is_made_anew(
    tmp_path: Path, publications: Path, patient: Retries
) -> None:
    hub = ManglingHub(tmp_path / "snapshots")
    before = view_of(hub)
    with pytest.raises(StageFailed):
        publish(hub, plan_of(hub), publications, retries=patient)
    hub.dislikes = "nothing"
    resume(hub, publications, retries=patient)
    check_complete(before, view_of(hub), 1)


def test_a_token_that_may_only_read_gets_no_further_than_the_first_step(
    hub: FakeHub, publications: Path, patient: Retries
) -> None:
    with pytest.raises(BadInput, match="no permission"):
        publish(hub.seen_by(BOB), plan_of(hub), publications, retries=patient)
    assert hub.repos == {}


def test_a_file_that_changed_or_went_is_named_before_anything_is_sent(
    hub: FakeHub, publications: Path, patient: Retries, tmp_path: Path
) -> None:
    plan = plan_of(hub, folder=tmp_path / "made")
    place = tmp_path / "made" / "GPTQ-Int4-1.safetensors"
    hub.die_at(5)
    with pytest.raises(Killed):
        publish(hub, plan, publications, retries=patient)
    content = place.read_bytes()
    sent = list(hub.log)
    for other in (content + b"more", bytes(len(content))):
        place.write_bytes(other)
        with pytest.raises(Refused, match=r"GPTQ-Int4-1\.safetensors has changed"):
            resume(hub, publications, retries=patient)
    place.unlink()
    with pytest.raises(Refused, match=r"GPTQ-Int4-1\.safetensors has gone"):
        resume(hub, publications, retries=patient)
    assert hub.log == sent
    place.write_bytes(content)
    resume(hub, publications, retries=patient)
    check_complete(view_of(FakeHub(tmp_path)), view_of(hub), 1)


def test_a_journal_of_another_publication_is_not_written_over(
    hub: FakeHub, publications: Path, patient: Retries
) -> None:
    hub.die_at(4)
    with pytest.raises(Killed):
        publish(hub, plan_of(hub), publications, retries=patient)
    with pytest.raises(Refused, match="0123abcd-000001 is not finished") as caught:
        publish(hub, plan_of(hub, number=2), publications, retries=patient)
    assert "--resume" in caught.value.remedy
    publish(hub, unfinished(publications) or plan_of(hub), publications, retries=patient)
    assert unfinished(publications) is None


def test_a_journal_is_resumed_by_a_hub_at_another_address(
    hub: FakeHub, publications: Path, patient: Retries
) -> None:
    before = view_of(hub)
    hub.die_at(9, after=True)
    with pytest.raises(Killed):
        publish(hub, plan_of(hub), publications, retries=patient)
    moved = FakeHub(hub.folder, endpoint="https://hub.test:8443")
    moved.state = hub.state
    published = resume(moved, publications, retries=patient)
    check_complete(before, view_of(hub), 1)
    assert published.repos[0].url.startswith("https://hub.test:8443/")


def test_a_publication_that_is_finished_leaves_a_receipt_and_its_history(
    hub: FakeHub, publications: Path, patient: Retries
) -> None:
    published = publish(hub, plan_of(hub), publications, retries=patient)
    left = receipt.read(publications, hub.endpoint)
    assert left is not None
    assert left.repos[FIRST].commit == published.repos[0].commit
    assert left.slug in published.collection
    assert sorted(path.name for path in publications.iterdir()) == ["history", "receipt.json"]
    assert [file.stem for file in (publications / "history").iterdir()] == [published.id]


def test_only_the_last_few_journals_are_kept(
    hub: FakeHub, publications: Path, patient: Retries
) -> None:
    for number in range(8):
        publish(hub, plan_of(hub, number % 2 + 1, number=number), publications, retries=patient)
    assert len(list((publications / "history").iterdir())) == 5


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"{", "damaged"), (b'{"schema": 9}', "another version"), (b'{"schema": 1}', "damaged")],
)
def test_a_journal_that_cannot_be_read_is_said(
    hub: FakeHub, publications: Path, content: bytes, said: str
) -> None:
    publications.mkdir()
    (publications / JOURNAL_FILE).write_bytes(content)
    with pytest.raises(BadInput, match=said):
        unfinished(publications)


def test_there_is_nothing_to_resume_where_nothing_is_under_way(
    hub: FakeHub, publications: Path
) -> None:
    with pytest.raises(BadInput, match="no publication is under way"):
        resume(hub, publications)


def test_a_repo_that_nothing_changes_in_must_not_move_either(
    old: FakeHub, publications: Path, patient: Retries
) -> None:
    plan = plan_of(old, 2)
    same = plan_repo(old, VARIANTS[0], release(VARIANTS[0], 1))
    plan = msgspec.structs.replace(plan, repos=(same, *plan.repos[1:]))
    old.meanwhile("upload", lambda: old.add(FIRST, {"x": b"x"}, author="bob"))
    with pytest.raises(RemoteMoved, match=FIRST):
        publish(old, plan, publications, retries=patient)
    assert all(old.history(repo)[0].title.startswith("Release") for repo in (SECOND, THIRD))
    assert all(len(old.history(repo)) == 2 for repo in (SECOND, THIRD))
