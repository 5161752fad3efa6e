from __future__ import annotations

from collections.abc import Callable

import pytest
from huggingface_hub import CommitOperationAdd, DiscussionComment, HfApi
from huggingface_hub.community import DiscussionCommit, DiscussionStatusChange
from huggingface_hub.errors import BadRequestError, HfHubHTTPError

Client = Callable[[str], HfApi]


def _propose(api: HfApi, repo_id: str, files: dict[str, bytes]) -> int:
    operations = [CommitOperationAdd(path, content) for path, content in files.items()]
    made = api.create_commit(
        repo_id,
        operations,
        commit_message="Proposal",
        commit_description="Because",
        create_pr=True,
    )
    assert made.pr_num is not None
    return made.pr_num


def test_a_discussion_is_opened_commented_renamed_and_closed(client: Client, repo_id: str) -> None:
    bob, alice = client("bob"), client("alice")
    opened = bob.create_discussion(repo_id, "A question", description="Why?")
    assert (opened.num, opened.status, opened.is_pull_request) == (1, "open", False)
    comment = alice.comment_discussion(repo_id, 1, "Therefore.")
    assert isinstance(comment, DiscussionComment)
    assert (comment.author, comment.content) == ("alice", "Therefore.")
    assert bob.rename_discussion(repo_id, 1, "Answered").new_title == "Answered"
    assert bob.change_discussion_status(repo_id, 1, "closed", comment="Bye").new_status == "closed"
    details = alice.get_discussion_details(repo_id, 1)
    assert (details.title, details.status) == ("Answered", "closed")
    kinds = [event.type for event in details.events]
    assert kinds == ["comment", "comment", "title-change", "comment", "status-change"]
    alice.change_discussion_status(repo_id, 1, "open")
    with pytest.raises(HfHubHTTPError):
        client("nobody").comment_discussion(repo_id, 1, "Anonymous")
    with pytest.raises(BadRequestError):
        bob.create_discussion(repo_id, "No")


def test_a_pull_request_shows_its_commits_and_its_merge(
    api: HfApi, client: Client, repo_id: str
) -> None:
    number = _propose(client("bob"), repo_id, {"x.txt": b"x"})
    details = api.get_discussion_details(repo_id, number)
    assert details.is_pull_request
    assert details.git_reference == f"refs/pr/{number}"
    assert details.target_branch == "refs/heads/main"
    assert details.conflicting_files == []
    assert "x.txt" in str(details.diff)
    commits = [event for event in details.events if isinstance(event, DiscussionCommit)]
    assert commits[0].oid == api.model_info(repo_id, revision=f"refs/pr/{number}").sha
    api.merge_pull_request(repo_id, number)
    merged = api.get_discussion_details(repo_id, number)
    assert merged.status == "merged"
    assert merged.merge_commit_oid == api.model_info(repo_id).sha
    last = merged.events[-1]
    assert isinstance(last, DiscussionStatusChange)
    assert last.new_status == "merged"
    api.merge_pull_request(repo_id, number)
    assert api.get_discussion_details(repo_id, number).merge_commit_oid == merged.merge_commit_oid
    with pytest.raises(HfHubHTTPError):
        api.change_discussion_status(repo_id, number, "closed")


def test_a_merge_keeps_what_happened_on_main_meanwhile(api: HfApi, repo_id: str) -> None:
    number = _propose(api, repo_id, {"x.txt": b"x"})
    api.upload_file(path_or_fileobj=b"y", path_in_repo="y.txt", repo_id=repo_id)
    api.merge_pull_request(repo_id, number)
    assert {"x.txt", "y.txt"} <= set(api.list_repo_files(repo_id))


def test_conflicts_are_named_and_not_merged(api: HfApi, repo_id: str) -> None:
    number = _propose(api, repo_id, {"x.txt": b"one"})
    api.upload_file(path_or_fileobj=b"two", path_in_repo="x.txt", repo_id=repo_id)
    assert api.get_discussion_details(repo_id, number).conflicting_files == ["x.txt"]
    with pytest.raises(HfHubHTTPError) as caught:
        api.merge_pull_request(repo_id, number)
    assert caught.value.response.status_code == 409


def test_an_open_pull_request_is_found_by_its_author(
    api: HfApi, client: Client, repo_id: str
) -> None:
    bob = client("bob")
    first = _propose(bob, repo_id, {"x.txt": b"1"})
    second = _propose(bob, repo_id, {"x.txt": b"2"})
    bob.change_discussion_status(repo_id, first, "closed")
    _propose(api, repo_id, {"y.txt": b"3"})
    bob.create_discussion(repo_id, "Only talk")
    found = bob.get_repo_discussions(
        repo_id, author="bob", discussion_type="pull_request", discussion_status="open"
    )
    assert [item.num for item in found] == [second]
    assert len(list(bob.get_repo_discussions(repo_id))) == 4
    closed = bob.get_repo_discussions(repo_id, discussion_status="closed")
    assert [item.num for item in closed] == [first]


def test_an_empty_draft_becomes_open_with_its_first_commit(api: HfApi, repo_id: str) -> None:
    draft = api.create_pull_request(repo_id, "Work to come")
    assert draft.status == "draft"
    api.upload_file(
        path_or_fileobj=b"x", path_in_repo="x.txt", repo_id=repo_id, revision=draft.git_reference
    )
    assert api.get_discussion_details(repo_id, draft.num).status == "open"


def test_a_stranger_cannot_change_a_pull_request(api: HfApi, client: Client, repo_id: str) -> None:
    number = _propose(api, repo_id, {"x.txt": b"x"})
    bob = client("bob")
    with pytest.raises(HfHubHTTPError):
        bob.change_discussion_status(repo_id, number, "closed")
    with pytest.raises(HfHubHTTPError):
        bob.upload_file(
            path_or_fileobj=b"y",
            path_in_repo="y.txt",
            repo_id=repo_id,
            revision=f"refs/pr/{number}",
        )
    with pytest.raises(HfHubHTTPError) as caught:
        bob.get_discussion_details(repo_id, 99)
    assert caught.value.response.status_code == 404
