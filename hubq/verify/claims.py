"""Claims: every number of a card, read again in the file and at the place that it names."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from hubq.cards.ledger import SELF, resolve_pointer
from hubq.cards.show import shown_agrees
from hubq.errors import BadInput
from hubq.model.card import EVIDENCE_FILE, Claim
from hubq.model.finding import Finding
from hubq.verify.checking import UNUSABLE, Checked, close, counted, is_number, named
from hubq.verify.dossier import Dossier, decoded


def check_claims(dossier: Dossier) -> Checked:
    """Compare each claim with its file: unchanged, the number there, and its rounding."""
    claims, seen = dossier.evidence.claims, set()
    own: dict[str, Any] = {}
    findings, groundless = [], dict[str, list[str]]()
    for number, claim in enumerate(claims):
        try:
            problem = "is there twice" if claim.id in seen else _problem(dossier, claim, own)
        except BadInput as error:
            groundless.setdefault(error.message, []).append(claim.id)
            continue
        finally:
            seen.add(claim.id)
        if problem:
            findings.append(
                Finding(
                    rule="claim-wrong",
                    path=f"{EVIDENCE_FILE}#/claims/{number}",
                    said=f"{claim.id} {claim.shown}",
                    found=problem,
                )
            )
    results = len({claim.key for claim in claims})
    return Checked(
        said=f"{counted(len(claims), 'claim')} on {counted(results, 'result')}",
        findings=(*findings, *_groundless(groundless)),
        read=len(claims),
    )


def _groundless(problems: dict[str, list[str]]) -> Iterator[Finding]:
    """Yield, for each file that cannot be relied on, the claims that rest on it."""
    for problem, claims in problems.items():
        yield Finding(
            rule="claim-groundless",
            path=f"{EVIDENCE_FILE}#/claims",
            said=named(claims),
            found=problem,
        )


def _problem(dossier: Dossier, claim: Claim, own: dict[str, Any]) -> str:
    """Return why a claim does not hold; empty when it does.

    Raises:
        BadInput: the file that it rests on is not there, or another one.
    """
    try:
        found = _found(dossier, claim, own)
    except KeyError:
        return f"{_place(dossier, claim)} has nothing there"
    if not is_number(found):
        return f"{_place(dossier, claim)} is no number"
    if not close(found * claim.scale, claim.value):
        return f"{_place(dossier, claim)} is {found!r}, which makes {found * claim.scale!r}"
    try:
        agrees = shown_agrees(claim.shown, claim.value)
    except UNUSABLE:
        agrees = False
    return "" if agrees else f"the number is {claim.value!r}, of which that is no rounding"


def _found(dossier: Dossier, claim: Claim, own: dict[str, Any]) -> Any:
    """Return what stands where a claim was read.

    Raises:
        BadInput: the file is not there, no JSON, or not the one that the card was made from.
        KeyError: there is nothing at that place.
    """
    if claim.key == SELF:
        content = dossier.place.read(claim.file)
        _same(claim, hashlib.sha256(content).hexdigest(), claim.file)
        if claim.file not in own:
            own[claim.file] = decoded(claim.file, content)
        return resolve_pointer(own[claim.file], claim.pointer)
    kept = dossier.files.get(claim.key, {}).get(claim.file)
    if kept is None:
        raise BadInput(f"{dossier.where(claim.key, claim.file)} is missing")
    _same(claim, kept.sha256, kept.place)
    return resolve_pointer(dossier.document(claim.key, claim.file), claim.pointer)


def _same(claim: Claim, sha256: str, place: str) -> None:
    if sha256 != claim.sha256:
        raise BadInput(f"{place} is not the file that the card was made from")


def _place(dossier: Dossier, claim: Claim) -> str:
    own = claim.key == SELF
    return f"{claim.file if own else dossier.where(claim.key, claim.file)}#{claim.pointer}"
