from __future__ import annotations

import pytest

from hubq.localhub import Storage
from hubq.localhub.problems import (
    BadRequestError,
    ConflictError,
    EntryNotFoundError,
    RevisionNotFoundError,
    StaleParentError,
)
from hubq.localhub.repository import Repository


@pytest.fixture
def repo(storage: Storage) -> Repository:
    return storage.create_repo("a/b", author="local")


def _add(storage: Storage, repo: Repository, path: str, text: str, branch: str = "main") -> str:
    entry = storage.store_file(text.encode())
    return repo.advance(branch, {path: entry}, author="local", title=f"Add {path}")


def test_a_revision_is_a_branch_a_tag_a_ref_or_an_id(storage: Storage, repo: Repository) -> None:
    first = repo.head()
    second = _add(storage, repo, "x", "1")
    repo.add_ref("tags", "v1", first)
    repo.add_ref("heads", "dev/try", second)
    assert repo.head("v1") == repo.head("refs/tags/v1") == repo.head(first[:8]) == first
    assert repo.head("dev/try") == repo.head("refs/heads/dev/try") == repo.head(second) == second
    for unknown in ("none", "refs/pr/1", "0" * 40, "../main", ""):
        with pytest.raises(RevisionNotFoundError):
            repo.head(unknown)


def test_a_stale_parent_is_refused_and_changes_nothing(storage: Storage, repo: Repository) -> None:
    old = repo.head()
    head = _add(storage, repo, "x", "1")
    with pytest.raises(StaleParentError):
        repo.advance("main", {}, author="local", title="Late", parent=old)
    assert repo.head() == head
    repo.advance("main", {"x": None}, author="local", title="In time", parent=head)
    with pytest.raises(EntryNotFoundError):
        repo.read("x")
    assert repo.read("x", head) == b"1"


@pytest.mark.parametrize("path", ["../x", "/x", "a//b", ".git/config", "", "a/./b"])
def test_a_path_that_leaves_the_repo_is_refused(
    storage: Storage, repo: Repository, path: str
) -> None:
    with pytest.raises(BadRequestError):
        _add(storage, repo, path, "x")


def test_a_path_is_not_a_file_and_a_folder(storage: Storage, repo: Repository) -> None:
    _add(storage, repo, "a", "file")
    with pytest.raises(BadRequestError, match="a cannot be a file and a folder"):
        _add(storage, repo, "a/b", "below")


def test_refs_are_made_once_and_have_names_that_git_allows(repo: Repository) -> None:
    repo.add_ref("heads", "dev", repo.head())
    with pytest.raises(ConflictError):
        repo.add_ref("heads", "dev", repo.head())
    for name in ("refs/pr/1", "a b", "a..b", "x.lock", "a^"):
        with pytest.raises(BadRequestError):
            repo.add_ref("heads", name, repo.head())
    repo.delete_ref("heads", "dev")
    with pytest.raises(RevisionNotFoundError):
        repo.delete_ref("heads", "dev")


def test_the_last_change_of_each_path_is_known(storage: Storage, repo: Repository) -> None:
    first = _add(storage, repo, "x", "1")
    second = _add(storage, repo, "y", "1")
    changes = repo.last_changes()
    assert {path: oid for path, (oid, _) in changes.items() if path in "xy"} == {
        "x": first,
        "y": second,
    }


def test_a_squashed_branch_has_one_commit_and_the_same_files(
    storage: Storage, repo: Repository
) -> None:
    _add(storage, repo, "x", "1")
    before = repo.files()
    repo.squash("main", author="local", message="One")
    assert [commit.title for _, commit in repo.history()] == ["One"]
    assert repo.files() == before


def test_a_commit_cannot_go_to_a_tag(repo: Repository) -> None:
    repo.add_ref("tags", "v1", repo.head())
    with pytest.raises(RevisionNotFoundError, match="not a branch"):
        repo.advance("v1", {}, author="local", title="No")
