"""Giving up: what is done and not yet revealed is undone; nothing else is touched."""

from __future__ import annotations

from pathlib import Path

import msgspec

from hubq.hub.port import MAIN, Hub
from hubq.hub.publication.comparing import HUB_MADE
from hubq.hub.publication.journal import Journal
from hubq.hub.publication.looking import Seen, look
from hubq.hub.publication.plan import RepoPlan
from hubq.hub.publication.telling import Silence, Tell
from hubq.hub.publication.work import trailer


class Aborted(msgspec.Struct, frozen=True, kw_only=True):
    """A publication that was given up.

    Attributes:
        id: of the publication; empty when none was under way.
        undone: what was undone, a sentence each, with the repo's id in front.
        stays: what stays on the hub, because others can see it or may rest on it.
    """

    id: str = ""
    undone: tuple[str, ...] = ()
    stays: tuple[str, ...] = ()


def abort(hub: Hub, folder: Path, *, tell: Tell | None = None) -> Aborted:
    """Undo what the publication under way in a folder has not yet revealed.

    Its own branches go, and the repos that it created itself, as long as they are hidden and hold
    nothing but its own commits and the hub's first one. What others can see stays, and is said.
    May be called again after a kill, and does nothing when no publication is under way.

    Raises:
        BadInput: the journal is damaged; or no permission.
        Unavailable: the hub stopped answering; the same again goes on from there.
    """
    journal = Journal.load(folder)
    if journal is None:
        return Aborted()
    undoing = _Undoing(hub, journal, tell or Silence())
    for repo in journal.plan.repos:
        undoing.undo(repo)
    journal.close("aborted")
    return Aborted(id=journal.plan.id, undone=tuple(undoing.undone), stays=tuple(undoing.stays))


class _Undoing:
    """What is undone, repo by repo."""

    def __init__(self, hub: Hub, journal: Journal, tell: Tell) -> None:
        self._hub = hub
        self._journal = journal
        self._tell = tell
        self.undone: list[str] = []
        self.stays: list[str] = []

    def undo(self, repo: RepoPlan) -> None:
        """Undo what was done to one repo."""
        if self._hub.head(repo.repo) is None:
            return
        if repo.route == "pull-request":
            self._leave_pull_request(repo)
            return
        seen = look(self._hub, repo.repo, self._target)
        if repo.repo in self._journal.entry.created and self._is_only_ours(repo, seen):
            self._did(repo, "deleted; it was created by this publication and not yet revealed")
            self._hub.delete(repo.repo)
            return
        branch = self._journal.plan.branch
        if branch in seen.branches:
            self._did(repo, f"branch {branch} deleted")
            self._hub.delete_branch(repo.repo, branch)
        self._undo_target(repo, seen)

    @property
    def _target(self) -> str:
        return self._journal.plan.terms.revision

    def _did(self, repo: RepoPlan, what: str) -> None:
        self._tell(f"{repo.repo}: {what}")
        self.undone.append(f"{repo.repo}: {what}")

    def _leave_pull_request(self, repo: RepoPlan) -> None:
        author = self._hub.whoami().name
        for pull in self._hub.pull_requests(repo.repo, author=author):
            if pull.title == repo.title:
                self.stays.append(f"{repo.repo}: pull request {pull.num} is open: {pull.url}")

    def _undo_target(self, repo: RepoPlan, seen: Seen) -> None:
        """Delete the target branch where this publication made it and it has not moved yet."""
        target = self._target
        head = seen.head
        made = repo.repo in self._journal.entry.branched
        if made and target != MAIN and head and head == repo.parent:
            self._did(repo, f"branch {target} deleted")
            self._hub.delete_branch(repo.repo, target)
        elif head and head != repo.parent and self._is_ours(repo, head):
            who = "hidden" if seen.private else "public"
            self.stays.append(
                f"{repo.repo}: {target} holds the new release already ({head[:7]}, {who})"
            )
        elif repo.repo in self._journal.entry.created:
            self.stays.append(f"{repo.repo}: stays, since somebody else has used it meanwhile")

    def _is_ours(self, repo: RepoPlan, commit: str) -> bool:
        message = self._hub.history(repo.repo, commit)[0].message
        return trailer(self._journal.plan) in message.splitlines()

    def _is_only_ours(self, repo: RepoPlan, seen: Seen) -> bool:
        """Return whether a repo is hidden and holds nothing that anybody else put there."""
        plan = self._journal.plan
        tags = {plan.terms.tag} if repo.tag else set()
        if not seen.private or set(seen.tags) - tags:
            return False
        if set(seen.branches) - {MAIN, self._target, plan.branch}:
            return False
        return all(self._only_ours(repo, commit) for commit in {*seen.branches.values()})

    def _only_ours(self, repo: RepoPlan, commit: str) -> bool:
        """Return whether every commit up to one is this publication's, or the hub's first."""
        *made, first = self._hub.history(repo.repo, commit)
        mark = trailer(self._journal.plan)
        return set(self._hub.tree(repo.repo, first.commit)) <= HUB_MADE and all(
            mark in one.message.splitlines() for one in made
        )
