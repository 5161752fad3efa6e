"""The adapter, with the real client library over HTTP to the embedded Hub."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from hubq.errors import BadInput, HubProblem, RemoteMoved, UserError
from hubq.hub import client
from hubq.hub.cache import sources_folder
from hubq.hub.huggingface import HuggingFaceHub
from hubq.hub.manifest import MANIFEST
from hubq.hub.port import Content, Unavailable
from hubq.hub.publish import push
from hubq.hub.push_plan import plan_push
from hubq.hub.resolve import download, pin_source
from hubq.hub.retry import Retries
from tests.fakes import READER, WRITER, model_files, remote_file, safetensors

pytest.importorskip("starlette")

from hubq.localhub.faults import Entry, Fault
from hubq.localhub.server import LocalHub


def log(server: LocalHub) -> list[Entry]:
    assert server.faults is not None
    return server.faults.log()


def fail(server: LocalHub, match: str, **more: object) -> None:
    assert server.faults is not None
    server.faults.add(Fault(match=match, **more))  # type: ignore[arg-type]


def commits(server: LocalHub) -> list[int]:
    return [entry.status for entry in log(server) if "/commit/" in entry.path]


def test_whoami_says_who_may_write_where(alice: HuggingFaceHub, bob: HuggingFaceHub) -> None:
    assert alice.whoami().name == "alice"
    assert alice.can_write("alice/x")
    assert alice.can_write("acme/x")
    assert not alice.can_write("other/x")
    assert bob.whoami().role == "read"
    assert not bob.can_write("bob/x")


def test_a_token_is_needed_and_must_be_known(server: LocalHub) -> None:
    with pytest.raises(BadInput, match="no token for"):
        HuggingFaceHub(server.url).whoami()
    with pytest.raises(BadInput, match="does not know this token"):
        HuggingFaceHub(server.url, "hf_" + "n" * 34).whoami()


def test_the_users_token_is_taken_from_the_environment(
    server: LocalHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", READER)
    assert HuggingFaceHub(server.url).whoami().name == "bob"


def test_a_release_arrives_byte_for_byte_and_becomes_visible(
    released: str, alice: HuggingFaceHub, server: LocalHub, files: dict[str, Content]
) -> None:
    info = HuggingFaceHub(server.url).info(released)
    assert not info.private
    assert set(info.files) == {*files, MANIFEST, ".gitattributes"}
    assert info.files["model.safetensors"] == remote_file("model.safetensors", safetensors())
    assert info.card["license"] == "apache-2.0"
    assert info.commit == alice.head(released) == alice.pin(released)
    assert info.files == alice.tree(released, info.commit)
    assert alice.read(released, info.commit, "hubq.json") == b"{}"
    assert len(commits(server)) == 1


def test_a_second_push_sends_only_look_ups(
    released: str, server: LocalHub, files: dict[str, Content], retries: Retries
) -> None:
    assert server.faults is not None
    server.faults.clear_log()
    again = HuggingFaceHub(server.url, WRITER)
    plan = plan_push(again, released, files, message="Release")
    published = push(again, plan, retries=retries)
    assert not published.changed
    assert [entry.method for entry in log(server)] == ["GET"] * 3


def test_one_changed_file_is_one_commit_of_that_file(
    released: str, alice: HuggingFaceHub, server: LocalHub, files: dict[str, Content]
) -> None:
    assert server.faults is not None
    server.faults.clear_log()
    plan = plan_push(alice, released, {**files, "hubq.json": b'{"new": 1}'}, message="Again")
    push(alice, plan)
    assert commits(server) == [200]
    assert not any(entry.path.startswith("/_lfs") for entry in log(server))


def test_files_of_an_earlier_release_are_removed(
    released: str, alice: HuggingFaceHub, files: dict[str, Content]
) -> None:
    del files["hubq.json"]
    plan = plan_push(alice, released, files, message="Again")
    assert plan.removed == ("hubq.json",)
    push(alice, plan)
    assert "hubq.json" not in alice.tree(released)


def test_a_stale_parent_is_refused(
    released: str, alice: HuggingFaceHub, files: dict[str, Content]
) -> None:
    plan = plan_push(alice, released, {**files, "hubq.json": b"[1]"}, message="Again")
    moved = alice.commit(released, {"x.txt": b"x"}, message="Meanwhile", parent=plan.parent)
    with pytest.raises(RemoteMoved, match="changed on"):
        push(alice, plan)
    assert alice.head(released) == moved


@pytest.mark.parametrize("lost", [{"status": 504}, {"status": 502}, {"drop": True}])
def test_a_lost_answer_to_a_commit_leaves_one_commit(
    lost: dict[str, object],
    alice: HuggingFaceHub,
    server: LocalHub,
    files: dict[str, Content],
    retries: Retries,
) -> None:
    repo = f"acme/lost-{'-'.join(map(str, lost.values()))}"
    plan = plan_push(alice, repo, files, message="Release")
    fail(server, "POST .*/commit/", when="after", **lost)
    published = push(alice, plan, retries=retries)
    assert published.commit == alice.head(repo)
    assert len(commits(server)) == 1


def test_a_commit_turned_away_is_sent_again_when_the_hub_says(
    alice: HuggingFaceHub,
    server: LocalHub,
    files: dict[str, Content],
    retries: Retries,
    waits: list[float],
) -> None:
    plan = plan_push(alice, "acme/busy", files, message="Release")
    fail(server, "POST .*/commit/", status=429, headers={"Retry-After": "7"})
    fail(server, "POST .*/commit/", status=429, headers={"RateLimit": '"api";r=0;t=55'})
    push(alice, plan, retries=retries)
    assert commits(server) == [429, 429, 200]
    assert waits == [7, 55]


@pytest.mark.parametrize("when", ["before", "after"])
def test_requests_that_may_be_repeated_are(
    when: str, alice: HuggingFaceHub, server: LocalHub, files: dict[str, Content], retries: Retries
) -> None:
    for match in ("GET .*/whoami", "GET .*/revision/", "POST .*/create", "PUT .*/settings"):
        fail(server, match, status=503, when=when)
    plan = plan_push(alice, f"acme/repeated-{when}", files, message="Release")
    assert not push(alice, plan, retries=retries).private
    assert len([entry for entry in log(server) if entry.fault]) == 4


def test_a_reader_may_not_push(bob: HuggingFaceHub, released: str, server: LocalHub) -> None:
    assert server.faults is not None
    server.faults.clear_log()
    with pytest.raises(BadInput, match="bob's token may not write there"):
        plan_push(bob, released, {"x.txt": b"x"}, message="No")
    with pytest.raises(BadInput, match="no permission to write to it"):
        bob.commit(released, {"x.txt": b"x"}, message="No", parent=bob.head(released))
    with pytest.raises(BadInput, match="no permission to create it"):
        bob.create("acme/of-bob", private=True)
    assert 200 not in commits(server)


def test_an_unknown_repo_revision_or_file_is_named(
    alice: HuggingFaceHub, released: str, server: LocalHub
) -> None:
    for name in ("Qwen/Nope", "acme/" + "n" * 20):
        with pytest.raises(BadInput, match=f"{name}: no such model on {server.url}, or no acc"):
            pin_source(alice, name)
    with pytest.raises(BadInput, match=f"{released}@v9: no such branch"):
        pin_source(alice, f"{released}@v9")
    with pytest.raises(BadInput, match="is not a repo id"):
        pin_source(alice, "a b/c")
    with pytest.raises(BadInput, match=r"no file nowhere\.txt"):
        alice.read(released, alice.pin(released), "nowhere.txt")
    assert alice.head("Qwen/Nope") is None
    assert alice.head(released, "no-branch") is None


def test_a_hidden_repo_is_no_repo_to_others(
    alice: HuggingFaceHub, bob: HuggingFaceHub, repo: str, server: LocalHub
) -> None:
    alice.create(repo, private=True)
    assert alice.info(repo).private
    for other in (bob, HuggingFaceHub(server.url)):
        assert other.head(repo) is None
        with pytest.raises(BadInput, match="no such model"):
            other.info(repo)
    alice.set_private(repo, private=False)
    assert bob.head(repo) == alice.head(repo)


def test_a_gated_repo_says_where_to_ask(
    released: str, bob: HuggingFaceHub, server: LocalHub
) -> None:
    import msgspec

    stored = server.storage.repo(released)
    stored.save_record(msgspec.structs.replace(stored.record, gated="manual"))
    with pytest.raises(BadInput, match="gated on") as caught:
        pin_source(bob, released)
    assert f"{server.url}/{released}" in caught.value.remedy


def test_a_snapshot_is_the_same_bytes_and_comes_from_the_cache_the_second_time(
    alice: HuggingFaceHub, server: LocalHub, repo: str, waits: list[float]
) -> None:
    alice.create(repo, private=False)
    model = {**model_files(), "pytorch_model.bin": b"pickle", "model-2.safetensors": b"x" * 9}
    commit = alice.commit(repo, model, message="A source", parent=alice.head(repo))
    told: list[tuple[int, int]] = []
    source = download(alice, pin_source(alice, repo), lambda *done: told.append(done))
    folder = Path(source.path)
    del model["pytorch_model.bin"]
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == model
    assert told[-1] == (sum(map(len, model.values())),) * 2
    assert 0 < told[0][0] < told[-1][0]
    assert folder.is_relative_to(sources_folder(server.url))
    assert server.faults is not None
    server.faults.clear_log()
    assert HuggingFaceHub(server.url, WRITER).snapshot(repo, commit) == folder
    assert log(server) == []


def test_a_cache_that_was_harmed_is_mended(alice: HuggingFaceHub, released: str) -> None:
    commit = alice.pin(released)
    blob = (alice.snapshot(released, commit) / "model.safetensors").resolve()
    for harm in (blob.unlink, lambda: blob.write_bytes(b"cut off")):
        harm()
        assert (
            alice.snapshot(released, commit) / "model.safetensors"
        ).read_bytes() == safetensors()


def test_pickles_alone_are_not_downloaded(alice: HuggingFaceHub, repo: str) -> None:
    alice.create(repo, private=False)
    files: dict[str, Content] = {"config.json": b"{}", "pytorch_model.bin": b"pickle"}
    commit = alice.commit(repo, files, message="A source", parent=alice.head(repo))
    with pytest.raises(BadInput, match="only pickled weights"):
        alice.snapshot(repo, commit)


def test_a_download_that_breaks_off_is_gone_on_with(
    alice: HuggingFaceHub, server: LocalHub, released: str
) -> None:
    fail(server, "GET .*/_blob", status=503)
    folder = alice.snapshot(released, alice.pin(released))
    assert (folder / "model.safetensors").read_bytes() == safetensors()


def test_a_front_matter_that_the_hub_refuses_is_the_users_to_mend(
    alice: HuggingFaceHub, repo: str, files: dict[str, Content]
) -> None:
    files["README.md"] = b"---\nlicense: 7\nbase_model: /home/me/Llama\n---\n"
    with pytest.raises(BadInput, match="refuses the card's front matter"):
        push(alice, plan_push(alice, repo, files, message="Release"))


def test_an_answer_that_is_no_json_is_tried_again(
    alice: HuggingFaceHub,
    server: LocalHub,
    repo: str,
    files: dict[str, Content],
    retries: Retries,
) -> None:
    plan = plan_push(alice, repo, files, message="Release")
    fail(server, "POST /api/validate-yaml", status=503)
    assert push(alice, plan, retries=retries).changed


def test_a_hub_that_never_answers_is_given_up(server: LocalHub, released: str) -> None:
    impatient = HuggingFaceHub(server.url, WRITER, retries=Retries(attempts=1), timeout=0.2)
    fail(server, "GET .*/api/models/", delay=1.0)
    with pytest.raises(Unavailable, match="did not answer in time"):
        impatient.info(released)
    client.prepare(server.url, client.TIMEOUT)


def test_a_hub_that_is_not_there_is_a_hub_problem() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(HubProblem, match="cannot be reached") as caught:
            HuggingFaceHub(address, retries=Retries(attempts=1)).info("acme/x")
    assert caught.value.exit_code == 4


def test_the_token_is_in_no_error_log_or_text(
    server: LocalHub, released: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    hub = HuggingFaceHub(server.url, WRITER, retries=Retries(attempts=1))
    problems: list[UserError] = []
    calls: list[Callable[[], object]] = [
        lambda: hub.info("acme/nope"),
        lambda: hub.create("other/x", private=True),
        lambda: hub.commit(
            released, {"x": WRITER.encode()}, message="x", parent=hub.head(released)
        ),
    ]
    for call in calls:
        with pytest.raises(UserError) as caught:
            call()
        problems.append(caught.value)
    assert len(problems) == 3
    assert WRITER not in caplog.text + repr(hub) + "".join(map(repr, problems))


def test_two_pushes_side_by_side_both_arrive(
    server: LocalHub, repo: str, files: dict[str, Content]
) -> None:
    hubs = [HuggingFaceHub(server.url, WRITER) for _ in range(2)]
    done: list[str] = []

    def work(hub: HuggingFaceHub, name: str) -> None:
        done.append(push(hub, plan_push(hub, name, files, message="Release")).repo)

    names = [f"{repo}-{i}" for i in range(2)]
    threads = [threading.Thread(target=work, args=pair) for pair in zip(hubs, names, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == names
