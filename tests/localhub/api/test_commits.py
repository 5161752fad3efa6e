from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
from huggingface_hub import (
    CommitOperationAdd,
    CommitOperationCopy,
    CommitOperationDelete,
    HfApi,
)
from huggingface_hub.errors import BadRequestError, HfHubHTTPError, RevisionNotFoundError

from hubq.localhub.server import LocalHub

Client = Callable[[str], HfApi]


def _commit(api: HfApi, repo_id: str, files: dict[str, bytes], **options: str | bool) -> str:
    operations = [CommitOperationAdd(path, content) for path, content in files.items()]
    made = api.create_commit(repo_id, operations, commit_message="Change", **options)  # type: ignore[call-overload]
    return str(made.oid)


def test_a_commit_moves_the_branch_by_one(api: HfApi, repo_id: str) -> None:
    before = api.model_info(repo_id).sha
    made = api.create_commit(
        repo_id,
        [CommitOperationAdd("x.txt", b"x")],
        commit_message="Title",
        commit_description="Why",
        parent_commit=before,
    )
    assert made.commit_url == f"{api.endpoint}/{repo_id}/commit/{made.oid}"
    newest = api.list_repo_commits(repo_id)[0]
    assert (newest.commit_id, newest.title, newest.message) == (made.oid, "Title", "Why")


def test_a_stale_parent_is_told_in_the_hubs_words(api: HfApi, repo_id: str) -> None:
    old = str(api.model_info(repo_id).sha)
    head = _commit(api, repo_id, {"x.txt": b"1"}, parent_commit=old)
    with pytest.raises(HfHubHTTPError, match="The branch was updated since you opened") as caught:
        _commit(api, repo_id, {"x.txt": b"2"}, parent_commit=old)
    assert caught.value.response.status_code == 412
    assert api.model_info(repo_id).sha == head


def test_committing_the_same_again_makes_no_commit(hub: LocalHub, api: HfApi, repo_id: str) -> None:
    assert hub.faults is not None
    files = {"x.txt": b"x", "w.safetensors": b"weights"}
    head = _commit(api, repo_id, files)
    hub.faults.clear_log()
    assert _commit(api, repo_id, files) == head
    assert not [entry for entry in hub.faults.log() if "/commit/" in entry.path]
    assert sum(entry.method == "PUT" for entry in hub.faults.log()) == 0


def test_files_and_folders_are_deleted_and_replaced(api: HfApi, repo_id: str) -> None:
    _commit(api, repo_id, {"a/x": b"1", "a/y": b"2", "b": b"3"})
    api.create_commit(
        repo_id,
        [
            CommitOperationDelete("a/"),
            CommitOperationDelete("b"),
            CommitOperationAdd("a", b"now a file"),
        ],
        commit_message="Tidy",
    )
    assert api.list_repo_files(repo_id) == [".gitattributes", "README.md", "a", "config.json"]
    for missing in (CommitOperationDelete("none"), CommitOperationDelete("none/")):
        with pytest.raises(HfHubHTTPError):
            api.create_commit(repo_id, [missing], commit_message="No")


def test_files_are_copied_without_sending_them(hub: LocalHub, api: HfApi, repo_id: str) -> None:
    assert hub.faults is not None
    _commit(api, repo_id, {"w.safetensors": b"weights", "x.txt": b"x"})
    api.create_branch(repo_id, branch="staged")
    hub.faults.clear_log()
    api.create_commit(
        repo_id,
        [
            CommitOperationCopy("w.safetensors", "sub/copy.safetensors", src_revision="staged"),
            CommitOperationCopy("x.txt", "sub/copy.txt"),
        ],
        commit_message="Copy",
    )
    assert not [entry for entry in hub.faults.log() if entry.method == "PUT"]
    files = {
        file.path: file.blob_id
        for file in api.list_repo_tree(repo_id, recursive=True)
        if hasattr(file, "blob_id")
    }
    assert files["sub/copy.safetensors"] == files["w.safetensors"]
    assert files["sub/copy.txt"] == files["x.txt"]


