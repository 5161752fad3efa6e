from __future__ import annotations

import errno
import json
from pathlib import Path

import httpx2
import pytest
from huggingface_hub import errors

from hubq.errors import BadInput, HubProblem, RemoteMoved, UserError
from hubq.hub.failures import Call, translated
from hubq.hub.port import Unavailable
from tests.rows import each_row

TOKEN = "hf_" + "s" * 34
CALL = Call(
    endpoint="https://hub.test", repo="acme/x", path="a.txt", doing="write to", token="mine-alone"
)


def said(error: Exception, call: Call = CALL) -> UserError:
    with pytest.raises(UserError) as caught, translated(call):
        raise error
    return caught.value


def answer(
    status: int,
    why: str = "",
    *,
    kind: type[errors.HfHubHTTPError] = errors.HfHubHTTPError,
    headers: dict[str, str] | None = None,
) -> errors.HfHubHTTPError:
    request = httpx2.Request("POST", "https://hub.test/api/models/acme/x")
    response = httpx2.Response(status, headers=headers, request=request)
    return kind(f"{status}\n{why}", response=response, server_message=why)


@each_row("status", [408, 429, 500, 502, 503, 504, 520])
def test_what_may_work_later_is_unavailable(status: int) -> None:
    error = said(answer(status, "try later"))
    assert type(error) is Unavailable
    assert error.message == f"https://hub.test answered {status} for acme/x: try later"
    assert error.retry_after is None


@each_row(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"RateLimit": '"api";r=0;t=55', "Retry-After": "7"}, 55.0),
        ({"RateLimit": '"api";r=10;t=55'}, None),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
    ],
)
def test_the_wait_that_the_hub_asks_for_is_read(
    headers: dict[str, str], seconds: float | None
) -> None:
    error = said(answer(429, headers=headers))
    assert isinstance(error, Unavailable)
    assert error.retry_after == seconds


@each_row(
    ("error", "kind", "text"),
    [
        (answer(401), BadInput, "acme/x: no such model"),
        (answer(401, "Invalid credentials in Authorization header"), BadInput, "not know this tok"),
        (answer(403, "storage limit reached"), BadInput, "no permission to write to it .*storage"),
        (answer(409), RemoteMoved, "changed on"),
        (answer(412), RemoteMoved, "changed on"),
        (answer(400, "a token"), BadInput, "answered 400 for acme/x: a token"),
        (answer(404), BadInput, "acme/x: no such model"),
        (answer(413, "too large"), BadInput, "answered 413 for acme/x: too large"),
        (answer(422, "no such field"), BadInput, "answered 422 for acme/x: no such field"),
        (answer(418), HubProblem, "answered 418"),
        (answer(404, kind=errors.RepositoryNotFoundError), BadInput, "or no access to it"),
        (
            answer(401, "The token is expired", kind=errors.RepositoryNotFoundError),
            BadInput,
            "does not know this token: The token is expired",
        ),
        (answer(403, kind=errors.GatedRepoError), BadInput, "acme/x: gated on"),
        (answer(404, kind=errors.RevisionNotFoundError), BadInput, "no such branch"),
        (answer(404, kind=errors.RemoteEntryNotFoundError), BadInput, "no file a.txt"),
        (errors.EntryNotFoundError("Cannot copy x"), BadInput, "acme/x: Cannot copy x"),
        (errors.HFValidationError("x"), BadInput, "is not a repo id"),
        (errors.OfflineModeIsEnabled("x"), HubProblem, "HF_HUB_OFFLINE forbids"),
        (httpx2.ConnectError("refused"), Unavailable, "cannot be reached .refused."),
        (httpx2.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED]"), HubProblem, "certificate"),
        (httpx2.ProxyError("407 needed"), HubProblem, "the proxy refused: 407"),
        (httpx2.ReadTimeout("x"), Unavailable, "did not answer in time"),
        (httpx2.RemoteProtocolError("gone"), Unavailable, "dropped the connection .gone."),
        (httpx2.TooManyRedirects("20"), Unavailable, "did not answer as a hub does"),
        (errors.FileMetadataError("no ETag"), Unavailable, "did not answer as a hub does"),
        (errors.XetDownloadError("cas"), Unavailable, "Xet transfer"),
        (ConnectionError("Network error: Request error: 404"), Unavailable, "Xet transfer"),
        (json.JSONDecodeError("x", "y", 0), Unavailable, "not JSON"),
        (OSError(errno.ENOSPC, "No space left"), BadInput, "the disk is full"),
        (ValueError("Invalid metadata in README.md.\n- bad"), BadInput, "front matter: - bad"),
    ],
)
def test_each_failure_is_said_in_one_line(
    error: Exception, kind: type[UserError], text: str
) -> None:
    found = said(error)
    assert type(found) is kind
    assert "\n" not in found.message
    with pytest.raises(kind, match=text):
        raise found


def test_what_was_asked_about_is_called_by_its_name() -> None:
    about = Call(endpoint="https://hub.test", repo="acme/family-1", noun="collection")
    assert said(answer(404), about).message.startswith("acme/family-1: no such collection on")


@pytest.mark.parametrize("why", ["Private repository storage limit reached", "Quota exceeded"])
def test_a_full_account_is_not_a_wrong_token(why: str) -> None:
    error = said(answer(403, why))
    assert error.remedy.startswith("Free storage of acme at https://hub.test/acme")
    assert "token" in said(answer(403, "no write access")).remedy


@each_row("status", [400, 401, 402, 403, 404, 409, 412, 413, 418, 422, 429, 500])
def test_every_answer_names_the_repo_and_the_next_step(status: int) -> None:
    error = said(answer(status))
    assert "acme/x" in error.message
    assert error.remedy


def test_a_wrapped_failure_is_said_by_its_cause() -> None:
    upload = RuntimeError("Error while uploading 'model.safetensors' to the Hub.")
    upload.__cause__ = answer(503)
    assert isinstance(said(upload), Unavailable)
    cached = errors.LocalEntryNotFoundError("not cached")
    cached.__cause__ = answer(403, kind=errors.GatedRepoError)
    assert "gated" in said(cached).message
    assert isinstance(said(errors.LocalEntryNotFoundError("not cached")), Unavailable)


@each_row("bug", [ValueError("x"), RuntimeError("x"), OSError("x"), KeyError("x")])
def test_a_bug_passes_unchanged(bug: Exception) -> None:
    with pytest.raises(type(bug)) as caught, translated(CALL):
        raise bug
    assert caught.value is bug


def test_no_token_is_in_the_text() -> None:
    assert repr(CALL) == "Call(write to acme/x)"
    error = said(answer(500, f"for {TOKEN} and mine-alone"))
    assert error.message.endswith(": for hf*** and ***")


def test_hubqs_own_errors_pass_unchanged(tmp_path: Path) -> None:
    own = BadInput("mine")
    with pytest.raises(BadInput) as caught, translated(CALL):
        raise own
    assert caught.value is own
