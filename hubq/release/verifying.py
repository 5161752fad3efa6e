"""Verifying a family that was published: each repo computed again from what lies on the Hub."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import msgspec

from hubq import verify as program
from hubq.cards.digest import templates_digest
from hubq.errors import StageFailed
from hubq.hub.publication.plan import Published, PublishedRepo
from hubq.hub.publication.telling import Tell
from hubq.model.codec import digest, pretty, read_json
from hubq.model.result import Collected
from hubq.plan import PUSH
from hubq.release.session import Session
from hubq.runner import View
from hubq.verify.place import RepoPlace
from hubq.verify.verification import Verification, verify

VERIFIED = "verified.json"


def verify_family(session: Session, view: View, work: Path, tell: Tell) -> Collected:
    """Check every repo of a family at the commit that was published.

    What was checked at these commits by this program is not checked again.

    Raises:
        StageFailed: something on the Hub is not what it says; names it.
        HubProblem: the Hub does not answer.
    """
    published = msgspec.convert(view.results[PUSH].facts, Published)
    found = [_verified(session, published, one, tell) for one in published.repos]
    wrong = [(one, finding) for one in found for finding in one.findings if not one.good]
    if wrong:
        first, finding = wrong[0]
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise StageFailed(
            f"{first.target}: {finding}{more}",
            remedy=f"See all of it: hubq verify {first.target}",
        )
    (work / VERIFIED).write_text(pretty(found), encoding="utf-8")
    facts = {
        one.repo: {
            "commit": one.commit,
            "claims": one.claims,
            "recomputed": one.recomputed,
            "samples": one.samples,
        }
        for one in found
    }
    return Collected(facts={"repos": facts})


def _verified(
    session: Session, published: Published, one: PublishedRepo, tell: Tell
) -> Verification:
    """Return what is found in one repo, from memory where this very state was checked before."""
    state = [one.repo, {other.repo: other.commit for other in published.repos}, _program()]

    def make(folder: Path) -> None:
        tell(f"{one.repo}: computing its numbers again")
        place = RepoPlace(session.endpoint.hub, one.repo, one.commit)
        # A pull request is not what people see of its siblings yet.
        together = all(other.route == "direct" for other in published.repos)
        found = verify(place, siblings=together, source=_source_is_there(session))
        tell(f"{found.target}: {found.recomputed} numbers from {found.samples} samples")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / VERIFIED).write_text(pretty(found), encoding="utf-8")

    kept = session.store.derived("verified", digest(state), make)
    return read_json(kept / VERIFIED, Verification)


def _source_is_there(session: Session) -> bool:
    """Say whether the Hub that is published to holds the source; a rehearsal's may not."""
    source, endpoint = session.source, session.endpoint
    if source.repo is None:
        return False
    return not endpoint.local or endpoint.local_head(source.repo, source.commit) is not None


def _program() -> Any:
    """Return what tells the verifying program of this version from others."""
    folder = Path(program.__file__).parent
    files = sorted(folder.glob("*.py"))
    return [
        templates_digest(()),
        [hashlib.sha256(path.read_bytes()).hexdigest() for path in files],
    ]
