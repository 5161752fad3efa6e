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


def _bearer(hub: LocalHub) -> dict[str, str]:
    return {"Authorization": f"Bearer {hub.token}"}


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


def test_the_log_counts_what_was_sent(hub: LocalHub, api: HfApi, repo_id: str) -> None:
    assert hub.faults is not None
    info = httpx2.get(f"{hub.url}/api/models/{repo_id}", headers=_bearer(hub))
    entry = next(one for one in hub.faults.log() if one.path.endswith(repo_id))
    assert (entry.received, entry.sent) == (0, len(info.content))
    _commit(api, repo_id, b"1" * 5000)
    assert hub.faults.log()[-1].received > 5000


def test_a_request_of_before_is_not_in_a_cleared_log(hub: LocalHub, http: httpx2.Client) -> None:
    """The answer that nobody waits for any more comes into no later log."""
    assert hub.faults is not None
    hub.faults.add(Fault(match="GET /api/whoami", status=503, delay=0.2))
    with pytest.raises(httpx2.ReadTimeout):
        http.get(f"{hub.url}/api/whoami-v2", headers=_bearer(hub), timeout=0.1)
    hub.faults.clear_log()
    time.sleep(0.3)
    assert http.get(f"{hub.url}/api/whoami-v2", headers=_bearer(hub)).status_code == 200
    assert [entry.status for entry in hub.faults.log()] == [200]


def test_an_answer_is_late_after_its_effect(hub: LocalHub, http: httpx2.Client) -> None:
    """As when a proxy gives up while the Hub goes on."""
    assert hub.faults is not None
    hub.faults.add(Fault(match="POST /api/repos/create", when="after", delay=0.5))
    address, body = f"{hub.url}/api/repos/create", {"name": "late", "organization": "acme"}
    with pytest.raises(httpx2.ReadTimeout):
        http.post(address, json=body, headers=_bearer(hub), timeout=0.2)
    assert hub.storage.repo("acme/late")
    hub.faults.add(Fault(match="POST /api/repos/create", when="after", delay=0.1))
    assert http.post(address, json=body, headers=_bearer(hub)).status_code == 409


def test_a_failure_says_what_it_is_told_to(hub: LocalHub, api: HfApi, repo_id: str) -> None:
    assert hub.faults is not None
    said = json.dumps({"error": "storage is full"})
    hub.faults.add(Fault(match="/commit/", status=403, body=said))
    with pytest.raises(HfHubHTTPError, match="storage is full"):
        _commit(api, repo_id, b"1")


def test_the_rules_can_be_read_as_they_stand(hub: LocalHub, api: HfApi, repo_id: str) -> None:
    _post(hub, "/_fault", {"match": "GET .*/refs", "status": 503, "skip": 2, "times": 3})
    api.list_repo_refs(repo_id)
    rules = httpx2.get(f"{hub.url}/_fault").json()
    assert [(rule["skip"], rule["times"]) for rule in rules] == [(1, 3)]


@pytest.mark.parametrize(
    "rule",
    [
        {"match": "(", "status": 500},
        {"match": "x", "status": 500, "tiems": 2},
        {"match": "x"},
        {"match": "x", "status": 700},
        {"match": "x", "status": 100},
        {"match": "x", "status": 500, "times": 0},
        {"match": "x", "status": 500, "skip": -1},
        {"match": "x", "delay": -1.0},
        {"match": "x", "status": 500, "when": "later"},
        {"status": 500},
    ],
)
def test_a_rule_that_cannot_be_is_refused(hub: LocalHub, rule: dict[str, Any]) -> None:
    assert _post(hub, "/_fault", rule) == 400
    assert hub.faults is not None
    assert not hub.faults.rules()


def test_what_is_no_rule_at_all_is_refused(hub: LocalHub) -> None:
    for body in (b"[]", b"no JSON"):
        assert httpx2.post(f"{hub.url}/_fault", content=body).status_code == 400
