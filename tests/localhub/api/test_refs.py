from __future__ import annotations

import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError, RevisionNotFoundError


def test_branches_with_slashes_come_and_go(api: HfApi, repo_id: str) -> None:
    first = api.list_repo_commits(repo_id)[-1].commit_id
    api.create_branch(repo_id, branch="hubq/release-1", revision=first)
    api.create_branch(repo_id, branch="hubq/release-1", exist_ok=True)
    with pytest.raises(HfHubHTTPError) as caught:
        api.create_branch(repo_id, branch="hubq/release-1")
    assert caught.value.response.status_code == 409
    branches = {ref.name: ref.target_commit for ref in api.list_repo_refs(repo_id).branches}
    assert branches["hubq/release-1"] == first
    api.upload_file(
        path_or_fileobj=b"x", path_in_repo="x.txt", repo_id=repo_id, revision="hubq/release-1"
    )
    assert api.list_repo_files(repo_id, revision="hubq/release-1") == [".gitattributes", "x.txt"]
    api.delete_branch(repo_id, branch="hubq/release-1")
    with pytest.raises(RevisionNotFoundError):
        api.model_info(repo_id, revision="hubq/release-1")


def test_main_cannot_be_deleted(api: HfApi, repo_id: str) -> None:
    with pytest.raises(HfHubHTTPError) as caught:
        api.delete_branch(repo_id, branch="main")
    assert caught.value.response.status_code == 403


def test_tags_stay_where_they_are(api: HfApi, repo_id: str) -> None:
    head = api.model_info(repo_id).sha
    api.create_tag(repo_id, tag="v1.0", tag_message="First")
    api.create_tag(repo_id, tag="v1.0", exist_ok=True)
    api.upload_file(path_or_fileobj=b"x", path_in_repo="x.txt", repo_id=repo_id)
    assert api.model_info(repo_id, revision="v1.0").sha == head
    assert [tag.name for tag in api.list_repo_refs(repo_id).tags] == ["v1.0"]
    api.delete_tag(repo_id, tag="v1.0")
    with pytest.raises(RevisionNotFoundError):
        api.delete_tag(repo_id, tag="v1.0")


def test_a_history_is_squashed(api: HfApi, repo_id: str) -> None:
    files = api.list_repo_files(repo_id)
    api.super_squash_history(repo_id, commit_message="One commit")
    assert [commit.title for commit in api.list_repo_commits(repo_id)] == ["One commit"]
    assert api.list_repo_files(repo_id) == files
