"""Attesting a release: the bill of materials, the signed statement and the signature of a repo.

A signature is another one each time it is made. So each is kept in the runs folder under a digest
of what it signs and of who signs, and a release that has not changed is published as it stands.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from hubq.attest import bom, signing
from hubq.attest.facts import Facts
from hubq.attest.names import BOM, EVALUATION, SIGNATURE, signed
from hubq.attest.statement import statement
from hubq.hub.hashes import fingerprint
from hubq.hub.port import Content
from hubq.hub.publication.plan import Wanted
from hubq.model.codec import digest
from hubq.model.publication import Terms
from hubq.release.attested_facts import facts_of
from hubq.store import Store

KIND = "attestations"
"""The folder of the runs folder in which signatures are kept."""


def check_ready(terms: Terms) -> None:
    """Make sure, before any work, that a release can be signed as its terms say.

    Raises:
        BadInput: it cannot; says why.
    """
    signing.check_ready(terms.sign)


def attested(
    store: Store,
    wanted: Wanted,
    terms: Terms,
    say: Callable[[str], None],
    *,
    signing_allowed: bool = True,
) -> Wanted:
    """Return what a repo is to hold, with what vouches for it.

    Args:
        store: where signatures are kept.
        wanted: everything else that the repo is to hold.
        terms: what is asked for.
        say: told when something is signed, or would be.
        signing_allowed: false for a dry run: an identity logs in and is written into a public log.
            What was signed before is there all the same.

    Raises:
        BadInput: it cannot be signed as the terms say.
        HubProblem: Sigstore does not sign.
    """
    if not terms.bom and not terms.sign:
        return wanted
    facts = facts_of(wanted)
    added: dict[str, Content] = {BOM: bom.bill(facts)} if terms.bom else {}
    if terms.sign:
        whole = _with(wanted, added)
        added |= _signatures(store, facts, whole, terms.sign, say, signing_allowed=signing_allowed)
    return _with(wanted, added)


def _signatures(
    store: Store,
    facts: Facts,
    wanted: Wanted,
    how: str,
    say: Callable[[str], None],
    *,
    signing_allowed: bool,
) -> dict[str, Content]:
    """Return the signed statement and the signature of a repo: those that are kept, or new ones."""
    signer = signing.signer_for(how)
    payload, hashes = statement(facts), _hashes(wanted)
    identity = digest([signer.fingerprint, payload.decode(), signed(hashes)])
    if not signing_allowed and not (store.root / KIND / identity).is_dir():
        say(f"{wanted.repo}: will be signed when it is published")
        return {}

    def make(folder: Path) -> None:
        say(f"{wanted.repo}: signing {len(signed(hashes)) + 1} files")
        evaluation = signer.sign_statement(payload)
        whole = {**hashes, EVALUATION: fingerprint(evaluation).sha256}
        folder.mkdir(parents=True, exist_ok=True)
        (folder / EVALUATION).write_bytes(evaluation)
        name = wanted.repo.rpartition("/")[2]
        (folder / SIGNATURE).write_bytes(signer.sign_files(name, whole))

    kept = store.derived(KIND, identity, make)
    return {name: (kept / name).read_bytes() for name in (EVALUATION, SIGNATURE)}


def _hashes(wanted: Wanted) -> dict[str, str]:
    return {
        path: fingerprint(content, wanted.known.get(path, "")).sha256
        for path, content in wanted.files.items()
    }


def _with(wanted: Wanted, added: dict[str, Content]) -> Wanted:
    known = {path: fingerprint(content).sha256 for path, content in added.items()}
    return msgspec.structs.replace(
        wanted, files={**wanted.files, **added}, known={**wanted.known, **known}
    )
