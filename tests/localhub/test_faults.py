from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import httpx2
import pytest
from huggingface_hub import CommitOperationAdd, HfApi
from huggingface_hub.errors import HfHubHTTPError

from hubq.localhub.faults import Fault
from hubq.localhub.server import LocalHub


def _post(hub: LocalHub, path: str, value: dict[str, Any]) -> int:
    body = json.dumps(value).encode()
    request = urllib.request.Request(hub.url + path, data=body, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def _commit(api: HfApi, repo_id: str, text: bytes) -> None:
    operations = [CommitOperationAdd("x.txt", text)]
    api.create_commit(repo_id, operations, commit_message="Change")


def _paths(api: HfApi, repo_id: str) -> list[str]:
    return api.list_repo_files(repo_id)


def test_a_request_fails_before_it_takes_effect(hub: LocalHub, api: HfApi, repo_id: str) -> None:
    assert _post(hub, "/_fault", {"match": "POST .*/commit/", "status": 503}) == 200
    with pytest.raises(HfHubHTTPError) as caught:
        _commit(api, repo_id, b"1")
    assert caught.value.response.status_code == 503
    assert "x.txt" not in _paths(api, repo_id)
    _commit(api, repo_id, b"1")
    assert "x.txt" in _paths(api, repo_id)


def test_an_answer_is_lost_after_the_effect(hub: LocalHub, api: HfApi, repo_id: str) -> None:
    assert hub.faults is not None
    hub.faults.add(Fault(match="/commit/main", status=504, when="after", skip=1))
    _commit(api, repo_id, b"1")
    with pytest.raises(HfHubHTTPError):
        _commit(api, repo_id, b"2")
    path = api.hf_hub_download(repo_id, "x.txt")
    assert Path(path).read_bytes() == b"2"


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_connection_is_cut(hub: LocalHub, api: HfApi, repo_id: str, when: str) -> None:
    rule = {"match": "POST .*/commit/", "drop": True, "when": when}
    assert _post(hub, "/_fault", rule) == 200
    with pytest.raises(httpx2.TransportError):
        _commit(api, repo_id, b"1")
    assert ("x.txt" in _paths(api, repo_id)) is (when == "after")


def test_an_answer_is_late(hub: LocalHub, api: HfApi, repo_id: str) -> None:
    assert hub.faults is not None
    hub.faults.add(Fault(match="GET .*/refs", delay=0.1))
    started = time.monotonic()
    api.list_repo_refs(repo_id)
    assert time.monotonic() - started >= 0.1


def test_headers_of_a_failure_are_sent(hub: LocalHub, api: HfApi, repo_id: str) -> None:
    assert hub.faults is not None
    headers = {"RateLimit": '"api";r=0;t=55'}
    hub.faults.add(Fault(match="POST .*/commit/", status=429, headers=headers))
    with pytest.raises(HfHubHTTPError, match="Retry after 55 seconds"):
        _commit(api, repo_id, b"1")


def test_the_log_tells_which_requests_came(hub: LocalHub, api: HfApi, repo_id: str) -> None:
    _post(hub, "/_log", {"clear": True})
    _post(hub, "/_fault", {"match": "POST .*/commit/", "status": 500})
    _post(hub, "/_fault", {"clear": True})
    _commit(api, repo_id, b"1")
    with urllib.request.urlopen(hub.url + "/_log", timeout=5) as response:
        log = json.load(response)
    lines = [(entry["method"], entry["path"].rsplit("/", 2)[1], entry["status"]) for entry in log]
    assert lines == [("POST", "preupload", 200), ("POST", "commit", 200)]
    assert log[1]["received"] > 0
    assert not any(entry["fault"] for entry in log)


def test_a_malformed_rule_is_refused(hub: LocalHub) -> None:
    assert _post(hub, "/_fault", {"match": "("}) == 400
    assert _post(hub, "/_fault", {"match": "x", "tiems": 2}) == 400
