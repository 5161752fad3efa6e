"""What the Hub refuses or cuts into pages, seen through its client."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from huggingface_hub import CommitOperationAdd, HfApi
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError

from hubq.localhub.api import commits
from hubq.localhub.discussion import DiscussionLog
from hubq.localhub.server import LocalHub

Client = Callable[[str], HfApi]


def _bearer(api: HfApi) -> dict[str, str]:
    return {"Authorization": f"Bearer {api.token}"}


def _ndjson(*operations: dict[str, Any]) -> bytes:
    header = {"key": "header", "value": {"summary": "Change", "description": ""}}
    return b"".join(json.dumps(line).encode() + b"\n" for line in (header, *operations))


def test_discussions_come_in_pages_whatever_they_are_filtered_by(
    hub: LocalHub, api: HfApi, repo_id: str
) -> None:
    log = DiscussionLog(hub.storage.repo(repo_id))
    for number in range(60):
        log.open(author="alice" if number % 6 else "bob", title=f"Talk {number}", text="")
    log.open_pull_request(author="bob", title="Proposal", text="", base="main", changes={})
    found = [item.num for item in api.get_repo_discussions(repo_id)]
    assert found == list(range(61, 0, -1))
    alices = list(api.get_repo_discussions(repo_id, author="alice"))
    assert len(alices) == 50
    talks = api.get_repo_discussions(repo_id, author="bob", discussion_type="discussion")
    assert len(list(talks)) == 10


def test_a_long_history_comes_in_pages(hub: LocalHub, api: HfApi, repo_id: str) -> None:
    repo = hub.storage.repo(repo_id)
    for number in range(60):
        entry = hub.storage.store_file(str(number).encode())
        repo.advance("main", {"x.txt": entry}, author="alice", title=f"Change {number}")
    found = api.list_repo_commits(repo_id)
    assert [one.title for one in found][:2] == ["Change 59", "Change 58"]
    assert len(found) == 62
    assert found[-1].title == "initial commit"


def test_at_most_a_thousand_paths_are_asked_about_at_once(
    http: httpx2.Client, api: HfApi, repo_id: str
) -> None:
    address = f"{api.endpoint}/api/models/{repo_id}/paths-info/main"
    for count, status in ((1000, 200), (1001, 400)):
        asked = {"paths": [f"{n}.txt" for n in range(count)], "expand": "False"}
        assert http.post(address, data=asked, headers=_bearer(api)).status_code == status


def test_a_commit_has_limits(
    http: httpx2.Client, api: HfApi, repo_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"{api.endpoint}/api/models/{repo_id}/commit/main"
    gone = {"key": "deletedFile", "value": {"path": "none"}}
    monkeypatch.setattr(commits, "_MAX_OPERATIONS", 2)
    many = http.post(address, content=_ndjson(gone, gone, gone), headers=_bearer(api))
    assert "At most 2 files" in many.json()["error"]
    monkeypatch.setattr(commits, "_MAX_BYTES", 10)
    assert http.post(address, content=_ndjson(), headers=_bearer(api)).status_code == 413


def test_the_client_sends_no_commit_that_changes_nothing_but_the_hub_would_make_one(
    hub: LocalHub, http: httpx2.Client, api: HfApi, repo_id: str
) -> None:
    before = api.model_info(repo_id).sha
    same = [CommitOperationAdd("config.json", b'{"model_type": "qwen2_vl"}')]
    assert api.create_commit(repo_id, same, commit_message="Again").oid == before
    address = f"{api.endpoint}/api/models/{repo_id}/commit/main"
    made = http.post(address, content=_ndjson(), headers=_bearer(api)).json()["commitOid"]
    repo = hub.storage.repo(repo_id)
    assert repo.head() == made != before
    assert repo.files() == repo.files(str(before))


def test_a_server_without_xet_says_so(http: httpx2.Client, api: HfApi, repo_id: str) -> None:
    for way in ("write", "read"):
        address = f"{api.endpoint}/api/models/{repo_id}/xet-{way}-token/main"
        answer = http.get(address, headers=_bearer(api))
        assert answer.status_code == 404
        assert "X-Error-Code" not in answer.headers


def test_visibility_and_gates_are_what_the_hub_knows(
    http: httpx2.Client, api: HfApi, client: Client, repo_id: str
) -> None:
    address = f"{api.endpoint}/api/models/{repo_id}/settings"
    for wrong in ({"visibility": "hidden"}, {"visibility": True}, {"gated": "yes"}):
        assert http.put(address, json=wrong, headers=_bearer(api)).status_code == 400
    with pytest.raises(HfHubHTTPError) as caught:
        client("bob").update_repo_settings(repo_id, visibility="private")
    assert caught.value.response.status_code == 403
    api.update_repo_settings(repo_id, visibility="private", gated="manual")
    info = api.model_info(repo_id)
    assert (info.private, info.gated) == (True, "manual")
    api.update_repo_settings(repo_id, gated=False)
    assert api.model_info(repo_id).private


def test_access_can_be_asked_about_beforehand(api: HfApi, client: Client, repo_id: str) -> None:
    bob = client("bob")
    bob.auth_check(repo_id)
    with pytest.raises(HfHubHTTPError):
        bob.auth_check(repo_id, write=True)
    client("alice").auth_check(repo_id, write=True)
    api.update_repo_settings(repo_id, gated="auto")
    with pytest.raises(GatedRepoError):
        bob.auth_check(repo_id)
    api.grant_access(repo_id, "bob")
    bob.auth_check(repo_id)
    api.update_repo_settings(repo_id, visibility="private")
    with pytest.raises(RepositoryNotFoundError):
        client("nobody").auth_check(repo_id)


def test_a_reader_changes_only_its_own_pull_request(
    api: HfApi, client: Client, repo_id: str
) -> None:
    def commit(who: HfApi, name: str, **where: Any) -> Any:
        added = [CommitOperationAdd(name, name.encode())]
        return who.create_commit(repo_id, added, commit_message=f"Add {name}", **where)

    bob = client("bob")
    own = commit(bob, "a.txt", create_pr=True).pr_revision
    other = commit(api, "b.txt", create_pr=True).pr_revision
    commit(bob, "c.bin", revision=own)
    for revision in (other, "main"):
        with pytest.raises(HfHubHTTPError) as caught:
            commit(bob, "d.txt", revision=revision)
        assert caught.value.response.status_code == 403
    commit(api, "e.txt", revision=own)
    names = api.list_repo_files(repo_id, revision=own)
    assert {"a.txt", "c.bin", "e.txt"} <= set(names)
