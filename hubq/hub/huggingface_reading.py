"""Looking around on a Hugging Face Hub: listings, pieces of files, dates; nothing is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

from hubq.hub import client
from hubq.hub.connection import Connection
from hubq.hub.remote import Entry

_PATHS = 500
"""Files that the Hub describes in one answer."""


class Reading(Connection):
    """The part of `HuggingFaceHub` that reads without downloading."""

    def read_range(
        self, repo: str, commit: str, path: str, start: int = 0, stop: int | None = None
    ) -> bytes:
        """Return bytes of a file, from `start` up to `stop` or its end; one request, nothing kept.

        A server that sends the whole file instead is read no further than `stop`.

        Raises:
            BadInput: no such file, or the repo is gated.
        """
        api = self._api()
        address = f"{self._endpoint}/{repo}/resolve/{quote(commit, safe='')}/{quote(path)}"
        headers = api._build_hf_headers()  # noqa: SLF001 - its public twin knows no token
        headers["Accept-Encoding"] = "identity"
        if start or stop is not None:
            headers["Range"] = f"bytes={start}-{'' if stop is None else stop - 1}"
        return self._ask(
            lambda: _received(address, headers, start, stop), self._call(repo, commit, path)
        )

    def models(self, *, author: str = "", search: str = "", limit: int = 0) -> tuple[Entry, ...]:
        """Return the models of an author whose ids hold all words; at most `limit`, 0 for all."""
        api = self._api()
        found = self._ask(
            lambda: list(
                api.list_models(
                    author=author or None,
                    search=search or None,
                    limit=limit or None,
                    expand=["sha"],
                )
            ),
            self._call(author, noun="namespace"),
        )
        return tuple(Entry(repo=one.id, commit=one.sha or "") for one in found)

    def changed(self, repo: str, commit: str, paths: Sequence[str]) -> dict[str, str]:
        """Return when files were last committed, ISO 8601; those that are not there are left out.

        One request for up to 500 files.
        """
        api = self._api()
        found: list[Any] = []
        for first in range(0, len(paths), _PATHS):
            some = list(paths[first : first + _PATHS])
            found += self._ask(
                lambda some=some: api.get_paths_info(  # type: ignore[misc]
                    repo, some, expand=True, revision=commit
                ),
                self._call(repo, commit),
            )
        return {
            one.path: one.last_commit.date.isoformat()
            for one in found
            if getattr(one, "last_commit", None) is not None
        }

    def pace(self, told: Callable[[float], None]) -> None:
        """From now on wait before a request that the hub would turn away as one too many.

        Args:
            told: hears how many seconds each wait will take.
        """
        self._api()
        client.pace(self._endpoint, told)


def _received(address: str, headers: dict[str, str], start: int, stop: int | None) -> bytes:
    """Return bytes of what lies at an address.

    Raises:
        HfHubHTTPError: the server refused.
    """
    from huggingface_hub.utils._http import get_session, hf_raise_for_status

    parts: list[bytes] = []
    with get_session().stream("GET", address, headers=headers, follow_redirects=True) as answer:
        if answer.status_code == 416:
            return b""
        if answer.status_code >= 400:
            answer.read()
        hf_raise_for_status(answer)
        skipped = start if answer.status_code == 200 else 0
        wanted = None if stop is None else stop - start + skipped
        got = 0
        for part in answer.iter_raw():
            parts.append(part)
            got += len(part)
            # An answer that is read to its end leaves the connection for the next request.
            if wanted is not None and got > wanted:
                break
    return b"".join(parts)[skipped:wanted]
