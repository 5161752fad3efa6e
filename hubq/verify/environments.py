"""Environments: the digests that results name, worked out again from the locks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import msgspec

from hubq.model.codec import digest
from hubq.model.evidence import ENVIRONMENTS_FILE, Environments, EvidenceEnvironment
from hubq.model.finding import Finding
from hubq.verify.checking import Checked, counted, named
from hubq.verify.dossier import Dossier


def check_environments(dossier: Dossier) -> Checked:
    """Work out the digest of each environment and hold it against those that results name."""
    used: dict[str, list[str]] = {}
    for told in dossier.evidence.results.values():
        if told.get("environment"):
            used.setdefault(str(told["environment"]), []).append(str(told.get("stage", "")))
    if ENVIRONMENTS_FILE not in dossier.place.listing():
        missing = Finding(rule="evidence-missing", path=ENVIRONMENTS_FILE, found="is not there")
        return Checked(said="no environments", findings=(missing,) if used else ())
    content = dossier.place.read(ENVIRONMENTS_FILE)
    known = msgspec.json.decode(content, type=Environments).environments
    plain = msgspec.json.decode(content)["environments"]
    findings = [
        finding
        for one, told in zip(known, plain, strict=True)
        for finding in _environment(dossier, one, told)
    ]
    digests = {one.digest for one in known}
    for name, stages in sorted(used.items()):
        if name not in digests:
            findings.append(
                Finding(
                    rule="environment-missing",
                    path=ENVIRONMENTS_FILE,
                    found=f"has no environment {name[:16]}…, in which {named(sorted(stages))} ran",
                )
            )
    own = sum(one.external for one in known)
    people = f", {own} of them somebody's own interpreter" if own else ""
    unknown = [one.name for one in known if _is_unknown(one)]
    left = f"; {named(unknown)} cannot be checked: its lock is not published" if unknown else ""
    said = f"{counted(len(known), 'environment')}{people}, digests worked out again{left}"
    return Checked(said=said, findings=tuple(findings))


def _is_unknown(one: EvidenceEnvironment) -> bool:
    """Say whether nothing is published of what an environment's digest is taken of."""
    return not one.lock and one.installed is None


def _environment(
    dossier: Dossier, one: EvidenceEnvironment, told: dict[str, Any]
) -> Iterator[Finding]:
    """Compare an environment's digest with what it is taken of, as it is published.

    Args:
        dossier: the evidence.
        one: the environment.
        told: the same, as it stands in the file: fields of a later hubq are none of its digest.
    """
    if _is_unknown(one):
        return
    if one.lock:
        if one.lock not in dossier.place.listing():
            yield Finding(rule="evidence-missing", path=one.lock, found="is not there")
            return
        lock = hashlib.sha256(dossier.place.read(one.lock)).hexdigest()
        install = {"lock": lock, "python": one.python, "device": one.device, "shim": one.shim}
        again = digest({"install": digest(install), "variables": one.variables})
    else:
        again = digest({name: told.get(name) for name in ("device", "installed", "variables")})
    if again == one.digest:
        return
    edited = bool(one.lock) and lock != one.lock_sha256
    yield Finding(
        rule="lock-changed" if edited else "environment-changed",
        path=one.lock if edited else ENVIRONMENTS_FILE,
        said=f"{one.name} ({one.device}) {one.digest[:16]}…",
        found="the lock was edited: it is not what "
        f"{named(sorted(one.stages))} ran with, and makes the digest {again[:16]}…"
        if edited
        else f"what it says of {one.name} makes the digest {again[:16]}…",
    )
