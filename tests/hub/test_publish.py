from __future__ import annotations

from pathlib import Path

import pytest

from hubq.errors import BadInput, Refused, RemoteMoved, StageFailed
from hubq.hub.manifest import MANIFEST
from hubq.hub.port import Account, Content, Unavailable
from hubq.hub.publish import Published, push, verify_remote
from hubq.hub.push_plan import PushPlan, plan_push
from hubq.hub.retry import Retries
from tests.fakes import ALICE, FakeHub, model_files

REPO = "acme/nano-GPTQ-Int4"


@pytest.fixture
def files(folder: Path) -> dict[str, Content]:
    contents: dict[str, Content] = {file.name: file for file in folder.iterdir()}
    contents["hubq.json"] = b"{}"
    return contents


def plan(hub: FakeHub, files: dict[str, Content], *, private: bool = False) -> PushPlan:
    return plan_push(hub, REPO, files, message="Release", private=private)


def publish(hub: FakeHub, files: dict[str, Content], retries: Retries) -> Published:
    return push(hub, plan(hub, files), retries=retries)


def test_a_plan_sends_only_look_ups(hub: FakeHub, files: dict[str, Content]) -> None:
    planned = plan(hub, files)
    assert hub.log == []
    assert planned.new
    assert set(planned.sent) == {*files, MANIFEST}
    text = str(planned)
    assert text.startswith(f"{REPO} on https://hub.test (new repo, made public once verified)")
    assert "+ model.safetensors" in text
    assert "one commit" in text


def test_a_new_repo_is_hidden_until_it_is_verified(
    hub: FakeHub, files: dict[str, Content], retries: Retries
) -> None:
    steps: list[str] = []
    published = push(hub, plan(hub, files), retries=retries, step=steps.append)
    assert hub.log == [f"create {REPO} private", f"commit {REPO} 6+ 0-", f"set {REPO} public"]
    assert published.changed
    assert not published.private
    assert published.url == f"https://hub.test/{REPO}"
    assert published.commit == hub.head(REPO)
    assert hub.files(REPO)["model.safetensors"] == model_files()["model.safetensors"]
    assert steps[0].startswith("creating")


def test_a_private_release_stays_private(
    hub: FakeHub, files: dict[str, Content], retries: Retries
) -> None:
    published = push(hub, plan(hub, files, private=True), retries=retries)
    assert published.private
    assert hub.repos[REPO].private
    assert hub.log[-1].startswith("commit")


def test_a_second_push_sends_nothing(
    hub: FakeHub, files: dict[str, Content], retries: Retries
) -> None:
    first = publish(hub, files, retries)
    hub.log.clear()
    hub.asked.clear()
    planned = plan(hub, files)
    second = push(hub, planned, retries=retries)
    assert planned.empty
    assert "nothing to send" in str(planned)
    assert hub.log == []
    assert hub.asked == ["whoami", f"head {REPO}", f"info {REPO}"]
    assert (second.commit, second.files, second.changed) == (first.commit, first.files, False)


def test_only_what_changed_is_sent_and_only_our_own_files_are_removed(
    hub: FakeHub, files: dict[str, Content], retries: Retries
) -> None:
    publish(hub, {**files, "old.json": b"old", "edited.json": b"ours"}, retries)
    hub.add(REPO, {"notes.md": b"a person's", "edited.json": b"a person's"})
    hub.log.clear()
    planned = plan(hub, {**files, "README.md": b"# New\n"})
    assert set(planned.sent) == {"README.md", MANIFEST}
    assert planned.removed == ("old.json",)
    assert planned.kept == ("edited.json", "notes.md")
    assert "~ README.md" in str(planned)
    assert "- old.json" in str(planned)
    push(hub, planned, retries=retries)
    assert hub.log == [f"commit {REPO} 2+ 1-"]
    assert hub.files(REPO)["notes.md"] == hub.files(REPO)["edited.json"] == b"a person's"
    assert "old.json" not in hub.files(REPO)


def test_a_hidden_repo_with_other_peoples_files_is_not_revealed(
    hub: FakeHub, files: dict[str, Content], retries: Retries
) -> None:
    hub.add(REPO, {"notes.md": b"a person's"}, private=True)
    published = publish(hub, files, retries)
    assert published.private
    assert hub.repos[REPO].private


def test_a_push_killed_before_the_reveal_is_finished_by_the_next(
    hub: FakeHub, files: dict[str, Content], retries: Retries
) -> None:
    hub.fail("set_private", Unavailable("gone"))
    with pytest.raises(Unavailable):
        publish(hub, files, retries)
    assert hub.repos[REPO].private
    hub.log.clear()
    assert not publish(hub, files, retries).private
    assert hub.log == [f"set {REPO} public"]


def test_a_push_killed_after_the_creation_is_finished_by_the_next(
    hub: FakeHub, files: dict[str, Content], retries: Retries
) -> None:
    hub.create(REPO, private=True)
    assert not publish(hub, files, retries).private


def test_a_lost_answer_does_not_make_a_second_commit(
    hub: FakeHub, files: dict[str, Content], retries: Retries
) -> None:
    hub.fail("commit", Unavailable("504"), after=True)
    published = publish(hub, files, retries)
    assert hub.log.count(f"commit {REPO} 6+ 0-") == 1
    assert published.commit == hub.head(REPO)


