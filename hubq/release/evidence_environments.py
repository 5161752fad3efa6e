"""Environments as evidence: what their digests are taken of, and the locks they are built from."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from hubq.cards.family import ENVIRONMENT_FILE
from hubq.errors import BadInput
from hubq.model.card import Evidence
from hubq.model.codec import read_json
from hubq.model.environment import EnvironmentSpec, EnvironmentStack
from hubq.model.evidence import LOCKS_FOLDER, Environments, EvidenceEnvironment
from hubq.store import Store
from hubq.workers.environments import EnvironmentStore
from hubq.workers.specs import SHIM, lock_path, spec_for


def environments_of(store: Store, evidence: Evidence) -> dict[str, EnvironmentStack]:
    """Return digest -> description, of every environment that a card's results name."""
    found: dict[str, EnvironmentStack] = {}
    for key, told in sorted(evidence.results.items()):
        path = store.folder(key) / ENVIRONMENT_FILE
        if told["environment"] and told["environment"] not in found and path.is_file():
            found[told["environment"]] = read_json(path, EnvironmentStack)
    return found


def describe(
    stacks: dict[str, EnvironmentStack], evidence: Evidence, known: EnvironmentStore
) -> tuple[Environments, dict[str, bytes]]:
    """Return what `environments.json` says, and path in the repo -> lock file.

    Args:
        stacks: digest -> description.
        evidence: the card's, which says what ran where.
        known: the environments of this machine, with their locks.
    """
    entries, locks = [], dict[str, bytes]()
    for digest, stack in sorted(stacks.items(), key=lambda pair: (pair[1].name, pair[0])):
        kinds = {r["kind"] for r in evidence.results.values() if r["environment"] == digest}
        entry = EvidenceEnvironment(
            name=stack.name,
            device=stack.device,
            digest=digest,
            external=stack.external,
            stages=tuple(sorted(kinds)),
        )
        spec = _spec(stack)
        if stack.external:
            entry = msgspec.structs.replace(
                entry,
                installed=stack.installed,
                variables=spec.variables if spec else {},
            )
        elif spec is not None and known.digest(spec) == digest:
            path = f"{LOCKS_FOLDER}/{spec.lock}"
            locks[path] = lock_path(spec, known.locks).read_bytes()
            entry = _built(entry, spec, path, locks[path])
        entries.append(entry)
    return Environments(environments=tuple(entries)), locks


def _built(
    entry: EvidenceEnvironment, spec: EnvironmentSpec, path: str, lock: bytes
) -> EvidenceEnvironment:
    return msgspec.structs.replace(
        entry,
        python=spec.python,
        variables=spec.variables,
        shim=_sha256(SHIM) if spec.torchvision_shim else "",
        lock=path,
        lock_sha256=hashlib.sha256(lock).hexdigest(),
    )


def _spec(stack: EnvironmentStack) -> EnvironmentSpec | None:
    """Return what hubq knows of an environment by its name; none of a name that is the user's."""
    try:
        return spec_for(stack.name, stack.device)
    except BadInput:
        return None


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
