"""What hubq makes of answers that no hub should give."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import pytest
from huggingface_hub import HfApi
from starlette.responses import RedirectResponse, Response

from hubq.errors import BadInput, HubProblem
from hubq.hub import client
from hubq.hub.failures import Call
from hubq.hub.port import Unavailable
from hubq.hub.retry import Retries
from hubq.hub.uploading import Uploader
from tests.hub.strange_hub import StrangeHub

REPO = "local/x"
NAME = "model.safetensors"
CONTENT = b"x" * (200 << 10)
OID = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StrangeHub]:
    with StrangeHub(tmp_path_factory.mktemp("hub")) as served:
        client.prepare(served.url, client.TIMEOUT)
        HfApi(endpoint=served.url, token=served.token).create_repo(REPO, visibility="public")
        yield served


@pytest.fixture
def hub(running: StrangeHub) -> StrangeHub:
    """The Hub, with no answers of its own yet."""
    running.answers.clear()
    return running


def send(hub: StrangeHub) -> str:
    api = HfApi(endpoint=hub.url, token=hub.token)
    call = Call(endpoint=hub.url, repo=REPO, doing="write to", token=hub.token)
    return Uploader(Retries(attempts=1)).upload(api, call, {NAME: CONTENT}, known={NAME: OID})


def batch(**entry: Any) -> dict[str, Any]:
    return {"objects": [{"oid": OID, "size": len(CONTENT), **entry}]}


def routed(header: dict[str, str]) -> dict[str, Any]:
    return batch(actions={"upload": {"href": "http://127.0.0.1:9/complete", "header": header}})


def test_a_content_that_the_hub_refuses_is_named(hub: StrangeHub) -> None:
    hub.answers["/batch$"] = batch(error={"code": 422, "message": "too large"})
    with pytest.raises(BadInput, match=rf"^{NAME}: .* does not take it into {REPO}: too large"):
        send(hub)
    hub.answers["/batch$"] = batch(error={"code": 503, "message": "busy"})
    with pytest.raises(Unavailable, match="busy"):
        send(hub)


@pytest.mark.parametrize(
    "header",
    [
        {"chunk_size": "65536", "1": "http://127.0.0.1:9/1"},
        {"chunk_size": "0"},
        {"chunk_size": "many", "1": "http://127.0.0.1:9/1"},
    ],
)
def test_parts_that_do_not_make_up_the_content_are_refused(
    hub: StrangeHub, header: dict[str, str]
) -> None:
    hub.answers["/batch$"] = routed(header)
    with pytest.raises(HubProblem, match=f"it wants {NAME} "):
        send(hub)


@pytest.mark.parametrize("path", ["/batch$", "/preupload/"])
@pytest.mark.parametrize("answer", [{"objects": 1, "files": 1}, [], Response("<html>")])
def test_an_answer_that_is_none_is_said(hub: StrangeHub, path: str, answer: Any) -> None:
    hub.answers[path] = answer
    with pytest.raises(HubProblem, match=f"^{hub.url} (did not answer as a hub|answered with)"):
        send(hub)


def test_a_part_without_a_name_cannot_be_joined(hub: StrangeHub) -> None:
    hub.answers["/_lfs/part"] = Response()
    with pytest.raises(HubProblem, match=rf"^{NAME}: .* gave no ETag for part"):
        send(hub)


def test_an_empty_answer_for_a_content_means_that_it_is_there(hub: StrangeHub) -> None:
    hub.answers["/batch$"] = batch()
    assert send(hub) == ""


def test_a_gitignore_that_hides_a_file_is_said(hub: StrangeHub) -> None:
    hidden = {"path": NAME, "uploadMode": "lfs", "shouldIgnore": True}
    hub.answers["/preupload/"] = {"files": [hidden]}
    with pytest.raises(BadInput, match=rf"^{REPO}: the \.gitignore there leaves out {NAME}"):
        send(hub)


def test_a_content_goes_where_it_is_sent_on_to(hub: StrangeHub) -> None:
    taken = Response(headers={"ETag": "x"})
    hub.answers |= {"/here$": RedirectResponse("/there", 307), "/there$": taken}
    hub.answers["/batch$"] = batch(actions={"upload": {"href": f"{hub.url}/here"}})
    assert send(hub) == "LFS"
    hub.answers["/there$"] = RedirectResponse("/here", 307)
    with pytest.raises(HubProblem, match=f"sends an upload to {REPO} on and on"):
        send(hub)
