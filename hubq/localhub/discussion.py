"""Discussions and pull requests of one repo."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from hubq.localhub import disk
from hubq.localhub.problems import ConflictError, NotFoundError
from hubq.localhub.repository import Repository, changed, now
from hubq.localhub.values import Discussion, Event, FileEntry


class DiscussionLog:
    """The discussions of a repo; a pull request's commits hang on `refs/pr/N`."""

    def __init__(self, repo: Repository) -> None:
        self._repo = repo

    def all(self) -> list[Discussion]:
        """Return every discussion, newest first."""
        folder = self._repo.folder / "discussions"
        found = [
            msgspec.json.decode(file.read_bytes(), type=Discussion) for file in disk.listing(folder)
        ]
        return sorted(found, key=lambda discussion: discussion.num, reverse=True)

    def get(self, num: int) -> Discussion:
        """Return one discussion.

        Raises:
            NotFoundError: there is none of this number.
        """
        try:
            return msgspec.json.decode(self._path(num).read_bytes(), type=Discussion)
        except FileNotFoundError:
            raise NotFoundError(f"Discussion not found: {num}") from None

    def open(self, *, author: str, title: str, text: str) -> Discussion:
        """Open a plain discussion."""
        with self._repo.lock:
            discussion = Discussion(
                num=self._next(),
                title=title,
                author=author,
                date=now(),
                status="open",
                pull_request=False,
            )
            return self._add(discussion, comment(author, text))

    def open_pull_request(
        self,
        *,
        author: str,
        title: str,
        text: str,
        base: str,
        base_commit: str = "",
        changes: Mapping[str, FileEntry | None] | None = None,
    ) -> Discussion:
        """Open a pull request, with its first commit when there are changes.

        Args:
            author: name of the user.
            title: title, and title of the commit.
            text: description, and message of the commit.
            base: branch it goes into.
            base_commit: commit it starts from; empty takes the branch's head.
            changes: new entries by path; None makes an empty draft.

        Raises:
            RevisionNotFoundError: there is no such branch or commit.
        """
        with self._repo.lock:
            start = self._repo.head(base_commit or base)
            num = self._next()
            discussion = Discussion(
                num=num,
                title=title,
                author=author,
                date=now(),
                status="draft" if changes is None else "open",
                pull_request=True,
                base=base,
                base_commit=start,
            )
            # The ref first: a ref without a discussion is invisible, the reverse would be broken.
            self._repo.set_ref("pr", str(num), start)
            events = [comment(author, text)]
            if changes is not None:
                oid = self._repo.advance(
                    f"refs/pr/{num}", changes, author=author, title=title, message=text
                )
                events.append(pushed(author, title, oid))
            return self._add(discussion, *events)

    def comment(self, num: int, author: str, text: str) -> Event:
        """Add a comment and return it."""
        event = comment(author, text)
        self._change(num, event)
        return event

    def rename(self, num: int, author: str, title: str) -> Event:
        """Change the title and return the event."""
        data = {"from": self.get(num).title, "to": title}
        event = _event("title-change", author, data)
        self._change(num, event, title=title)
        return event

    def set_status(
        self, num: int, author: str, status: Literal["open", "closed"], text: str = ""
    ) -> Event:
        """Open or close it and return the event.

        Raises:
            ConflictError: the pull request is merged.
        """
        if self.get(num).status == "merged":
            raise ConflictError("The pull request is merged")
        event = _event("status-change", author, {"status": status})
        events = [comment(author, text), event] if text else [event]
        self._change(num, *events, status=status)
        return event

    def commit(self, num: int, author: str, title: str, oid: str) -> None:
        """Note a further commit on a pull request; a draft becomes open."""
        status = self.get(num).status
        change = {"status": "open"} if status == "draft" else {}
        self._change(num, pushed(author, title, oid), **change)

    def conflicts(self, discussion: Discussion) -> list[str]:
        """Return the paths that both the pull request and its base changed, differently."""
        if not discussion.pull_request or discussion.status == "merged":
            return []
        before = self._repo.commit(discussion.base_commit).files
        theirs = self._repo.commit(f"refs/pr/{discussion.num}").files
        ours = self._repo.commit(discussion.base).files
        paths = _changes(before, theirs).keys() & _changes(before, ours).keys()
        return sorted(path for path in paths if theirs.get(path) != ours.get(path))

    def merge(self, num: int, author: str, text: str = "") -> Discussion:
        """Merge a pull request into its base as one commit; merging twice changes nothing.

        Raises:
            ConflictError: it is closed, is no pull request, or conflicts with its base.
        """
        with self._repo.lock:
            discussion = self.get(num)
            if discussion.status == "merged":
                return discussion
            if not discussion.pull_request or discussion.status == "closed":
                raise ConflictError(f"#{num} is not an open pull request")
            conflicts = self.conflicts(discussion)
            if conflicts:
                raise ConflictError(f"Conflicts in {', '.join(conflicts)}")
            oid = self._merge_commit(discussion, author)
            events = [comment(author, text)] if text else []
            events.append(_event("status-change", author, {"status": "merged"}))
            return self._change(num, *events, status="merged", merge_commit=oid)

    def _merge_commit(self, discussion: Discussion, author: str) -> str:
        """Move the base branch and return its head; a merge found done is not done again."""
        repo = self._repo
        pull = repo.head(f"refs/pr/{discussion.num}")
        head = repo.head(discussion.base)
        base = repo.commit(head)
        changes = _changes(repo.commit(discussion.base_commit).files, repo.commit(pull).files)
        files = changed(base.files, changes)
        if pull in base.parents and files == base.files:
            return head
        title = f"{discussion.title} (#{discussion.num})"
        oid = repo.save_commit(files, parents=(head, pull), author=author, title=title)
        repo.set_ref("heads", discussion.base.removeprefix("refs/heads/"), oid)
        return oid

    def _add(self, discussion: Discussion, *events: Event) -> Discussion:
        discussion = msgspec.structs.replace(discussion, events=(*discussion.events, *events))
        self._repo.blobs.disk.write_json(self._path(discussion.num), discussion)
        return discussion

    def _change(self, num: int, *events: Event, **changes: Any) -> Discussion:
        with self._repo.lock:
            return self._add(msgspec.structs.replace(self.get(num), **changes), *events)

    def _next(self) -> int:
        taken = [int(name) for name in self._repo.refs("pr")]
        taken += [discussion.num for discussion in self.all()]
        return max(taken, default=0) + 1

    def _path(self, num: int) -> Path:
        return self._repo.folder / "discussions" / f"{num}.json"


def comment(author: str, text: str) -> Event:
    """Return a comment event in the shape the client reads."""
    latest = {"raw": text, "html": "", "updatedAt": now(), "author": {"name": author}}
    data = {"edited": False, "hidden": False, "latest": latest, "history": []}
    return _event("comment", author, data)


def pushed(author: str, title: str, oid: str) -> Event:
    """Return a commit event in the shape the client reads."""
    return _event("commit", author, {"subject": title, "oid": oid})


def _event(
    kind: Literal["comment", "status-change", "commit", "title-change"],
    author: str,
    data: dict[str, Any],
) -> Event:
    return Event(id=secrets.token_hex(12), type=kind, author=author, date=now(), data=data)


def _changes(
    before: Mapping[str, FileEntry], after: Mapping[str, FileEntry]
) -> dict[str, FileEntry | None]:
    """Return what happened from one tree to another; None marks a deleted path."""
    paths = before.keys() | after.keys()
    return {path: after.get(path) for path in paths if before.get(path) != after.get(path)}
