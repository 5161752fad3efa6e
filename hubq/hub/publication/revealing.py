"""Revealing: what is done once every repo of a family holds its release, and not before."""

from __future__ import annotations

from collections.abc import Mapping

from hubq.errors import RemoteMoved
from hubq.hub.publication.gathering import gather
from hubq.hub.publication.looking import Seen, look
from hubq.hub.publication.plan import RepoPlan
from hubq.hub.publication.sending import patiently
from hubq.hub.publication.work import PLAN_AGAIN, Delivered, Work
from hubq.hub.remote import Collection


def reveal(work: Work, delivered: Mapping[str, Delivered]) -> Collection | None:
    """Open a family to the world and return its collection; none where it has none.

    Gates and tags come first, so that nothing is visible that is not as it is to stay; then the
    repos, then the collection, and last the branches go.

    Raises:
        RemoteMoved: a repo does not hold its release any more, or the tag is on another commit.
    """
    seen = {repo.repo: _sibling(work, repo, delivered[repo.repo]) for repo in work.plan.repos}
    for repo in work.plan.repos:
        _gate(work, repo, seen[repo.repo])
        _tag(work, repo, seen[repo.repo], delivered[repo.repo])
    for repo in work.plan.repos:
        if repo.reveal and seen[repo.repo].private:
            work.say(repo, "making it public")
            work.hub.set_private(repo.repo, private=False)
    hidden = all(one.private for one in seen.values()) and not any(
        repo.reveal for repo in work.plan.repos
    )
    found = gather(work, private=hidden)
    for repo in work.plan.repos:
        # A hub may list a branch late, so one that this run has seen or made goes unseen.
        if delivered[repo.repo].staged or work.plan.branch in seen[repo.repo].branches:
            work.say(repo, f"deleting the branch {work.plan.branch}")
            work.hub.delete_branch(repo.repo, work.plan.branch)
    return found


def _sibling(work: Work, repo: RepoPlan, delivered: Delivered) -> Seen:
    """Return what a repo holds, which must be its release, since the others' cards link to it.

    Raises:
        RemoteMoved: it holds something else by now.
    """
    expected = repo.parent if delivered.route == "pull-request" else delivered.commit
    seen = look(work.hub, repo.repo, work.target)

    def is_late() -> bool:
        return seen.head != expected and seen.head in {"", delivered.base}

    def look_again() -> bool:
        nonlocal seen
        seen = look(work.hub, repo.repo, work.target)
        return not is_late()

    if is_late():
        patiently(work, look_again)
    if seen.head == expected:
        return seen
    error = work.moved(repo, seen.commit)
    raise RemoteMoved(f"{error.message}\n  nothing of the family was revealed", remedy=PLAN_AGAIN)


def _gate(work: Work, repo: RepoPlan, seen: Seen) -> None:
    gate = work.plan.terms.gated
    if repo.gate and seen.gate != gate:
        work.say(repo, f"giving its files to those who ask ({gate})" if gate else "opening it")
        work.hub.set_gate(repo.repo, gate)


def _tag(work: Work, repo: RepoPlan, seen: Seen, delivered: Delivered) -> None:
    tag = work.plan.terms.tag
    if repo.tag and delivered.route == "direct" and seen.tags.get(tag) != delivered.commit:
        work.say(repo, f"tagging it {tag}")
        work.hub.create_tag(repo.repo, tag, delivered.commit, f"Release {work.plan.release}")
