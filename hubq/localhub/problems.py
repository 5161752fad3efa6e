"""What the embedded Hub refuses, each with the HTTP status and error code the client knows.

The client chooses its exception by the header `X-Error-Code`, not by the status.
"""

from __future__ import annotations

from collections.abc import Mapping

from hubq.errors import HubqError


class LocalHubError(HubqError):
    """A request that cannot be answered as asked.

    Args:
        message: one sentence for the caller.
        extra: further keys of the JSON answer (an existing repo's `url`, a collection's `slug`).
    """

    status = 400
    code = ""

    def __init__(self, message: str, *, extra: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.extra = dict(extra or {})


class BadRequestError(LocalHubError):
    """The request itself is wrong."""


class UnauthorizedError(LocalHubError):
    """A token is needed, or the one given is unknown."""

    status = 401


class ForbiddenError(LocalHubError):
    """The token is known but may not do this."""

    status = 403


class GatedRepoError(LocalHubError):
    """The repo's files need access that this user has not been given."""

    status = 403
    code = "GatedRepo"


class NotFoundError(LocalHubError):
    """No such thing; subclasses say which kind."""

    status = 404


class RepoNotFoundError(NotFoundError):
    """No such repo, or a private one seen by somebody without access."""

    code = "RepoNotFound"


class RevisionNotFoundError(NotFoundError):
    """No such branch, tag or commit."""

    code = "RevisionNotFound"


class EntryNotFoundError(NotFoundError):
    """No such file or folder at this revision."""

    code = "EntryNotFound"


class ConflictError(LocalHubError):
    """It exists already, or two changes touch the same files."""

    status = 409


class StaleParentError(LocalHubError):
    """The branch moved since the caller looked."""

    status = 412


class TooLargeError(LocalHubError):
    """More is sent at once than the Hub takes."""

    status = 413
