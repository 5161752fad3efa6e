"""The protocol: a family is brought to a hub in phases, with a barrier between each two of them.

    look      how far is each repo? (nothing is believed that the hub does not show)
    create    repos that are new, hidden
    stage     each release on a branch of the publication's own, in one commit, compared
    move      each target branch, in one commit on top of the planned one, compared again
    reveal    gates, tags, visibility, the collection; the branches go
    close     the receipt is written, the journal goes to the history

So main is never half a release: it is absent, old or complete. A run that was killed anywhere, or
that lost any answer, is gone on with by `resume`, which does again only what has not been done.
"""

from __future__ import annotations

from pathlib import Path

from hubq.errors import BadInput
from hubq.hub.port import Hub
from hubq.hub.publication import receipt
from hubq.hub.publication.journal import Journal
from hubq.hub.publication.looking import Standing, standing
from hubq.hub.publication.moving import move
from hubq.hub.publication.plan import FamilyPlan, Published, PublishedRepo, RepoPlan
from hubq.hub.publication.proposing import propose, require_base
from hubq.hub.publication.revealing import reveal
from hubq.hub.publication.sending import Meter
from hubq.hub.publication.staging import create, stage
from hubq.hub.publication.telling import Silence, Tell
from hubq.hub.publication.work import Delivered, Work
from hubq.hub.remote import Collection
from hubq.hub.retry import Retries


def publish(
    hub: Hub,
    plan: FamilyPlan,
    folder: Path,
    *,
    retries: Retries | None = None,
    tell: Tell | None = None,
) -> Published:
    """Carry out a plan and return what is published; what is on the hub already is not sent again.

    Args:
        hub: where to.
        plan: what is to be done.
        folder: of the publications of this release; the journal lies there.
        retries: for what must not be repeated blindly: commits and pull requests.
        tell: told each step, and how many bytes have been sent.

    Raises:
        Refused: another publication is under way in the folder, or a file of the plan has changed.
        RemoteMoved: a repo changed since the plan; it and the repos after it are left as they are.
        StageFailed: the hub holds other bytes than the disk; nothing is revealed.
        Unavailable: the hub stopped answering; `resume` goes on from there.
        BadInput: no permission, or the hub refuses a file.
    """
    if plan.empty:
        return _as_it_stands(hub, plan)
    return _run(hub, Journal.begin(folder, plan), retries, tell)


def unfinished(folder: Path) -> FamilyPlan | None:
    """Return the plan of the publication that is under way in a folder; none when there is none.

    Raises:
        BadInput: its journal is damaged, or of another version of hubq.
    """
    journal = Journal.load(folder)
    return journal.plan if journal else None


def resume(
    hub: Hub, folder: Path, *, retries: Retries | None = None, tell: Tell | None = None
) -> Published:
    """Go on with the publication that is under way in a folder, from whatever point it reached.

    Raises:
        BadInput: there is none, or its journal is damaged.
        Refused: a file of the plan has changed or gone since.
        RemoteMoved, StageFailed, Unavailable: as `publish` does.
    """
    journal = Journal.load(folder)
    if journal is None:
        raise BadInput(
            f"{folder}: no publication is under way here", remedy="Start one with `hubq push`."
        )
    journal.require_files()
    return _run(hub, journal, retries, tell)


def _run(hub: Hub, journal: Journal, retries: Retries | None, tell: Tell | None) -> Published:
    """Do what has not been done yet."""
    work = Work(hub=hub, journal=journal, retries=retries or Retries(), tell=tell or Silence())
    delivered = _deliver(work)
    work.tell("checking that every repo of the family holds its release")
    collection = reveal(work, delivered)
    published = _published(work, delivered, collection)
    slug = collection.slug if collection else work.plan.slug
    earlier = receipt.read(journal.folder, hub.endpoint)
    receipt.write(journal.folder, receipt.of(work.plan, published, slug, earlier))
    journal.close("finished")
    return published


def _deliver(work: Work) -> dict[str, Delivered]:
    """Bring every release to its target branch or pull request, all of them staged before."""
    far: dict[str, Standing] = {}
    for repo in work.plan.repos:
        if repo.route == "direct":
            far[repo.repo] = standing(work, repo)
        else:
            require_base(work, repo)
    far = create(work, far)
    meter = Meter(work, sum(repo.size for repo in work.plan.repos))
    for repo in work.plan.repos:
        if repo.repo in far:
            far[repo.repo] = stage(work, repo, far[repo.repo], meter)
    _require_unchanged(work, far)
    return {
        repo.repo: move(work, repo, far[repo.repo])
        if repo.repo in far
        else propose(work, repo, meter)
        for repo in work.plan.repos
    }


def _require_unchanged(work: Work, far: dict[str, Standing]) -> None:
    """Make sure, before the first branch is moved, that what is not sent has not moved either.

    Raises:
        RemoteMoved: it has.
    """
    for repo in work.plan.repos:
        if repo.repo in far and far[repo.repo].moved:
            head = work.hub.head(repo.repo, work.target)
            if head != far[repo.repo].moved:
                raise work.moved(repo, head or far[repo.repo].moved)


def _published(
    work: Work, delivered: dict[str, Delivered], collection: Collection | None
) -> Published:
    """Return what is published."""
    known = work.plan.slug and f"{work.hub.endpoint}/collections/{work.plan.slug}"
    return Published(
        id=work.plan.id,
        repos=tuple(
            _one(
                repo,
                delivered[repo.repo],
                changed=repo.repo in work.journal.entry.moved
                and delivered[repo.repo].commit not in {repo.parent, repo.pull_head},
                way=work.journal.entry.ways.get(repo.repo, ""),
            )
            for repo in work.plan.repos
        ),
        collection=collection.url if collection else known,
    )


def _as_it_stands(hub: Hub, plan: FamilyPlan) -> Published:
    """Return what is published when nothing has to be done; asks nothing."""
    return Published(
        id=plan.id,
        repos=tuple(
            _one(repo, _standing_delivery(hub, repo), changed=False) for repo in plan.repos
        ),
        collection=f"{hub.endpoint}/collections/{plan.slug}" if plan.slug else "",
    )


def _standing_delivery(hub: Hub, repo: RepoPlan) -> Delivered:
    url = hub.url(repo.repo)
    if not repo.pull_request:
        return Delivered(commit=repo.parent or "", url=url)
    return Delivered(
        commit=repo.pull_head, url=f"{url}/discussions/{repo.pull_request}", route="pull-request"
    )


def _one(repo: RepoPlan, delivered: Delivered, *, changed: bool, way: str = "") -> PublishedRepo:
    return PublishedRepo(
        variant=repo.variant,
        repo=repo.repo,
        commit=delivered.commit,
        url=delivered.url,
        files={path: file.mark.sha256 for path, file in repo.files.items()},
        changed=changed,
        private=repo.hidden and not repo.reveal,
        route=delivered.route,
        way=way,
        readme=repo.readme,
    )
