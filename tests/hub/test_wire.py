"""The requests of an upload: where the token goes, and how long they wait."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from huggingface_hub.utils._http import get_session

from hubq.errors import BadInput
from hubq.hub import client
from hubq.hub.failures import Call
from hubq.hub.pieces import Stopped
from hubq.hub.port import Unavailable
from hubq.hub.retry import Retries
from hubq.hub.wire import AddressRefused, Wire, repo_path
from hubq.localhub.faults import Fault
from hubq.localhub.server import LocalHub
from tests.fakes import WRITER

pytestmark = pytest.mark.long


def wire(hub: LocalHub, timeout: float = 30.0) -> Wire:
    client.prepare(hub.url, timeout)
    call = Call(endpoint=hub.url, repo="acme/x", doing="write to", token=WRITER)
    return Wire(call, Retries(attempts=1), timeout)


@contextmanager
def watched() -> Iterator[list[bool]]:
    """Whether each request carried a token."""
    session, seen = get_session(), list[bool]()
    hooks = session.event_hooks

    def note(request: Any) -> None:
        seen.append("authorization" in request.headers)

    session.event_hooks = {**hooks, "request": [*hooks["request"], note]}
    try:
        yield seen
    finally:
        session.event_hooks = hooks


def test_the_token_goes_to_the_hub_alone(server: LocalHub) -> None:
    elsewhere = server.url.replace("127.0.0.1", "localhost")
    with watched() as seen:
        for origin in (server.url, elsewhere):
            with pytest.raises(AddressRefused):
                wire(server).tell(f"{origin}/_lfs/verify", {})
        with pytest.raises(AddressRefused):
            wire(server).put(
                f"{server.url}/_lfs/part", lambda: iter([b"x"]), 1, {}, threading.Event()
            )
    assert seen == [True, False, False]


def test_a_server_that_stalls_is_given_up(server: LocalHub) -> None:
    assert server.faults is not None
    server.faults.add(Fault(match="whoami", delay=1.0))
    with pytest.raises(Unavailable, match=r"did not answer in time \(for acme/x\)"):
        wire(server, timeout=0.2).ask("GET", "/api/whoami-v2")


def test_a_refusal_of_the_hub_itself_is_said_at_once(server: LocalHub) -> None:
    with pytest.raises(BadInput, match="acme/x: no such model"):
        wire(server).ask("POST", repo_path("acme/x", "preupload", "main"), body={"files": []})


def test_the_status_of_a_look_up(server: LocalHub) -> None:
    assert server.faults is not None
    assert wire(server).status("/api/whoami-v2") == 200
    assert wire(server).status("/api/nothing") == 404
    server.faults.add(Fault(match="whoami", status=501))
    assert wire(server).status("/api/whoami-v2") == 501
    server.faults.add(Fault(match="whoami", status=429, headers={"Retry-After": "9"}))
    with pytest.raises(Unavailable) as caught:
        wire(server).status("/api/whoami-v2")
    assert caught.value.retry_after == 9


def test_nothing_is_sent_that_is_not_wanted(server: LocalHub) -> None:
    stop = threading.Event()
    stop.set()
    with watched() as seen, pytest.raises(Stopped):
        wire(server).put(f"{server.url}/_lfs/part", lambda: iter([b""]), 0, {}, stop)
    assert seen == []


def test_a_branch_s_name_is_one_part_of_a_path() -> None:
    assert repo_path("a/b", "preupload", "refs/pr/1") == "/api/models/a/b/preupload/refs%2Fpr%2F1"
