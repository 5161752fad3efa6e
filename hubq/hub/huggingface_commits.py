"""Commits and pull requests on a Hugging Face Hub.

A commit is sent once: whether one whose answer was lost was made can only be seen from the branch.
Files whose content a repo holds already are left out of a commit by the client; one that would be
empty is not made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hubq.errors import HubProblem, RemoteMoved
from hubq.hub import client
from hubq.hub.connection import Connection
from hubq.hub.failures import translated
from hubq.hub.port import MAIN, Content, FileProgress
from hubq.hub.remote import PullRequest


class Commits(Connection):
    """The part of `HuggingFaceHub` that writes files."""

    def upload(
        self,
        repo: str,
        files: Mapping[str, Content],
        *,
        known: Mapping[str, str],
        revision: str = MAIN,
        propose: bool = False,
        notes: Path | None = None,
        progress: FileProgress | None = None,
    ) -> str:
        """Bring the contents of large files to a hub, for a commit that follows; none is made here.

        Returns:
            How they went: `Xet`, `LFS`, or empty when nothing had to be sent.

        Raises:
            Unavailable: broken off; what arrived is kept.
        """
        return self._uploader.upload(
            self._api(),
            self._call(repo, doing="write to"),
            files,
            known=known,
            revision=revision,
            propose=propose,
            notes=notes,
            progress=progress,
        )

    def commit(
        self,
        repo: str,
        files: Mapping[str, Content],
        *,
        message: str,
        parent: str | None,
        description: str = "",
        deletions: Sequence[str] = (),
        revision: str = MAIN,
        known: Mapping[str, str] = {},
        copies: Mapping[str, str] = {},
    ) -> str:
        """Add and remove files in exactly one commit and return it; never tried again here.

        Only LFS files are to be copied: the client would download others and send them again. The
        copies cost two look-ups, however many they are.

        Raises:
            RemoteMoved: the branch does not stand at `parent`.
            Unavailable: no answer; the commit may have been made all the same.
        """
        api = self._api()
        additions, others = _additions(files, known), _changes(deletions, copies)
        self._uploader.mark(repo, additions)
        with translated(self._call(repo, doing="write to")), client.committing():
            made = api.create_commit(
                repo,
                [*additions, *others],
                commit_message=message,
                commit_description=description,
                parent_commit=parent,
                revision=revision,
            )
        head = str(made.oid)
        if parent is not None and head != parent and _was_empty(additions, others):
            # No commit was sent, so the server could not compare the parent.
            raise RemoteMoved(
                f"{repo}: changed on {self._endpoint} since the plan",
                remedy="Run the same command again: it plans anew and shows what is different.",
            )
        return head

    def propose(
        self,
        repo: str,
        files: Mapping[str, Content],
        *,
        title: str,
        base: str,
        description: str = "",
        deletions: Sequence[str] = (),
        known: Mapping[str, str] = {},
    ) -> PullRequest:
        """Open a pull request with one commit on top of `base`; never tried again here.

        Raises:
            HubProblem: the repo holds everything already, so none was opened.
            Unavailable: no answer; it may have been opened all the same.
        """
        api = self._api()
        author = self.whoami().name
        additions = _additions(files, known)
        self._uploader.mark(repo, additions)
        with translated(self._call(repo, doing="propose to")), client.committing():
            made = api.create_commit(
                repo,
                [*additions, *_changes(deletions, {})],
                commit_message=title,
                commit_description=description,
                parent_commit=base,
                create_pr=True,
            )
        if made.pr_num is None:
            raise HubProblem(f"{repo}: nothing to propose, {self._endpoint} holds it already")
        return PullRequest(
            num=made.pr_num,
            title=title,
            author=author,
            ref=str(made.pr_revision),
            url=f"{self.url(repo)}/discussions/{made.pr_num}",
        )


def _additions(files: Mapping[str, Content], known: Mapping[str, str]) -> list[Any]:
    """Return the client library's operations, with the hashes that are known filled in."""
    from huggingface_hub import CommitOperationAdd

    additions: list[Any] = []
    for path, content in sorted(files.items()):
        addition = CommitOperationAdd(path_in_repo=path, path_or_fileobj=content)
        if path in known:
            addition.upload_info.sha256 = bytes.fromhex(known[path])
        additions.append(addition)
    return additions


def _changes(deletions: Sequence[str], copies: Mapping[str, str]) -> list[Any]:
    """Return the client library's operations that bring no content of our own."""
    from huggingface_hub import CommitOperationCopy, CommitOperationDelete

    return [
        *(
            CommitOperationCopy(src_path_in_repo=path, path_in_repo=path, src_revision=commit)
            for path, commit in sorted(copies.items())
        ),
        *(CommitOperationDelete(path, is_folder=False) for path in deletions),
    ]


def _was_empty(additions: Sequence[Any], others: Sequence[Any]) -> bool:
    """Return whether a commit would have changed nothing, so that the client sent none."""
    from huggingface_hub import CommitOperationCopy

    return all(not addition._is_committed for addition in additions) and all(  # noqa: SLF001
        isinstance(other, CommitOperationCopy) and other._dest_oid == other._src_oid  # noqa: SLF001
        for other in others
    )
