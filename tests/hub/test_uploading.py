"""Large files on their way to an embedded Hub, and to one that answers strangely."""

from __future__ import annotations

import hashlib
import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import CommitOperationAdd, HfApi

from hubq.errors import BadInput, UserError
from hubq.hub import client
from hubq.hub.failures import Call
from hubq.hub.port import Content, Unavailable
from hubq.hub.retry import Retries
from hubq.hub.uploading import Uploader
from hubq.localhub.faults import Entry, Fault, Faults
from hubq.localhub.server import LocalHub
from tests.fakes import READER, WRITER

pytestmark = pytest.mark.long

PART = 64 << 10
BIG = os.urandom(4 * PART + 1000)
PATH = "model-00001-of-00002.safetensors"
REPO = "acme/big"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    """An embedded Hub that takes files of more than 64 KiB in parts."""
    folder = tmp_path_factory.mktemp("hub")
    with LocalHub(folder, faults=True, part_bytes=PART, durable=False) as hub:
        hub.storage.accounts.add("alice", role="write", orgs=("acme",), token=WRITER)
        hub.storage.accounts.add("bob", role="read", token=READER)
        yield hub


@pytest.fixture
def served(running: LocalHub) -> LocalHub:
    """The embedded Hub with an empty repo, an empty log and no planned failures."""
    faults(running).clear()
    api(running).delete_repo(REPO, missing_ok=True)
    api(running).create_repo(REPO, visibility="public")
    faults(running).clear_log()
    return running


def api(hub: LocalHub, token: str = WRITER) -> HfApi:
    client.prepare(hub.url, client.TIMEOUT)
    return HfApi(endpoint=hub.url, token=token)


def faults(hub: LocalHub) -> Faults:
    assert hub.faults is not None
    return hub.faults


def puts(hub: LocalHub) -> list[Entry]:
    return [entry for entry in faults(hub).log() if entry.method == "PUT"]


def parts(hub: LocalHub) -> list[str]:
    """The parts that were taken, in the order of their answers."""
    taken = [entry.query for entry in puts(hub) if entry.status == 200]
    return sorted(field for query in taken for field in query.split("&") if "part=" in field)


class Told:
    """What was told of each file."""

    def __init__(self) -> None:
        self.seen: dict[str, list[tuple[int, int]]] = {}
        self._lock = threading.Lock()

    def __call__(self, path: str, done: int, total: int) -> None:
        with self._lock:
            self.seen.setdefault(path, []).append((done, total))


def send(
    hub: LocalHub,
    files: dict[str, Content],
    *,
    uploader: Uploader | None = None,
    token: str = WRITER,
    waits: list[float] | None = None,
    **more: Any,
) -> str:
    call = Call(endpoint=hub.url, repo=REPO, doing="write to", token=token)
    retries = Retries(attempts=3, sleep=(waits if waits is not None else []).append)
    known = {
        path: sha256(content if isinstance(content, bytes) else content.read_bytes())
        for path, content in files.items()
    }
    used = uploader or Uploader(retries)
    return used.upload(api(hub, token), call, files, known=known, **more)


def commit(hub: LocalHub, uploader: Uploader, files: dict[str, bytes]) -> None:
    additions = [CommitOperationAdd(path, content) for path, content in files.items()]
    uploader.mark(REPO, additions)
    with client.committing():
        api(hub).create_commit(REPO, additions, commit_message="Release")


@pytest.fixture
def shard(tmp_path: Path) -> Path:
    path = tmp_path / "shard"
    path.write_bytes(BIG)
    return path


def test_parts_are_sent_and_joined_and_nothing_is_sent_again(served: LocalHub, shard: Path) -> None:
    told, uploader = Told(), Uploader(Retries())
    files: dict[str, Content] = {PATH: shard, "config.json": b"{}"}
    assert send(served, files, uploader=uploader, progress=told) == "LFS"
    assert len(puts(served)) == 5
    assert served.storage.blobs.read(sha256(BIG)) == BIG
    done = [now for now, _ in told.seen[PATH]]
    assert done == sorted(set(done))
    assert done[-1] == len(BIG)
    assert {total for _, total in told.seen[PATH]} == {len(BIG)}
    assert list(told.seen) == [PATH]
    faults(served).clear_log()
    commit(served, uploader, {PATH: BIG, "config.json": b"{}"})
    asked = [entry.path.rsplit("/", 2)[-2] for entry in faults(served).log()]
    assert asked == ["preupload", "commit"]
    assert send(served, files) == ""
    assert not puts(served)


