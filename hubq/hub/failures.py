"""What went wrong at the hub, said as one of hubq's own errors.

The client library tells errors apart by a header of the answer; what is left over is told apart by
status. Timeouts, dropped connections and 5xx become `Unavailable`, since the request may have been
done all the same.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from hubq.errors import BadInput, HubProblem, RemoteMoved, UserError
from hubq.hub.port import Unavailable
from hubq.hub.proxies import proxy_for
from hubq.secrets import redact

_CHECK_PROXY = "Check HTTPS_PROXY, HTTP_PROXY and NO_PROXY."
_AGAIN = "Run the same command again; what is done is kept."
_REFUSED_CARD = "Invalid metadata in README.md."
_FULL = ("storage", "quota", "billing")
_TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked of whom, for the error's text.

    Attributes:
        repo, revision, path: as far as the request is about them.
        doing: the verb: `read`, `write to`.
        noun: what `repo` is: a `model`, a `collection`.
        token: never shown; taken out of every text.
    """

    endpoint: str
    repo: str = ""
    revision: str = ""
    path: str = ""
    doing: str = "read"
    noun: str = "model"
    token: str | None = None

    def __repr__(self) -> str:
        return f"Call({self.doing} {self.where})"

    @property
    def where(self) -> str:
        """The repo, with its revision where one was asked for, or the endpoint."""
        if not self.repo:
            return self.endpoint
        return f"{self.repo}@{self.revision}" if self.revision else self.repo


@contextmanager
def translated(call: Call) -> Iterator[None]:
    """Turn the client library's exceptions into hubq's; everything else passes.

    Raises:
        UserError: the subclass that fits.
    """
    import httpx2
    from huggingface_hub.errors import EntryNotFoundError, HFValidationError, XetDownloadError

    try:
        yield
    except (
        httpx2.HTTPError,
        EntryNotFoundError,
        HFValidationError,
        XetDownloadError,
        OSError,
        RuntimeError,
        ValueError,
    ) as error:
        said = _said(error, call)
        if said is None:
            raise
        raise said from None


def _said(error: BaseException, call: Call) -> UserError | None:
    """Return hubq's error for an exception; none for a bug."""
    import httpx2
    from huggingface_hub import errors

    if isinstance(error, errors.HfHubHTTPError):
        return _answered(error, call)
    if isinstance(error, errors.OfflineModeIsEnabled):
        return HubProblem(
            f"{call.where}: not on this machine, and HF_HUB_OFFLINE forbids asking {call.endpoint}",
            remedy="Unset HF_HUB_OFFLINE.",
        )
    if isinstance(error, errors.LocalEntryNotFoundError):
        cause = error.__cause__ or error.__context__
        return (_said(cause, call) if cause else None) or _silent(call, "cannot be reached")
    if isinstance(error, errors.HFValidationError):
        return BadInput(
            f"{call.repo!r} is not a repo id",
            remedy="Write it as org/name, or org/name@revision.",
        )
    if isinstance(error, httpx2.TransportError):
        return _not_transported(error, call)
    return _said_otherwise(error, call)


def _said_otherwise(error: BaseException, call: Call) -> UserError | None:
    """Return hubq's error for what is not an HTTP exchange that failed; none for a bug."""
    from huggingface_hub.errors import EntryNotFoundError

    if isinstance(error, EntryNotFoundError):  # a file to be copied inside a repo is not there
        return BadInput(f"{call.where}: {_clean(_line(error), call)}")
    if type(error) is RuntimeError and isinstance(error.__cause__, Exception):
        return _said(error.__cause__, call)  # how the library wraps a failed upload
    if isinstance(error, ValueError) and str(error).startswith(_REFUSED_CARD):
        problems = " ".join(str(error).removeprefix(_REFUSED_CARD).split())
        return BadInput(
            _clean(f"{call.where}: the hub refuses the card's front matter: {problems}", call),
            remedy="Mend the front matter; nothing was sent.",
        )
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return BadInput(
            f"{call.where}: the disk is full", remedy="Free some space, or set HUBQ_CACHE."
        )
    reason = _interrupted(error)
    return _silent(call, reason) if reason else None


def _interrupted(error: BaseException) -> str:
    """Return what broke off a transfer, or an empty string when the exception is a bug."""
    import httpx2
    from huggingface_hub import errors

    if isinstance(error, json.JSONDecodeError):
        return "answered with something that is not JSON"
    if isinstance(error, (errors.FileMetadataError, httpx2.HTTPError)):
        return f"did not answer as a hub does: {_line(error)}"
    if isinstance(error, errors.XetDownloadError) or _from_xet(error):
        return f"broke off a Xet transfer: {_line(error)}"
    return ""


