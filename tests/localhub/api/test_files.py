from __future__ import annotations

import os
from pathlib import Path

import httpx2
import pytest
from huggingface_hub import CommitOperationAdd, HfApi, hf_hub_url, snapshot_download
from huggingface_hub.errors import EntryNotFoundError, RevisionNotFoundError
from huggingface_hub.hf_api import RepoFile, RepoFolder

from hubq.localhub.server import LocalHub

_FILES = {
    "model.safetensors": os.urandom(300_000),
    "sub/deep/notes.txt": b"notes\n",
    "sub/other.txt": b"other\n",
    "a b/ü.txt": b"name\n",
    "empty.txt": b"",
}


@pytest.fixture
def filled(api: HfApi, repo_id: str) -> str:
    operations = [CommitOperationAdd(path, content) for path, content in _FILES.items()]
    api.create_commit(repo_id, operations, commit_message="More files")
    return repo_id


def test_a_snapshot_is_the_same_to_the_byte(api: HfApi, filled: str, tmp_path: Path) -> None:
    token = api.token
    assert isinstance(token, str)
    folder = Path(snapshot_download(filled, endpoint=api.endpoint, token=token, cache_dir=tmp_path))
    for path, content in _FILES.items():
        assert (folder / path).read_bytes() == content
    again = tmp_path / "local"
    snapshot_download(filled, endpoint=api.endpoint, token=token, local_dir=again)
    checked = api.verify_repo_checksums(filled, local_dir=again)
    assert checked.mismatches == []
    assert not checked.missing_paths


def test_a_tree_comes_in_pages_with_folders(api: HfApi, filled: str) -> None:
    entries = list(api.list_repo_tree(filled, recursive=True))
    assert len(entries) > 5
    folders = [entry.path for entry in entries if isinstance(entry, RepoFolder)]
    assert folders == ["a b", "sub", "sub/deep"]
    top = [entry.path for entry in api.list_repo_tree(filled)]
    assert "sub" in top
    assert "sub/other.txt" not in top
    below = list(api.list_repo_tree(filled, "sub/deep", expand=True))
    assert isinstance(below[0], RepoFile)
    assert below[0].last_commit is not None
    assert below[0].last_commit.title == "More files"
    with pytest.raises(EntryNotFoundError):
        list(api.list_repo_tree(filled, "none"))


def test_paths_are_described_and_missing_ones_left_out(api: HfApi, filled: str) -> None:
    found = api.get_paths_info(filled, ["model.safetensors", "sub", "none", "a b/ü.txt"])
    assert [entry.path for entry in found] == ["model.safetensors", "sub", "a b/ü.txt"]
    weights = found[0]
    assert isinstance(weights, RepoFile)
    assert weights.lfs is not None
    assert weights.lfs.size == 300_000
    expanded = api.get_paths_info(filled, ["config.json"], expand=True)[0]
    assert expanded.last_commit is not None
    assert expanded.last_commit.title == "First files"


def test_history_is_listed_newest_first(api: HfApi, filled: str) -> None:
    for number in range(4):
        api.upload_file(path_or_fileobj=b"%d" % number, path_in_repo="n.txt", repo_id=filled)
    commits = api.list_repo_commits(filled)
    assert commits[-1].title == "initial commit"
    assert len(commits) == 7
    assert commits[0].authors == ["local"]
    assert commits[0].created_at > commits[-1].created_at


def test_parts_of_a_file_can_be_read(http: httpx2.Client, api: HfApi, filled: str) -> None:
    address = hf_hub_url(filled, "model.safetensors", endpoint=api.endpoint)
    headers = {"Range": "bytes=100-199"}
    answer = http.get(address, headers=headers, follow_redirects=True)
    assert answer.status_code == 206
    assert answer.content == _FILES["model.safetensors"][100:200]
    assert answer.headers["content-range"] == "bytes 100-199/300000"
    beyond = http.get(address, headers={"Range": "bytes=400000-"}, follow_redirects=True)
    assert beyond.status_code == 416


def test_an_interrupted_download_is_resumed(api: HfApi, filled: str, tmp_path: Path) -> None:
    entry = api.get_paths_info(filled, ["model.safetensors"])[0]
    assert isinstance(entry, RepoFile)
    assert entry.lfs is not None
    name = f"models--{filled.replace('/', '--')}"
    blobs = tmp_path / name / "blobs"
    blobs.mkdir(parents=True)
    content = _FILES["model.safetensors"]
    (blobs / f"{entry.lfs.sha256}.incomplete").write_bytes(content[:100_000])
    path = api.hf_hub_download(filled, "model.safetensors", cache_dir=tmp_path)
    assert Path(path).read_bytes() == content


def test_a_large_file_is_sent_by_way_of_the_other_loopback_name(
    http: httpx2.Client, hub: LocalHub, api: HfApi, filled: str
) -> None:
    address = hf_hub_url(filled, "model.safetensors", endpoint=api.endpoint)
    answer = http.head(address)
    head = api.model_info(filled).sha
    assert answer.status_code == 302
    assert answer.headers["x-repo-commit"] == head
    assert answer.headers["x-linked-size"] == "300000"
    assert answer.headers["location"].startswith(hub.url.replace("127.0.0.1", "localhost"))
    signed = http.get(answer.headers["location"])
    assert signed.content == _FILES["model.safetensors"]
    forged = http.get(answer.headers["location"].replace("oid=", "oid=0"))
    assert forged.status_code == 403


def test_a_small_file_is_sent_with_git_id_and_commit(
    http: httpx2.Client, api: HfApi, filled: str
) -> None:
    answer = http.head(hf_hub_url(filled, "config.json", endpoint=api.endpoint))
    entry = api.get_paths_info(filled, ["config.json"])[0]
    assert isinstance(entry, RepoFile)
    assert answer.status_code == 200
    assert answer.headers["etag"] == f'"{entry.blob_id}"'
    assert answer.headers["x-repo-commit"] == api.model_info(filled).sha
    assert answer.headers["content-length"] == str(entry.size)


def test_missing_files_and_revisions_are_told_apart(
    http: httpx2.Client, api: HfApi, filled: str
) -> None:
    with pytest.raises(EntryNotFoundError):
        api.hf_hub_download(filled, "none.txt")
    with pytest.raises(RevisionNotFoundError):
        api.hf_hub_download(filled, "config.json", revision="none")
    answer = http.head(hf_hub_url(filled, "none.txt", endpoint=api.endpoint))
    assert answer.headers["x-repo-commit"] == api.model_info(filled).sha


def test_a_browser_never_runs_what_a_repo_holds(
    http: httpx2.Client, api: HfApi, repo_id: str
) -> None:
    page = b"<script>alert(1)</script>"
    api.upload_file(path_or_fileobj=page, path_in_repo="x.html", repo_id=repo_id)
    answer = http.get(hf_hub_url(repo_id, "x.html", endpoint=api.endpoint))
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
