"""How the client library is set up."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest
from huggingface_hub import constants
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils._http import get_session

from hubq.hub import client

ELSEWHERE = "http://127.0.0.1:9"
TOKEN = "hf_" + "t" * 34


def test_every_request_has_a_time_limit() -> None:
    client.prepare(ELSEWHERE, client.TIMEOUT)
    request = get_session().build_request("GET", ELSEWHERE, timeout=None)
    client._limit(request)
    limits = request.extensions["timeout"]
    assert limits["read"] == limits["write"] == client.TIMEOUT
    assert 0 < limits["connect"] < client.TIMEOUT
    shorter = get_session().build_request("GET", ELSEWHERE, timeout=3)
    client._limit(shorter)
    assert shorter.extensions["timeout"]["read"] == 3


def test_xet_is_off_in_commits_but_for_servers_that_have_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", False)
    seen = []
    for forbidden, xet in ((False, False), (False, True), (True, True)):
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", forbidden)
        with client.committing(xet=xet):
            seen.append(constants.HF_HUB_DISABLE_XET)
    assert seen == [True, False, True]


def test_the_stored_token_is_sent_to_no_other_server(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Path(os.environ["HF_HOME"]) / "token"
    store.parent.mkdir(parents=True)
    store.write_text(TOKEN)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(store))
    assert client.find_token(ELSEWHERE) is None
    assert client.find_token(client.HUGGING_FACE) == TOKEN


def test_an_api_request_that_is_turned_away_is_not_repeated_in_silence() -> None:
    client.prepare(ELSEWHERE, client.TIMEOUT)
    for path, raises in (("/api/models/a/b", True), ("/a/b/resolve/main/x", False)):
        request = get_session().build_request("GET", ELSEWHERE + path)
        answer = httpx2.Response(429, headers={"Retry-After": "3600"}, request=request)
        if raises:
            with pytest.raises(HfHubHTTPError):
                client._turned_away(answer)
        else:
            client._turned_away(answer)


def test_the_library_keeps_its_warnings_to_itself() -> None:
    script = (
        "import logging; from hubq.hub import client; client.prepare('http://127.0.0.1:9', 5);"
        "from huggingface_hub import HfApi; HfApi();"
        "print(logging.getLogger('huggingface_hub').level == logging.ERROR)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
