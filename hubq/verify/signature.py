"""Signatures: whether a release's files are those that somebody vouched for."""

from __future__ import annotations

from hubq.attest.checking import check
from hubq.attest.names import EVALUATION, SIGNATURE
from hubq.attest.trust import Trust
from hubq.verify.checking import Checked, skipped
from hubq.verify.place import Place


def check_signature(place: Place, trust: Trust) -> Checked:
    """Check the signatures that a release carries.

    Args:
        place: where it lies.
        trust: whose signature it must be.

    Raises:
        BadInput: what is trusted cannot be read.
    """
    there = [name for name in (SIGNATURE, EVALUATION) if name in place.listing()]
    if not there and not trust.given:
        return skipped("the release is not signed")
    hashes = {path: place.sha256(path) for path in place.listing()}
    findings = tuple(check(hashes, place.read, trust))
    whose = str(trust.key or trust.identity)
    said = f"{' and '.join(there) or 'no signature'}"
    said += f", asked of {whose}" if trust.given else "; nobody said whose it must be"
    return Checked(said=said, findings=findings)
