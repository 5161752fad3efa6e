"""Looking: how far each repo of a family is, told from the hub alone."""

from __future__ import annotations

import msgspec

from hubq.errors import BadInput, RemoteMoved
from hubq.hub.port import MAIN, Hub, RemoteFile
from hubq.hub.publication.comparing import HUB_MADE
from hubq.hub.publication.plan import RepoPlan
from hubq.hub.publication.work import PLAN_AGAIN, Work
from hubq.model.publication import Gate


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What a hub holds of one repo now.

    Attributes:
        branches, tags: name -> commit. A hub may list them late: a branch made a moment ago may be
            missing.
        head: where the target branch stands; empty where there is none.
        commit: the one that `files` are of: the target branch's, or main's where there is none.
    """

    branches: dict[str, str]
    tags: dict[str, str]
    head: str
    commit: str
    files: dict[str, RemoteFile]
    private: bool
    gate: Gate | None


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How far one repo is, whose release goes straight to its target branch.

    Attributes:
        base: the commit that the release starts from; empty where the repo is not there yet.
        before: what the repo holds at that commit.
        moved: the commit of the target branch that holds the release; empty while it does not.
        staged: where this publication's own branch stands; empty where there is none.
        held: what it holds, once that was compared with the disk.
        target: whether the target branch is there.
    """

    base: str = ""
    before: dict[str, RemoteFile] = {}
    moved: str = ""
    staged: str = ""
    held: dict[str, RemoteFile] = {}
    target: bool = False


def look(hub: Hub, repo: str, target: str) -> Seen:
    """Return what a hub holds of a repo; two requests.

    Raises:
        BadInput: no such repo, or no access.
    """
    refs = hub.refs(repo)
    there = target == MAIN or target in refs.branches
    info = hub.info(repo, target if there else MAIN)
    return Seen(
        branches=refs.branches,
        tags=refs.tags,
        head=info.commit if there else "",
        commit=info.commit,
        files=info.files,
        private=info.private,
        gate=info.gate,
    )


def standing(work: Work, repo: RepoPlan) -> Standing:
    """Return how far a repo is.

    Raises:
        RemoteMoved: it is neither as planned nor as this publication makes it.
    """
    if repo.new and work.hub.head(repo.repo) is None:
        return Standing()
    seen = _seen(work, repo)
    found = _of_new(work, repo, seen) if repo.new else _of_old(work, repo, seen)
    _require_free_tag(work, repo, seen, found)
    return msgspec.structs.replace(
        found,
        staged=seen.branches.get(work.plan.branch, ""),
        target=bool(seen.head),
    )


def _seen(work: Work, repo: RepoPlan) -> Seen:
    """Look at a repo that is there.

    Raises:
        RemoteMoved: it has gone since the plan.
    """
    try:
        return look(work.hub, repo.repo, work.target)
    except BadInput:
        if work.hub.head(repo.repo) is not None:
            raise
        raise RemoteMoved(
            f"{repo.repo}: gone from {work.hub.endpoint} since the plan", remedy=PLAN_AGAIN
        ) from None


def _of_new(work: Work, repo: RepoPlan, seen: Seen) -> Standing:
    """Return how far a repo is that was not there when it was planned.

    Two publications that both found it missing may both go on from the hub's first commit; the one
    that moves the branch first wins.

    Raises:
        RemoteMoved: somebody else made it.
    """
    shows_main = work.target == MAIN or not seen.head
    base = seen.commit if shows_main else seen.branches.get(MAIN, "")
    if seen.commit == base and seen.private and set(seen.files) <= HUB_MADE:
        return Standing(base=base, before=seen.files)
    if seen.head and work.carries(repo.repo, seen.head):
        return Standing(moved=seen.head)
    raise work.moved(
        repo, seen.commit, f"somebody else made it on {work.hub.endpoint} since the plan"
    )


def _of_old(work: Work, repo: RepoPlan, seen: Seen) -> Standing:
    """Return how far a repo is that was there when it was planned.

    Raises:
        RemoteMoved: its target branch is neither where it was nor at this release.
    """
    parent = repo.parent or ""
    if seen.head == parent:
        done = parent if repo.empty or not _changes(repo) else ""
        return Standing(base=parent, before=seen.files, moved=done)
    if not seen.head and repo.target_is_new:
        return Standing(base=parent, before=work.hub.tree(repo.repo, parent))
    if seen.head and work.carries(repo.repo, seen.head):
        return Standing(base=parent, before=work.hub.tree(repo.repo, parent), moved=seen.head)
    raise work.moved(repo, seen.commit)


def _changes(repo: RepoPlan) -> bool:
    return bool(repo.sent or repo.removed)


def _require_free_tag(work: Work, repo: RepoPlan, seen: Seen, found: Standing) -> None:
    """Make sure, before anything is sent, that the release can be tagged.

    Raises:
        RemoteMoved: the tag is on another commit.
    """
    tag = work.plan.terms.tag
    if repo.tag and tag in seen.tags and seen.tags[tag] != found.moved:
        raise RemoteMoved(
            f"{repo.repo}: tag {tag} is on {seen.tags[tag][:7]} on {work.hub.endpoint} already",
            remedy="Choose another --tag, or delete that one.",
        )
