"""Ownership: whose a repo is, and so whether a release goes straight to it or is proposed.

A repo is ours when hubq made every commit of it, but for the hub's own first one; its commits are
known by their titles, also where somebody merged a pull request of ours. A repo that hubq did not
make, or that a person changed since, gets a pull request: nobody's work is overruled unasked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from hubq.errors import BadInput, RemoteMoved
from hubq.hub.port import MAIN, Account, Hub, RepoInfo
from hubq.hub.publication.difference import moment
from hubq.hub.publication.plan import PREFIX, Route
from hubq.hub.publication.receipt import ReceiptRepo
from hubq.hub.remote import Past, PullRequest, Refs
from hubq.model.publication import Terms

NOT_WRITABLE = "this token may not write there"
NOT_MADE = "hubq did not make it"

_OURS = re.compile(r"Release \S.* of \S.* with hubq(?: \(#\d+\))?")
_FIRST = "initial commit"


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How hubq stands to a repo.

    Attributes:
        route: how a release gets there.
        why: what speaks for a pull request; empty for a repo that is ours.
    """

    route: Route = "direct"
    why: str = ""


def title_of(variant: str, source: str) -> str:
    """Return the title of the commit, or the pull request, that releases a variant.

    Args:
        variant: its name.
        source: what it was made from, as people name it.
    """
    return f"Release {variant} of {source} with hubq"


def is_ours(title: str) -> bool:
    """Return whether a commit or pull request of this title is hubq's, merged by hand or not."""
    return _OURS.fullmatch(title) is not None


def standing(
    hub: Hub, me: Account, look: RepoInfo, terms: Terms, last: ReceiptRepo | None = None
) -> Standing:
    """Return how a release gets to a repo that exists.

    The history is looked at only where the receipt does not say whose the repo is.

    Args:
        hub: where.
        me: whose token it is.
        look: the repo as it stands.
        terms: as asked.
        last: what the last publication left there.

    Raises:
        BadInput: the terms ask for a way that is not open.
    """
    if not me.can_write(look.repo):
        if terms.direct:
            raise _not_direct(hub, me, look.repo)
        why = NOT_WRITABLE
    else:
        why = _stranger(hub, look, last)
    return Standing(route="pull-request" if why and not terms.direct else "direct", why=why)


def own_pull_request(hub: Hub, repo: str, me: Account, title: str) -> PullRequest | None:
    """Return our own open pull request with a release; one of the same title goes first."""
    ours = [one for one in hub.pull_requests(repo, author=me.name) if is_ours(one.title)]
    return next((one for one in ours if one.title == title), next(iter(ours), None))


def refuse_other_publications(hub: Hub, repo: str, refs: Refs, parent: str) -> None:
    """Make sure that no other publication of hubq's is at work in a repo.

    A hub may list a branch for a moment after it was deleted, so each one is looked at again.

    Raises:
        RemoteMoved: names the branch that it left, and since when.
    """
    for branch, commit in sorted(refs.branches.items()):
        if branch.startswith(PREFIX) and hub.head(repo, branch) is not None:
            raise RemoteMoved(
                f"{repo}: another publication is under way on {hub.endpoint}, or was left: branch "
                f"{branch} stands there{_since(hub, repo, commit, parent)}",
                remedy="Wait until it is done. Where it was begun: `hubq push SOURCE --resume` "
                "goes on with it, `hubq push SOURCE --abort` removes it. When nobody has it any "
                f"more: hf repos branch delete {repo} {branch}",
            )


def check_targets(hub: Hub, repos: Iterable[str], *, direct: bool = False) -> None:
    """Make sure that every repo can be written to, made or sent a pull request; cheap.

    Args:
        hub: where.
        repos: their ids.
        direct: whether a pull request will not do.

    Raises:
        BadInput: names the first that can not, or there is no token.
    """
    me = hub.whoami()
    for repo in sorted(set(repos)):
        if me.can_write(repo):
            continue
        if hub.head(repo) is None:
            raise no_way(hub, me, repo)
        if direct:
            raise _not_direct(hub, me, repo)


def no_way(hub: Hub, me: Account, repo: str) -> BadInput:
    """Return the error for a repo that can neither be made nor written to with this token."""
    return BadInput(
        f"{repo}: {me.name}'s token may not write there on {hub.endpoint}, and there is no repo "
        "of that name to send a pull request to",
        remedy="Use a token that may write there, or choose another --org.",
    )


def refuse_branch_by_proposal(look: RepoInfo, why: str, revision: str) -> None:
    """Make sure that what has to be proposed is meant for main.

    Raises:
        BadInput: it is meant for another branch.
    """
    if revision != MAIN:
        raise BadInput(
            f"{look.repo}: {why}, so it gets a pull request, and those go to {MAIN}, not to "
            f"{revision}",
            remedy="Leave out --revision, or say --direct where the token may write.",
        )


def _not_direct(hub: Hub, me: Account, repo: str) -> BadInput:
    return BadInput(
        f"{repo}: --direct, but {me.name}'s token may not write there on {hub.endpoint}",
        remedy="Use a token that may write there, or leave out --direct: the release becomes a "
        "pull request.",
    )


def _stranger(hub: Hub, look: RepoInfo, last: ReceiptRepo | None) -> str:
    """Return what makes a repo somebody else's; empty when it is ours."""
    if last is not None and last.ours and last.commit == look.commit:
        return ""
    if last is not None and last.base == look.commit and last.why not in {"", NOT_WRITABLE}:
        return last.why
    return _said_of(hub.history(look.repo, look.commit))


def _said_of(history: tuple[Past, ...]) -> str:
    made = history[:-1] if history and history[-1].title == _FIRST else history
    theirs = [one for one in made if not is_ours(one.title)]
    if not theirs:
        return ""
    if theirs[-1] is made[-1]:
        return NOT_MADE
    who = ", ".join(theirs[0].authors) or "somebody"
    return f"{who} changed it since ({theirs[0].title})"


def _since(hub: Hub, repo: str, commit: str, parent: str) -> str:
    """Return since when a branch stands there, as far as its last commit says so."""
    if commit == parent:
        return ", with nothing on it yet"
    last = next(iter(hub.history(repo, commit)), None)
    return f" since {moment(last.date)} ({last.title})" if last and last.date else ""
