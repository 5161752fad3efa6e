"""The adapter, with the real client library over HTTP to the embedded Hub."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from hubq.errors import BadInput, HubProblem, UserError
from hubq.hub import client
from hubq.hub.cache import sources_folder
from hubq.hub.huggingface import HuggingFaceHub
from hubq.hub.port import Content, Unavailable
from hubq.hub.resolve import download, pin_source
from hubq.hub.retry import Retries
from tests.fakes import READER, WRITER, model_files, remote_file, safetensors

pytest.importorskip("starlette")

from hubq.localhub.faults import Entry, Fault
from hubq.localhub.server import LocalHub

SENT_ONCE = 2
"""Requests of an upload of one small LFS file: the content, and the check of it."""


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
    assert set(info.files) == {*files, ".gitattributes"}
    assert info.files["model.safetensors"] == remote_file("model.safetensors", safetensors())
    assert info.card["license"] == "apache-2.0"
    assert info.commit == alice.head(released) == alice.pin(released)
    assert info.files == alice.tree(released, info.commit)
    assert alice.read(released, info.commit, "hubq.json") == b"{}"
    assert len(commits(server)) == 1


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


def test_only_what_is_new_is_sent(
    released: str, alice: HuggingFaceHub, server: LocalHub, files: dict[str, Content]
) -> None:
    changed: dict[str, Content] = {**files, "hubq.json": b'{"new": 1}'}
    alice.commit(released, changed, message="Again", parent=alice.head(released))
    assert commits(server) == [200, 200]
    assert len([entry for entry in log(server) if "/_lfs/" in entry.path]) == SENT_ONCE
    assert len(alice.history(released)) == 3


def test_a_release_is_moved_to_main_by_few_requests(
    released: str, alice: HuggingFaceHub, server: LocalHub
) -> None:
    parent = alice.pin(released)
    alice.create_branch(released, "hubq/one", parent)
    weights: dict[str, Content] = {f"model-{i}.safetensors": safetensors(i) for i in range(9)}
    staged = alice.commit(released, weights, message="Stage", parent=parent, revision="hubq/one")
    assert server.faults is not None
    server.faults.clear_log()
    alice.commit(
        released,
        {"README.md": b"# Nine\n", "config.json": b"[]"},
        message="Release",
        parent=parent,
        copies=dict.fromkeys(weights, staged),
    )
    asked = [(entry.method, entry.path.split("/")[-2]) for entry in log(server)]
    assert asked == [
        ("POST", "api"),
        ("POST", "preupload"),
        ("POST", "paths-info"),
        ("POST", "paths-info"),
        ("POST", "commit"),
    ]
    assert weights.keys() <= alice.tree(released).keys()


def test_a_front_matter_that_the_hub_refuses_is_the_users_to_mend(
    alice: HuggingFaceHub, released: str
) -> None:
    card = b"---\nlicense: 7\nbase_model: /home/me/Llama\n---\n"
    with pytest.raises(BadInput, match="refuses the card's front matter"):
        alice.commit(released, {"README.md": card}, message="Release", parent=alice.head(released))


def test_an_answer_that_is_no_json_may_be_one_later(
    alice: HuggingFaceHub, released: str, server: LocalHub
) -> None:
    fail(server, "POST .*/commit/", status=200)
    with pytest.raises(Unavailable, match="not JSON"):
        alice.commit(released, {"x": b"x"}, message="Again", parent=alice.head(released))
    fail(server, "GET .*/refs", status=200)
    assert set(alice.refs(released).branches) == {"main"}


def test_two_commits_side_by_side_both_arrive(
    server: LocalHub, repo: str, files: dict[str, Content]
) -> None:
    hubs = [HuggingFaceHub(server.url, WRITER) for _ in range(2)]
    names = [f"{repo}-{i}" for i in range(2)]
    done: list[str] = []

    def work(hub: HuggingFaceHub, name: str) -> None:
        hub.create(name, private=False)
        hub.upload(name, files, known={})
        hub.commit(name, files, message="Release", parent=hub.head(name))
        done.append(name)

    threads = [threading.Thread(target=work, args=pair) for pair in zip(hubs, names, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == names
