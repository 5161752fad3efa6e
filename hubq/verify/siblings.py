"""Siblings: the other repos of a family, which must tell the same of what they share."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from hubq.errors import BadInput
from hubq.hub.port import Hub
from hubq.hub.publication.telling import Tell
from hubq.model.card import CARD_FILE, EVIDENCE_FILE, Claim, Evidence
from hubq.model.finding import Finding
from hubq.model.stage import Kind
from hubq.verify.card import check_card
from hubq.verify.checking import Checked, close, counted, named, skipped
from hubq.verify.dossier import read_evidence
from hubq.verify.place import Place, RepoPlace

_CHANGED = "one of the two was changed"
_ANOTHER = "the two rest on results of different runs"


def check_siblings(place: Place, evidence: Evidence, hub: Hub | None, tell: Tell) -> Checked:
    """Compare what each sibling says of shared results and claims, and its own table.

    Args:
        place: of the variant that is verified.
        evidence: its `hubq.json`.
        hub: where its siblings are; none for not looked for.
        tell: told which one is looked at.
    """
    others = {name: repo for name, repo in evidence.family.items() if name != evidence.variant}
    if not others:
        return skipped("the family has no other variant")
    if hub is None:
        return skipped("not looked for")
    findings: list[Finding] = []
    seen, shared = [], 0
    for name, repo in sorted(others.items()):
        gap = evidence.gaps.get(f"{Kind.QUANTIZE.value}/{name}")
        if gap is not None:
            findings.append(_never_made(repo, name, gap))
            continue
        tell(f"looking at {repo}")
        try:
            sibling = RepoPlace(hub, repo)
            theirs = read_evidence(sibling)
        except BadInput as error:
            findings.append(_absent(repo, name, error, place))
            continue
        seen.append(sibling.label)
        findings += _agree(evidence, theirs, repo, place)
        findings += _card(sibling, theirs, repo)
        shared += len({c.id for c in theirs.claims} & {c.id for c in evidence.claims})
    return Checked(
        said=f"{named(seen)}: {counted(shared, 'shared number')}" if seen else "none is there",
        findings=tuple(findings),
        read=shared,
    )


def _never_made(repo: str, name: str, gap: dict[str, str]) -> Finding:
    return Finding(
        rule="sibling-missing",
        severity="info",
        repo=repo,
        path=EVIDENCE_FILE,
        found=f"{name} was not made: {gap.get('reason', '')}",
    )


def _absent(repo: str, name: str, error: BadInput, place: Place) -> Finding:
    """Return that a sibling cannot be looked at; a folder may be of another hub than this one."""
    return Finding(
        rule="sibling-missing",
        severity="error" if place.repo else "warning",
        repo=repo,
        path=EVIDENCE_FILE,
        found=f"{name} of this family cannot be looked at: {error.message}",
    )


def _agree(ours: Evidence, theirs: Evidence, repo: str, place: Place) -> Iterator[Finding]:
    """Compare source, results and claims that both have."""
    for name in ("repo", "commit", "digest"):
        if ours.source.get(name) != theirs.source.get(name):
            yield Finding(
                rule="sibling-differs",
                repo=repo,
                path=f"{EVIDENCE_FILE}#/source/{name}",
                said=str(theirs.source.get(name)),
                found=f"{place.label} was made from {ours.source.get(name)}",
            )
    for key, told in ours.results.items():
        other = theirs.results.get(key)
        if other is not None and other.get("files") != told.get("files"):
            yield Finding(
                rule="sibling-differs",
                repo=repo,
                path=f"{EVIDENCE_FILE}#/results/{key}/files",
                found=f"the result {key[:16]}… of {told.get('stage')} is of other files than in "
                f"{place.label}",
            )
    yield from _claims(ours, theirs, repo, place)


def _claims(ours: Evidence, theirs: Evidence, repo: str, place: Place) -> Iterator[Finding]:
    """Compare the claims of one name on results of one stage."""
    known = {claim.id: (number, claim) for number, claim in enumerate(theirs.claims)}
    for claim in ours.claims:
        number, other = known.get(claim.id, (0, claim))
        same = close(claim.value, other.value) and claim.shown == other.shown
        if same or _stage(ours, claim) != _stage(theirs, other):
            continue
        alike = claim.key == other.key
        yield Finding(
            rule="sibling-differs",
            severity="error" if alike else "warning",
            repo=repo,
            path=f"{EVIDENCE_FILE}#/claims/{number}",
            said=f"{claim.id} {other.shown} ({other.value!r})",
            found=f"{place.label} says {claim.shown} ({claim.value!r}); "
            + (_CHANGED if alike else _ANOTHER),
        )


def _stage(evidence: Evidence, claim: Claim) -> str:
    """Return the stage that a claim rests on; each card's snippets are a stage of their own."""
    return str(evidence.results.get(claim.key, {}).get("stage", ""))


def _card(sibling: RepoPlace, theirs: Evidence, repo: str) -> Iterator[Finding]:
    """Compare a sibling's card with its own evidence."""
    if CARD_FILE not in sibling.listing():
        yield Finding(rule="file-missing", repo=repo, path=CARD_FILE, found="is not there")
        return
    text = sibling.read(CARD_FILE).decode("utf-8", "surrogateescape")
    for finding in check_card(text, theirs).findings:
        if finding.severity == "error":
            yield msgspec.structs.replace(finding, repo=repo)
