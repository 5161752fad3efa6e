"""Which way large files go: Xet where the server has it, LFS elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from huggingface_hub import CommitOperationAdd, HfApi, constants

from hubq.hub import client
from hubq.hub.failures import Call
from hubq.hub.port import Content, Unavailable
from hubq.hub.retry import Retries
from hubq.hub.uploading import Uploader
from hubq.localhub.server import LocalHub
from tests.hub.xet_hub import XetHub

pytestmark = pytest.mark.long

REPO = "local/big"
BIG = os.urandom(300_000)


@pytest.fixture(autouse=True)
def _xet_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("hf_xet")
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", False)


def api(hub: LocalHub) -> HfApi:
    client.prepare(hub.url, client.TIMEOUT)
    made = HfApi(endpoint=hub.url, token=hub.token)
    made.create_repo(REPO, visibility="public", exist_ok=True)
    return made


def send(hub: LocalHub, files: dict[str, Content], uploader: Uploader | None = None) -> str:
    call = Call(endpoint=hub.url, repo=REPO, doing="write to", token=hub.token)
    used = uploader or Uploader(Retries(attempts=1))
    return used.upload(api(hub), call, files, known={})


@pytest.fixture
def shard(tmp_path: Path) -> Path:
    path = tmp_path / "shard"
    path.write_bytes(BIG)
    return path


def test_a_server_with_xet_is_sent_to_by_xet(tmp_path: Path, shard: Path) -> None:
    told: list[tuple[str, int, int]] = []
    with XetHub(tmp_path / "hub") as hub:
        call = Call(endpoint=hub.url, repo=REPO, doing="write to", token=hub.token)
        files: dict[str, Content] = {"model.safetensors": shard, "config.json": b"{}"}
        way = Uploader(Retries()).upload(
            api(hub), call, files, known={}, progress=lambda *what: told.append(what)
        )
        assert way == "Xet"
        sizes = [size for line, size in hub.sent if "/xorbs/" in line]
        assert sum(sizes) >= len(BIG)
        assert hub.faults is not None
        assert not [entry for entry in hub.faults.log() if entry.path.endswith("/batch")]
    assert told[-1] == ("model.safetensors", len(BIG), len(BIG))


def test_the_commit_that_follows_neither_asks_nor_sends_again(tmp_path: Path, shard: Path) -> None:
    uploader = Uploader(Retries())
    with XetHub(tmp_path / "hub") as hub:
        send(hub, {"model.safetensors": shard}, uploader)
        addition = CommitOperationAdd("model.safetensors", str(shard))
        _ = addition.upload_info.sha256
        uploader.mark(REPO, [addition])
        sent = len(hub.sent)
        # This content store keeps nothing, so the file is put there as the real one would do.
        hub.storage.repo(REPO, "model").claim(hub.storage.blobs.put(BIG))
        with client.committing():
            api(hub).create_commit(REPO, [addition], commit_message="Release")
        assert len(hub.sent) == sent


def test_the_question_is_asked_once_for_each_repo(tmp_path: Path, shard: Path) -> None:
    uploader = Uploader(Retries())
    with XetHub(tmp_path / "hub", status=404) as hub:
        for name in ("a", "b"):
            assert send(hub, {f"{name}.bin": name.encode() * 99}, uploader) == "LFS"
        assert hub.asked == [f"/api/models/{REPO}/xet-write-token/main"]


@pytest.mark.parametrize("status", [401, 403, 404, 501])
def test_a_server_without_xet_is_sent_to_by_lfs(tmp_path: Path, shard: Path, status: int) -> None:
    with XetHub(tmp_path / "hub", status=status) as hub:
        assert send(hub, {"model.safetensors": shard}) == "LFS"
        assert hub.sent == []


def test_the_embedded_hub_has_no_xet_and_is_served(tmp_path: Path, shard: Path) -> None:
    with LocalHub(tmp_path / "hub", durable=False) as hub:
        assert send(hub, {"model.safetensors": shard}) == "LFS"


def test_a_server_that_cannot_say_now_is_asked_later(tmp_path: Path, shard: Path) -> None:
    with XetHub(tmp_path / "hub", status=503) as hub, pytest.raises(Unavailable, match="503"):
        send(hub, {"model.safetensors": shard})


def test_xet_can_be_forbidden(tmp_path: Path, shard: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    with XetHub(tmp_path / "hub") as hub:
        assert send(hub, {"model.safetensors": shard}) == "LFS"
        assert hub.asked == []


def test_a_transfer_that_breaks_off_says_the_way_round(tmp_path: Path, shard: Path) -> None:
    with XetHub(tmp_path / "hub", broken=True) as hub:
        with pytest.raises(Unavailable, match=f"^{REPO}: the Xet transfer to .* broke off: ") as it:
            send(hub, {"model.safetensors": shard})
        assert "HF_HUB_DISABLE_XET=1" in it.value.remedy
        assert "\n" not in it.value.message
        assert "short-lived" not in str(it.value)
