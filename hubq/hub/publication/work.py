"""A publication under way: where to, what, how patiently, and who is told."""

from __future__ import annotations

import contextlib

import msgspec

from hubq.errors import HubProblem, RemoteMoved
from hubq.hub.port import Hub
from hubq.hub.publication.difference import difference
from hubq.hub.publication.journal import Journal
from hubq.hub.publication.plan import FamilyPlan, RepoPlan, Route
from hubq.hub.publication.telling import Tell
from hubq.hub.retry import Retries

PLAN_AGAIN = "Run the same command again: it plans anew and shows what is different."

_MARK = "hubq-publication:"


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """What every step of a publication needs.

    Attributes:
        hub: where to.
        journal: what is to be done, and what is remembered.
        retries: for what the hub's adapter must not try again by itself.
        tell: told each step.
    """

    hub: Hub
    journal: Journal
    retries: Retries
    tell: Tell

    @property
    def plan(self) -> FamilyPlan:
        """What is to be done."""
        return self.journal.plan

    @property
    def target(self) -> str:
        """The branch that is moved."""
        return self.plan.terms.revision

    def say(self, repo: RepoPlan, what: str) -> None:
        """Tell a step of one repo."""
        self.tell(f"{repo.repo}: {what}")

    def carries(self, repo: str, commit: str) -> bool:
        """Return whether a commit was made by this publication."""
        return trailer(self.plan) in self.hub.history(repo, commit)[0].message.splitlines()

    def moved(self, repo: RepoPlan, now: str, what: str = "") -> RemoteMoved:
        """Return the error for a repo that changed since the plan, with what and by whom.

        Args:
            repo: which.
            now: the commit it stands at.
            what: what happened to it; empty for a change.
        """
        lines: list[str] = []
        with contextlib.suppress(HubProblem):
            lines = difference(self.hub, repo.repo, repo.parent, now)
        said = what or f"changed on {self.hub.endpoint} since the plan"
        return RemoteMoved(
            f"{repo.repo}: {said}" + "".join(f"\n  {line}" for line in lines), remedy=PLAN_AGAIN
        )


class Delivered(msgspec.Struct, frozen=True, kw_only=True):
    """A release that is in a repo, or in a pull request, and was compared with the disk.

    Attributes:
        commit: the commit that holds it.
        base: the commit that the target branch stood at before; empty where that is not known.
        url: of the repo, or of the pull request.
        staged: whether the publication's own branch is there, as far as this run knows.
    """

    commit: str
    url: str
    base: str = ""
    staged: bool = False
    route: Route = "direct"


def trailer(plan: FamilyPlan) -> str:
    """Return the line by which a publication knows its own commits."""
    return f"{_MARK} {plan.id}"


def description(plan: FamilyPlan) -> str:
    """Return the rest of a commit's message."""
    return f"Release {plan.release} of {plan.source}.\n\n{trailer(plan)}"
