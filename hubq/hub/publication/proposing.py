"""Proposing: a release brought to somebody else's repo as one pull request, kept up to date."""

from __future__ import annotations

from hubq.errors import RemoteMoved
from hubq.hub.port import RemoteFile
from hubq.hub.publication.comparing import differences, require_equal
from hubq.hub.publication.plan import RepoPlan
from hubq.hub.publication.sending import Meter, commit, contents, hashes, surely, upload
from hubq.hub.publication.work import Delivered, Work, description
from hubq.hub.remote import PullRequest


def require_base(work: Work, repo: RepoPlan) -> None:
    """Make sure that the branch a pull request goes into is where it was when it was planned.

    Raises:
        RemoteMoved: it is not; says what changed and by whom.
    """
    head = work.hub.head(repo.repo, work.target)
    if head != repo.parent:
        raise work.moved(repo, head or "")


def propose(work: Work, repo: RepoPlan, meter: Meter) -> Delivered:
    """Open a pull request, or bring our own open one up to date, and compare it with the disk.

    Raises:
        RemoteMoved: our pull request was closed, or somebody else committed to it.
        StageFailed: the hub holds other bytes than the disk.
        Unavailable: the hub stopped answering.
    """
    if repo.empty and not repo.pull_request:
        meter.finish(repo)
        return Delivered(commit=repo.parent or "", url=work.hub.url(repo.repo))
    before = work.hub.tree(repo.repo, repo.pull_head or repo.parent or "")
    if repo.pull_request:
        pull = _planned(work, repo)
        made = _update(work, repo, pull, meter)
    else:
        pull = _opened(work, repo, before, meter)
        made = work.hub.head(repo.repo, pull.ref) or ""
    require_equal(work.hub, repo, made, before, f"pull request {pull.num}")
    if made != repo.pull_head:
        work.journal.note(moved={**work.journal.entry.moved, repo.repo: made})
    meter.finish(repo)
    return Delivered(commit=made, url=pull.url, route="pull-request")


def _planned(work: Work, repo: RepoPlan) -> PullRequest:
    """Return the pull request that the plan brings up to date.

    Raises:
        RemoteMoved: it is not open any more.
    """
    for pull in _mine(work, repo):
        if pull.num == repo.pull_request:
            return pull
    raise work.moved(
        repo, repo.parent or "", f"pull request {repo.pull_request} is not open any more"
    )


def _update(work: Work, repo: RepoPlan, pull: PullRequest, meter: Meter) -> str:
    """Return the commit of our pull request that holds the release, made where it is missing."""
    head = work.hub.head(repo.repo, pull.ref) or ""
    if head != repo.pull_head:
        if work.carries(repo.repo, head):
            return head
        raise work.moved(repo, head, f"pull request {pull.num} was changed since the plan")
    if not (repo.sent or repo.removed):
        return head
    work.say(repo, f"bringing pull request {pull.num} up to date")
    upload(work, repo, pull.ref, meter)
    return commit(work, repo, revision=pull.ref, parent=head)


def _opened(work: Work, repo: RepoPlan, before: dict[str, RemoteFile], meter: Meter) -> PullRequest:
    """Return the pull request of this publication, opened where it is missing."""
    found: list[PullRequest] = list(_own(work, repo, before))
    if found:
        return found[0]

    def send() -> str:
        pull = work.hub.propose(
            repo.repo,
            contents(repo),
            title=repo.title,
            base=repo.parent or "",
            description=description(work.plan),
            deletions=repo.removed,
            known=hashes(repo),
        )
        found.append(pull)
        return pull.ref

    def look() -> str:
        found.extend(_own(work, repo, before))
        return found[0].ref if found else ""

    work.say(repo, f"opening a pull request with {len(repo.sent)} files")
    upload(work, repo, work.target, meter, propose=True)
    surely(work, send, look)
    return found[0]


def _own(work: Work, repo: RepoPlan, before: dict[str, RemoteFile]) -> list[PullRequest]:
    """Return the pull request that this publication opened, if it has.

    A hub need not keep the description in the commit; one of this title that holds exactly the
    release is ours, too.

    Raises:
        RemoteMoved: another publication opened one since the plan.
    """
    for pull in _mine(work, repo):
        if pull.title != repo.title:
            continue
        head = work.hub.head(repo.repo, pull.ref) or ""
        if work.carries(repo.repo, head):
            return [pull]
        if not differences(repo, work.hub.tree(repo.repo, head), before):
            return [pull]
        raise RemoteMoved(
            f"{repo.repo}: pull request {pull.num} ({pull.url}) was opened since the plan",
            remedy="Run the same command again: it brings that one up to date.",
        )
    return []


def _mine(work: Work, repo: RepoPlan) -> tuple[PullRequest, ...]:
    return work.hub.pull_requests(repo.repo, author=work.hub.whoami().name)