def test_what_the_hub_has_is_told_as_done_and_not_sent(served: LocalHub, shard: Path) -> None:
    send(served, {PATH: shard})
    faults(served).clear_log()
    told = Told()
    assert send(served, {PATH: shard, "copy.safetensors": BIG}, progress=told) == ""
    assert not puts(served)
    assert told.seen == {name: [(len(BIG), len(BIG))] for name in (PATH, "copy.safetensors")}


def test_one_content_under_two_names_is_sent_once(served: LocalHub) -> None:
    told = Told()
    files: dict[str, Content] = {"a.safetensors": b"x" * 500, "b.safetensors": b"x" * 500}
    assert send(served, files, progress=told) == "LFS"
    assert len(puts(served)) == 1
    assert [told.seen[name][-1] for name in sorted(told.seen)] == [(500, 500)] * 2


def test_small_and_empty_files_are_passed_over(served: LocalHub) -> None:
    assert send(served, {"config.json": b"{}", "empty.safetensors": b""}) == ""
    assert [entry.path.rsplit("/", 2)[-2] for entry in faults(served).log()] == ["preupload"]


def test_no_token_goes_to_the_address_of_a_part(served: LocalHub, shard: Path) -> None:
    seen: list[tuple[str, bool]] = []
    session = client_session()
    hooks = session.event_hooks
    note = lambda request: seen.append((request.method, "authorization" in request.headers))  # noqa: E731
    session.event_hooks = {**hooks, "request": [*hooks["request"], note]}
    try:
        send(served, {PATH: shard})
    finally:
        session.event_hooks = hooks
    assert {token for method, token in seen if method == "PUT"} == {False}
    assert ("POST", True) in seen


def client_session() -> Any:
    from huggingface_hub.utils._http import get_session

    return get_session()


@pytest.mark.parametrize("after", ["before", "after"])
@pytest.mark.parametrize(
    "step", ["preupload", "batch", "_lfs/part", "_lfs/complete", "_lfs/verify"]
)
def test_a_lost_answer_is_asked_for_again(
    served: LocalHub, shard: Path, step: str, after: Any
) -> None:
    faults(served).add(Fault(match=step, drop=True, when=after))
    waits: list[float] = []
    assert send(served, {PATH: shard}, waits=waits) == "LFS"
    assert waits == [1]
    assert served.storage.blobs.read(sha256(BIG)) == BIG


def test_the_hub_says_how_long_to_wait(served: LocalHub, shard: Path) -> None:
    limit = {"RateLimit": '"api";r=0;t=7'}
    faults(served).add(Fault(match="_lfs/part", status=429, headers=limit))
    faults(served).add(Fault(match="batch", status=503, headers={"Retry-After": "3"}))
    waits: list[float] = []
    send(served, {PATH: shard}, waits=waits)
    assert waits == [3, 7]


def test_progress_never_falls_when_a_part_is_sent_again(served: LocalHub, shard: Path) -> None:
    faults(served).add(Fault(match="part=2", status=500, when="after"))
    told = Told()
    send(served, {PATH: shard}, progress=told)
    done = [now for now, _ in told.seen[PATH]]
    assert done == sorted(set(done))
    assert done[-1] == len(BIG)


def test_a_hub_that_stays_away_is_said_with_the_file(served: LocalHub, shard: Path) -> None:
    faults(served).add(Fault(match="_lfs/part", status=503, times=99))
    with pytest.raises(Unavailable, match=rf"^{PATH}: .* answered 503 for {REPO}"):
        send(served, {PATH: shard})


def test_an_expired_address_is_asked_for_anew(served: LocalHub, shard: Path) -> None:
    faults(served).add(Fault(match="part=3", status=403))
    waits: list[float] = []
    assert send(served, {PATH: shard}, waits=waits) == "LFS"
    assert waits == []
    batches = [entry for entry in faults(served).log() if entry.path.endswith("/batch")]
    assert len(batches) == 2


def test_a_refusal_that_stays_is_final_and_names_repo_and_file(
    served: LocalHub, shard: Path
) -> None:
    faults(served).add(Fault(match="_lfs/part", status=403, times=99))
    waits: list[float] = []
    with pytest.raises(BadInput, match=rf"^{PATH}: {REPO}: no permission") as caught:
        send(served, {PATH: shard}, waits=waits)
    assert waits == []
    assert "signature=" not in str(caught.value)


