"""Verification: a published variant checked against its own evidence, from the files up."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import msgspec

from hubq.attest.trust import Trust, check_trust
from hubq.errors import BadInput, HubProblem
from hubq.hub.port import Hub
from hubq.hub.publication.telling import Silence, Tell
from hubq.model.card import CARD_FILE
from hubq.model.finding import Finding
from hubq.verify.answers import check_answers
from hubq.verify.card import Wrote, check_card
from hubq.verify.checking import UNUSABLE, Check, Checked, State, skipped, why
from hubq.verify.claims import check_claims
from hubq.verify.derived import check_comparison
from hubq.verify.dossier import Dossier, open_dossier
from hubq.verify.environments import check_environments
from hubq.verify.files import check_files
from hubq.verify.integrity import check_results
from hubq.verify.measures import check_measures
from hubq.verify.place import Place, RepoPlace
from hubq.verify.questions import Index
from hubq.verify.rebuilding import family_of
from hubq.verify.rendering import check_evidence, kept_blocks, wrote
from hubq.verify.scores import check_scores
from hubq.verify.siblings import check_siblings
from hubq.verify.signature import check_signature
from hubq.verify.source import check_source

SCHEMA = 1
"""Of a verification as JSON."""

_BENEATH = ("scores", "measures", "comparison", "claims")
"""The checks of numbers that a card is made from."""

Step = Callable[[], Checked]


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """What a verification found.

    Attributes:
        target: the place, with its commit.
        repo, commit, variant: what was looked at; empty where not known.
        checks: what was looked at, in order.
        findings: what is wrong, in the same order.
        claims: how many numbers the card claims.
        recomputed: how many numbers were worked out again from what they rest on.
        samples: from how many samples.
        schema: of this value as JSON.
    """

    target: str
    checks: tuple[Check, ...]
    findings: tuple[Finding, ...]
    repo: str = ""
    commit: str = ""
    variant: str = ""
    claims: int = 0
    recomputed: int = 0
    samples: int = 0
    schema: int = SCHEMA

    @property
    def good(self) -> bool:
        """Whether nothing is wrong for certain."""
        return not any(finding.severity == "error" for finding in self.findings)


def verify(
    place: Place,
    *,
    hub: Hub | None = None,
    deep: bool = False,
    siblings: bool = True,
    source: bool = True,
    trust: Trust | None = None,
    tell: Tell | None = None,
) -> Verification:
    """Check a published variant against its evidence.

    Args:
        place: where it lies.
        hub: where its siblings and its source are looked for; that of the place by default.
        deep: fetch and hash large files too, instead of trusting the hub's listing.
        siblings: look at the other repos of the family.
        source: look at the model that it was made from.
        trust: whose signature it must carry; none for nobody's.
        tell: told how far it is; none for nobody.

    Raises:
        BadInput: there is no evidence, or it was written by a hubq that is too new; or the key that
            is trusted cannot be read.
        HubProblem: the hub does not answer. A folder is checked all the same, as far as it goes.
    """
    check_trust(trust or Trust())
    said = tell or Silence()
    known = hub or (place.hub if isinstance(place, RepoPlace) else None)
    said(f"reading the evidence of {place.label}")
    with tempfile.TemporaryDirectory(prefix="hubq-verify-") as scratch:
        dossier = open_dossier(place, Path(scratch))
        steps = _Steps(
            dossier, known if siblings else None, known if source else None, said, deep=deep
        )
        steps.trust = trust or Trust()
        alone, todo, done = not place.repo, steps.all(), []
        for number, (name, step) in enumerate(todo):
            said.count(number, len(todo), "checks")
            one = _tried(name, step, alone=alone)
            steps.seen[name] = one.state
            done.append((name, one))
    return Verification(
        target=place.label,
        checks=tuple(Check(name=n, state=one.state, said=one.said) for n, one in done),
        findings=tuple(f for _, one in done for f in _about(one, place)),
        repo=place.repo,
        commit=place.commit,
        variant=dossier.evidence.variant if dossier.has_evidence else "",
        claims=len(dossier.evidence.claims) if dossier.has_evidence else 0,
        recomputed=sum(one.recomputed for _, one in done),
        samples=next((one.samples for name, one in done if name == "scores"), 0),
    )


class _Steps:
    """The checks of one variant, in order; what several of them need is made once."""

    def __init__(
        self,
        dossier: Dossier,
        siblings: Hub | None,
        source: Hub | None,
        tell: Tell,
        *,
        deep: bool,
    ) -> None:
        self.dossier, self.tell, self.deep = dossier, tell, deep
        self.siblings, self.source = siblings, source
        self.trust = Trust()
        self.seen: dict[str, State] = {}
        self.index = Index(dossier)

    def all(self) -> list[tuple[str, Step]]:
        """Return each check with its name."""
        dossier = self.dossier
        files: tuple[str, Step] = (
            "files",
            lambda: check_files(dossier, self.tell, deep=self.deep),
        )
        if not dossier.has_evidence:
            return [files, ("evidence", self._unreadable)]
        return [
            files,
            ("evidence", lambda: check_results(dossier)),
            ("environments", lambda: check_environments(dossier)),
            ("scores", lambda: check_scores(dossier, self.index)),
            ("answers", lambda: check_answers(dossier, self.index)),
            ("measures", lambda: check_measures(dossier)),
            ("comparison", lambda: check_comparison(dossier, family_of(dossier))),
            ("claims", lambda: check_claims(dossier)),
            ("rendering", lambda: check_evidence(dossier, self.again)),
            ("card", self._card),
            ("siblings", self._siblings),
            ("source", lambda: check_source(dossier, self.source)),
            ("signature", lambda: check_signature(dossier.place, self.trust)),
        ]

    @cached_property
    def again(self) -> Wrote:
        """The card, made again; only what is kept of it where numbers beneath it are wrong.

        What follows from those would be said to be wrong on the card.
        """
        contents, why_not = self.dossier.contents, ""
        if any(self.seen.get(name) == "failed" for name in _BENEATH):
            why_not = "numbers beneath it are wrong"
        elif contents is not None and any(one.is_scored for one in contents.shortened):
            why_not = "answers were left out for their size; some numbers count them"
        if why_not:
            return Wrote(kept=kept_blocks(self.dossier), skipped=why_not)
        try:
            return wrote(self.dossier, family_of(self.dossier), self.source)
        except UNUSABLE as error:
            return Wrote(problem=why(error))

    def _unreadable(self) -> Checked:
        return Checked(
            said="hubq.json cannot be read: nothing can be worked out again",
            findings=tuple(self.dossier.findings),
        )

    def _card(self) -> Checked:
        dossier = self.dossier
        if CARD_FILE not in dossier.place.listing():
            missing = Finding(rule="file-missing", path=CARD_FILE, found="is not there")
            return Checked(said="no card", findings=(missing,))
        return check_card(dossier.readme(), dossier.evidence, self.again)

    def _siblings(self) -> Checked:
        dossier = self.dossier
        return check_siblings(dossier.place, dossier.evidence, self.siblings, self.tell)


def _tried(name: str, step: Step, *, alone: bool) -> Checked:
    """Do a check; data that it cannot work with is a finding.

    Args:
        name: of the check.
        step: does it.
        alone: whether what is verified needs no hub, so that one that is silent is no problem.

    Raises:
        HubProblem: the hub does not answer.
    """
    try:
        return step()
    except HubProblem as error:
        if not alone:
            raise
        return skipped(f"the hub does not answer: {error.message}")
    except UNUSABLE as error:
        path = "" if isinstance(error, BadInput) else "evidence"
        found = Finding(rule="evidence-broken", path=path, found=f"{name}: {why(error)}")
        return Checked(said="could not be done with what is there", findings=(found,))


def _about(checked: Checked, place: Place) -> list[Finding]:
    """Return findings that say whose they are."""
    return [
        finding if finding.repo else msgspec.structs.replace(finding, repo=place.repo)
        for finding in checked.findings
    ]