def test_a_commit_that_did_not_happen_is_sent_again(
    hub: FakeHub, files: dict[str, Content], retries: Retries, waits: list[float]
) -> None:
    hub.fail("commit", Unavailable("429", retry_after=7))
    hub.fail("commit", Unavailable("503"))
    publish(hub, files, retries)
    assert waits == [7, 2]
    assert hub.log.count(f"commit {REPO} 6+ 0-") == 1


def test_a_hub_that_stays_away_is_given_up(
    hub: FakeHub, files: dict[str, Content], retries: Retries
) -> None:
    hub.fail("commit", Unavailable("503"), times=9)
    with pytest.raises(Unavailable):
        publish(hub, files, retries)
    assert hub.repos[REPO].private


def test_a_remote_that_moved_is_never_written_over(
    hub: FakeHub, files: dict[str, Content], retries: Retries
) -> None:
    publish(hub, files, retries)
    planned = plan(hub, {**files, "README.md": b"# New\n"})
    theirs = hub.add(REPO, {"README.md": b"a person's"})
    with pytest.raises(RemoteMoved) as caught:
        push(hub, planned, retries=retries)
    assert caught.value.exit_code == 5
    assert hub.head(REPO) == theirs


def test_a_remote_that_moved_while_an_answer_was_lost_is_never_written_over(
    hub: FakeHub, files: dict[str, Content]
) -> None:
    publish(hub, files, Retries())
    planned = plan(hub, {**files, "README.md": b"# New\n"})
    hub.fail("commit", Unavailable("504"))

    def meanwhile(_: float) -> None:
        hub.add(REPO, {"README.md": b"a person's"})

    with pytest.raises(RemoteMoved, match="while it was being sent"):
        push(hub, planned, retries=Retries(sleep=meanwhile))
    assert hub.files(REPO)["README.md"] == b"a person's"


def test_a_commit_that_arrives_late_is_recognised(
    hub: FakeHub, files: dict[str, Content], retries: Retries
) -> None:
    hub.fail("commit", Unavailable("504"))
    hub.fail("commit", RemoteMoved("412"), after=True)
    assert publish(hub, files, retries).commit == hub.head(REPO)


def test_a_repo_that_somebody_made_meanwhile_is_left_alone(
    hub: FakeHub, files: dict[str, Content], retries: Retries
) -> None:
    planned = plan(hub, files)
    hub.add(REPO, {"README.md": b"a person's"})
    with pytest.raises(RemoteMoved, match="somebody else made it"):
        push(hub, planned, retries=retries)
    assert not any(line.startswith("commit") for line in hub.log)


class ManglingHub(FakeHub):
    """A hub that stores other bytes than it was given."""

    def commit(self, repo: str, files: dict[str, Content], **more: object) -> str:  # type: ignore[override]
        spoiled = {**files, "config.json": b"spoiled", "README.md": b"spoiled too"}
        del spoiled["hubq.json"]
        return super().commit(repo, spoiled, **more)  # type: ignore[arg-type]


def test_a_hub_that_holds_other_bytes_fails_the_push_and_nothing_is_revealed(
    tmp_path: Path, files: dict[str, Content], retries: Retries
) -> None:
    hub = ManglingHub(tmp_path / "snapshots")
    with pytest.raises(StageFailed, match=r"README\.md.*config\.json.*hubq\.json") as caught:
        publish(hub, files, retries)
    assert caught.value.exit_code == 1
    assert hub.repos[REPO].private


def test_the_comparison_names_every_difference(
    hub: FakeHub, files: dict[str, Content], retries: Retries
) -> None:
    planned = plan(hub, files)
    push(hub, planned, retries=retries)
    commit = hub.add(REPO, {"config.json": b"other", "old.json": b"still there"})
    del hub.repos[REPO].commits[commit]["model.safetensors"]
    wrong = verify_remote(hub, REPO, commit, planned.files, absent=("old.json", "gone.json"))
    assert [(each.path, each.found.split(",")[0]) for each in wrong] == [
        ("config.json", "5 bytes"),
        ("model.safetensors", "absent"),
        ("old.json", "11 bytes"),
    ]


def test_a_secret_is_refused_before_the_first_byte(hub: FakeHub, files: dict[str, Content]) -> None:
    with pytest.raises(Refused, match=r"log\.txt holds a Hugging Face token"):
        plan(hub, {**files, "log.txt": b"hf_" + b"x" * 34})
    assert hub.log == []


def test_no_token_and_no_permission_are_said_before_anything_is_done(
    tmp_path: Path, files: dict[str, Content]
) -> None:
    with pytest.raises(BadInput, match="no token"):
        plan(FakeHub(tmp_path, account=None), files)
    reader = FakeHub(tmp_path, account=Account(name="bob"))
    with pytest.raises(BadInput, match="bob's token may not write there"):
        plan(reader, files)
    assert ALICE.can_write(REPO)


@pytest.mark.parametrize("path", ["../x", "/x", "a//b", "a\\b", ".git/config", MANIFEST])
def test_a_path_that_a_repo_cannot_hold_is_refused(hub: FakeHub, path: str) -> None:
    with pytest.raises(BadInput):
        plan(hub, {path: b""})


def test_a_file_that_is_not_there_is_named(hub: FakeHub, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such file"):
        plan(hub, {"config.json": tmp_path / "nowhere.json"})


def test_a_hash_that_was_kept_is_not_worked_out_again(
    hub: FakeHub, files: dict[str, Content]
) -> None:
    planned = plan_push(hub, REPO, files, message="Release", known={"model.safetensors": "0" * 64})
    assert planned.files["model.safetensors"].mark.sha256 == "0" * 64