def test_a_refused_verification_does_not_send_the_file_again(served: LocalHub) -> None:
    faults(served).add(Fault(match="_lfs/verify", status=403, times=99))
    # The content has arrived all the same, as the hub says when it is asked.
    assert send(served, {"x.safetensors": b"x" * 100}) == "LFS"
    assert len(puts(served)) == 1


def test_notes_let_a_second_run_send_only_what_is_missing(
    served: LocalHub, shard: Path, tmp_path: Path
) -> None:
    notes = tmp_path / "publication" / "uploads.json"
    faults(served).add(Fault(match="part=[45]&", status=503, times=99))
    with pytest.raises(Unavailable):
        send(served, {PATH: shard}, notes=notes)
    assert stat.S_IMODE(notes.stat().st_mode) == 0o600
    text = notes.read_text()
    assert WRITER not in text
    assert served.url not in text
    first = parts(served)
    assert {"part=1", "part=2", "part=3"} >= set(first)
    faults(served).clear()
    told = Told()
    assert send(served, {PATH: shard}, notes=notes, progress=told) == "LFS"
    assert parts(served) == [f"part={number}" for number in range(1, 6)]
    assert told.seen[PATH][0][0] >= len(first) * PART
    assert not notes.exists()
    assert served.storage.blobs.read(sha256(BIG)) == BIG


def test_notes_are_good_for_the_same_hub_at_another_port(tmp_path: Path, shard: Path) -> None:
    notes = tmp_path / "uploads.json"
    for broken in (True, False):
        with LocalHub(tmp_path / "hub", faults=True, part_bytes=PART, durable=False) as hub:
            hub.storage.accounts.add("alice", role="write", orgs=("acme",), token=WRITER)
            api(hub).create_repo(REPO, visibility="public", exist_ok=True)
            if broken:
                faults(hub).add(Fault(match="part=5&", status=503, times=99))
                with pytest.raises(Unavailable):
                    send(hub, {PATH: shard}, notes=notes)
                before = parts(hub)
            else:
                assert send(hub, {PATH: shard}, notes=notes) == "LFS"
                assert sorted([*before, *parts(hub)]) == [f"part={i}" for i in range(1, 6)]


def test_notes_that_are_broken_or_of_another_hub_are_no_notes(
    served: LocalHub, shard: Path, tmp_path: Path
) -> None:
    notes = tmp_path / "uploads.json"
    notes.write_text("{ broken")
    assert send(served, {PATH: shard}, notes=notes) == "LFS"
    assert not notes.exists() or notes.read_text() == "{ broken"
    other = os.urandom(2 * PART)
    faults(served).add(Fault(match="part=2&", status=503, times=99))
    with pytest.raises(Unavailable):
        send(served, {"y.safetensors": other}, notes=notes)
    faults(served).clear()
    stale = notes.read_text().replace("signature=", "signature=0")
    notes.write_text(stale)
    assert send(served, {"y.safetensors": other}, notes=notes) == "LFS"
    assert served.storage.blobs.read(sha256(other)) == other


def test_who_may_only_read_can_bring_what_a_pull_request_holds(
    served: LocalHub, shard: Path
) -> None:
    with pytest.raises(BadInput, match=REPO):
        send(served, {PATH: shard}, token=READER)
    assert send(served, {PATH: shard}, token=READER, propose=True) == "LFS"


def test_a_file_that_changes_on_the_way_is_said(served: LocalHub, tmp_path: Path) -> None:
    path = tmp_path / "shrinking"
    path.write_bytes(BIG)

    def cut(name: str, done: int, total: int) -> None:
        del name, done, total
        if path.stat().st_size == len(BIG):
            os.truncate(path, 1000)

    with pytest.raises(BadInput, match="was changed while it was sent"):
        send(served, {PATH: path}, progress=cut)


def test_the_first_failure_ends_the_others(served: LocalHub, shard: Path) -> None:
    faults(served).add(Fault(match="part=1&", status=413))
    faults(served).add(Fault(match="part=[2-4]&", delay=0.3, times=9))
    with pytest.raises(UserError, match="413"):
        send(served, {PATH: shard})
    assert "part=5" not in parts(served)