def test_a_reader_proposes_and_a_writer_merges(api: HfApi, client: Client, repo_id: str) -> None:
    bob = client("bob")
    with pytest.raises(HfHubHTTPError) as caught:
        _commit(bob, repo_id, {"x.txt": b"x"})
    assert caught.value.response.status_code == 403
    operations = [CommitOperationAdd("x.txt", b"x"), CommitOperationAdd("w.bin", b"weights")]
    made = bob.create_commit(repo_id, operations, commit_message="Please", create_pr=True)
    assert made.pr_num == 1
    assert made.pr_revision == "refs/pr/1"
    _commit(bob, repo_id, {"y.txt": b"y"}, revision="refs/pr/1")
    refs = api.list_repo_refs(repo_id, include_pull_requests=True)
    assert refs.pull_requests is not None
    assert refs.pull_requests[0].ref == "refs/pr/1"
    assert "y.txt" in api.list_repo_files(repo_id, revision="refs/pr/1")
    assert "x.txt" not in api.list_repo_files(repo_id)
    with pytest.raises(HfHubHTTPError):
        bob.merge_pull_request(repo_id, 1)
    api.merge_pull_request(repo_id, 1, comment="Thanks")
    assert {"x.txt", "y.txt", "w.bin"} <= set(api.list_repo_files(repo_id))


def test_a_pull_request_starts_from_the_commit_it_names(api: HfApi, repo_id: str) -> None:
    old = str(api.model_info(repo_id).sha)
    _commit(api, repo_id, {"x.txt": b"1"})
    _commit(api, repo_id, {"y.txt": b"2"}, parent_commit=old, create_pr=True)
    assert "x.txt" not in api.list_repo_files(repo_id, revision="refs/pr/1")
    assert api.get_discussion_details(repo_id, 1).conflicting_files == []


def test_a_commit_needs_a_branch(api: HfApi, repo_id: str) -> None:
    head = str(api.model_info(repo_id).sha)
    for revision in ("none", head):
        with pytest.raises(RevisionNotFoundError):
            _commit(api, repo_id, {"x.txt": b"x"}, revision=revision)


def test_a_folder_is_uploaded_and_ignored_files_are_left_out(
    api: HfApi, repo_id: str, tmp_path: Path
) -> None:
    for path in ("a.txt", "sub/b.txt", "skip.tmp", ".gitignore"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text("*.tmp\n")
    api.upload_folder(repo_id=repo_id, folder_path=tmp_path)
    files = api.list_repo_files(repo_id)
    assert {"a.txt", "sub/b.txt", ".gitignore"} <= set(files)
    assert "skip.tmp" not in files


def test_a_token_of_this_hub_is_never_published(api: HfApi, client: Client, repo_id: str) -> None:
    secret = str(client("bob").token).encode()
    with pytest.raises(BadRequestError, match="holds a valid access token"):
        _commit(api, repo_id, {"log.txt": b"token=" + secret})


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "must be its header"),
        ([{"key": "header", "value": {}}], "Invalid header"),
        ([{"key": "header", "value": {"summary": " "}}], "needs a summary"),
        (["file"], "not a key with a value"),
        ([{"key": "file", "value": {"path": "x", "content": "%"}}], "not base64"),
        ([{"key": "file", "value": {"path": "../x", "content": ""}}], "not a path"),
        ([{"key": "lfsFile", "value": {"path": "x", "oid": "0" * 64}}], "was not uploaded"),
        ([{"key": "lfsFile", "value": {"path": "x", "oid": "../x"}}], "not a sha256"),
        ([{"key": "teleport", "value": {"path": "x"}}], "Unknown operation"),
        (
            [
                {
                    "key": "file",
                    "value": {"path": "README.md", "content": "LS0tCmE6IGI6IGMKLS0tCg=="},
                }
            ],
            "Invalid metadata",
        ),
    ],
)
def test_malformed_commits_are_refused(
    http: httpx2.Client, api: HfApi, repo_id: str, lines: list[object], words: str
) -> None:
    good = {"key": "header", "value": {"summary": "x"}}
    first = (
        [] if not lines or (isinstance(lines[0], dict) and lines[0]["key"] == "header") else [good]
    )
    body = "\n".join(json.dumps(line) for line in [*first, *lines])
    address = f"{api.endpoint}/api/models/{repo_id}/commit/main"
    before = api.model_info(repo_id).sha
    answer = http.post(address, content=body, headers={"Authorization": f"Bearer {api.token}"})
    assert answer.status_code == 400
    assert words in answer.json()["error"]
    assert api.model_info(repo_id).sha == before