def _answered(error: Any, call: Call) -> UserError:
    """Return hubq's error for an answer with a status of 400 or more."""
    from huggingface_hub import errors

    at = call.endpoint
    if isinstance(error, errors.GatedRepoError):
        return BadInput(
            f"{call.repo}: gated on {at}, and this account was not given access",
            remedy=f"Accept its terms at {at}/{call.repo}, then run the same command again.",
        )
    if isinstance(error, errors.RepositoryNotFoundError) and call.repo:
        # The client takes every 401 about a repo for a missing one.
        why = _clean(error.server_message or "", call)
        expired = error.response.status_code == 401 and "expired" in why
        return _unknown_token(call, f": {why}") if expired else _unknown_repo(call)
    if isinstance(error, errors.RevisionNotFoundError):
        return BadInput(
            f"{call.where}: no such branch, tag or commit on {at}",
            remedy=f"See {at}/{call.repo}/commits/main.",
        )
    if isinstance(error, errors.EntryNotFoundError):
        return BadInput(f"{call.where}: no file {call.path or 'of that name'} on {at}")
    return _by_status(error, call)


def _by_status(error: Any, call: Call) -> UserError:
    status: int = error.response.status_code
    why = _clean(error.server_message or "", call).replace("\n", "; ")
    tail = f": {why}" if why else ""
    if status == 407:
        return _by_proxy(call, f"{status} {error.response.reason_phrase}")
    if status in _TRY_AGAIN or status >= 500:
        said = f"{call.endpoint} answered {status} for {call.where}{tail}"
        return Unavailable(said, remedy=_AGAIN, retry_after=_retry_after(error.response.headers))
    if status in {409, 412}:
        return RemoteMoved(
            f"{call.where}: changed on {call.endpoint} since the plan{tail}",
            remedy="Run the same command again: it plans anew and shows what is different.",
        )
    return _refused(status, call, why, tail)


def _refused(status: int, call: Call, why: str, tail: str) -> UserError:
    """Return hubq's error for a no that stays one."""
    if status in {401, 404} and call.repo and "Invalid credentials" not in why:
        return _unknown_repo(call)
    if status == 401:
        return _unknown_token(call, tail)
    if status in {402, 403}:
        return _forbidden(call, why, tail)
    kind = BadInput if status in {400, 413, 422} else HubProblem
    return kind(
        f"{call.endpoint} answered {status} for {call.where}{tail}",
        remedy="Mend what it says; the same command again would be answered alike.",
    )


def _forbidden(call: Call, why: str, tail: str) -> BadInput:
    said = f"{call.where}: no permission to {call.doing} it on {call.endpoint}{tail}"
    if any(word in why.lower() for word in _FULL):
        owner = call.repo.partition("/")[0]
        remedy = f"Free storage of {owner} at {call.endpoint}/{owner}, or ask the Hub for more."
        return BadInput(said, remedy=f"{remedy} What was sent is kept.")
    return BadInput(said, remedy="Use a token that may write there, or choose another --namespace.")


def _unknown_repo(call: Call) -> BadInput:
    return BadInput(
        f"{call.repo}: no such {call.noun} on {call.endpoint}, or no access to it",
        remedy="Check the spelling; if it is private, run `hf auth login` or set HF_TOKEN.",
    )


def _unknown_token(call: Call, tail: str) -> BadInput:
    return BadInput(
        f"{call.endpoint} does not know this token{tail}",
        remedy="Run `hf auth login`, or set HF_TOKEN.",
    )


def _not_transported(error: Exception, call: Call) -> UserError:
    import httpx2

    text = _line(error)
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return HubProblem(
            f"{call.endpoint}: its certificate is not trusted on this machine",
            remedy="Set SSL_CERT_FILE to the authority's certificate.",
        )
    if isinstance(error, httpx2.ProxyError):
        return _by_proxy(call, text)
    if isinstance(error, httpx2.TimeoutException):
        return _silent(call, "did not answer in time")
    if isinstance(error, httpx2.ConnectError):
        proxy = proxy_for(call.endpoint)
        how = f"cannot be reached through the proxy {proxy}" if proxy else "cannot be reached"
        said = _silent(call, f"{how} ({text})" if text else how)
        said.remedy = _CHECK_PROXY if proxy else said.remedy
        return said
    return _silent(call, f"dropped the connection ({text})" if text else "dropped the connection")


def _by_proxy(call: Call, why: str) -> HubProblem:
    proxy = proxy_for(call.endpoint)
    said = f"{call.endpoint}: the proxy {proxy} refused: {why}".replace("  ", " ")
    return HubProblem(_clean(said, call), remedy=_CHECK_PROXY)


def _silent(call: Call, what: str) -> Unavailable:
    about = f" (for {call.where})" if call.repo else ""
    return Unavailable(_clean(f"{call.endpoint} {what}{about}", call), remedy=_AGAIN)


def _retry_after(headers: Any) -> float | None:
    """Return the seconds the hub asks to wait, from `RateLimit` or `Retry-After`."""
    from huggingface_hub.utils._http import parse_ratelimit_headers

    limit = parse_ratelimit_headers(headers)
    if limit is not None and limit.remaining == 0:
        return float(limit.reset_in_seconds)
    try:
        return max(0.0, float(headers.get("retry-after", "")))
    except ValueError:
        return None


def _from_xet(error: BaseException) -> bool:
    """Return whether an exception came out of the Xet library, which has none of its own."""
    text = str(error).lower()
    return type(error) in {ConnectionError, RuntimeError} and (
        "network error" in text or "xet" in text or "cas " in text
    )


def _line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _clean(text: str, call: Call) -> str:
    return redact(text, call.token or "")
