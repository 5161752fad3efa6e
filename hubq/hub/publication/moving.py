"""Moving: the target branch goes from the old release to the new one in one commit."""

from __future__ import annotations

from hubq.hub.publication.comparing import require_equal
from hubq.hub.publication.looking import Standing
from hubq.hub.publication.plan import RepoPlan
from hubq.hub.publication.sending import commit
from hubq.hub.publication.work import Delivered, Work


def move(work: Work, repo: RepoPlan, far: Standing) -> Delivered:
    """Move a repo's target branch to what was staged and compare it with the disk once more.

    No byte of a large file is sent: it is copied from the staged commit.

    Raises:
        RemoteMoved: the branch was moved by somebody else.
        StageFailed: the hub holds other bytes than the disk.
        Unavailable: the hub stopped answering.
    """
    made = far.moved or _move(work, repo, far)
    require_equal(work.hub, repo, made, far.before, work.target)
    work.journal.note(moved={**work.journal.entry.moved, repo.repo: made})
    return Delivered(
        commit=made, base=far.base, url=work.hub.url(repo.repo), staged=bool(far.staged)
    )


def _move(work: Work, repo: RepoPlan, far: Standing) -> str:
    """Return the target branch's commit that holds the release."""
    if not far.target:
        branched = {*work.journal.entry.branched, repo.repo}
        work.journal.note(branched=tuple(sorted(branched)))
        work.say(repo, f"making the branch {work.target}")
        work.hub.create_branch(repo.repo, work.target, far.base)
    if not (repo.sent or repo.removed):
        return far.base
    work.say(repo, f"moving {work.target}")
    copies = {path: far.staged for path in repo.sent if far.held[path].lfs}
    return commit(work, repo, revision=work.target, parent=far.base, copies=copies)
