"""Staging: a repo's release on a branch of the publication's own, compared with the disk."""

from __future__ import annotations

import msgspec

from hubq.errors import RemoteMoved
from hubq.hub.publication.comparing import differences, require_equal
from hubq.hub.publication.looking import Standing, standing
from hubq.hub.publication.plan import RepoPlan
from hubq.hub.publication.sending import Meter, commit, upload
from hubq.hub.publication.work import Work
from hubq.units import human_size


def create(work: Work, far: dict[str, Standing]) -> dict[str, Standing]:
    """Create the repos that are not there yet, hidden, and return how far all are then.

    That they are going to be created is written down before: what a publication created, it may
    delete again when it is given up.

    Raises:
        RemoteMoved: somebody else made one of them.
    """
    missing = [repo for repo in work.plan.repos if repo.repo in far and not _there(far[repo.repo])]
    if missing:
        created = {*work.journal.entry.created, *(repo.repo for repo in missing)}
        work.journal.note(created=tuple(sorted(created)))
    for repo in missing:
        work.say(repo, "creating it, hidden until the family is verified")
        work.hub.create(repo.repo, private=True)
        far = {**far, repo.repo: standing(work, repo)}
    return far


def stage(work: Work, repo: RepoPlan, far: Standing, meter: Meter) -> Standing:
    """Bring a repo's release to the publication's own branch in one commit and compare it.

    A branch of this publication that does not hold the release, as a broken hub leaves it, is made
    anew.

    Raises:
        RemoteMoved: the branch was moved by somebody else.
        StageFailed: the hub holds other bytes than the disk.
        Unavailable: the hub stopped answering.
    """
    if far.moved or not (repo.sent or repo.removed):
        meter.finish(repo)
        return far
    branch = work.plan.branch
    staged = far.staged or _begin(work, repo, far.base)
    if staged != far.base:
        held = work.hub.tree(repo.repo, staged)
        if not differences(repo, held, far.before):
            meter.finish(repo)
            return msgspec.structs.replace(far, staged=staged, held=held)
        work.hub.delete_branch(repo.repo, branch)
        work.hub.create_branch(repo.repo, branch, far.base)
    work.say(repo, f"sending {len(repo.sent)} files ({human_size(repo.size)}) to {branch}")
    upload(work, repo, branch, meter)
    staged = commit(work, repo, revision=branch, parent=far.base)
    meter.finish(repo)
    work.say(repo, "comparing the branch with the disk")
    held = require_equal(work.hub, repo, staged, far.before, branch)
    return msgspec.structs.replace(far, staged=staged, held=held)


def _begin(work: Work, repo: RepoPlan, base: str) -> str:
    """Make the publication's own branch and return where it stands.

    A run before may have made it a moment ago, and even committed to it, without the hub listing it
    yet.

    Raises:
        RemoteMoved: the hub refuses the branch, and yet has none of its name.
    """
    try:
        work.hub.create_branch(repo.repo, work.plan.branch, base)
    except RemoteMoved:
        there = work.hub.head(repo.repo, work.plan.branch)
        if there is None:
            raise
        return there
    return base


def _there(far: Standing) -> bool:
    return bool(far.base or far.moved)
