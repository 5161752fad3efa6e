"""Locks: which of hubq's own lock files a stack was built from, and what that file holds."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

import msgspec

from hubq.model.environment import EnvironmentSpec, EnvironmentStack
from hubq.workers.specs import SPECS, lock_path, spec_digest

_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)


class Lock(msgspec.Struct, frozen=True, kw_only=True):
    """A bundled lock file.

    Attributes:
        name: of the file.
        digest: SHA-256 of its bytes.
        environment: the digest of the environment built from it, as in stage keys.
        versions: package -> version.
    """

    name: str
    digest: str
    environment: str
    versions: dict[str, str]


def lock_of(stack: EnvironmentStack) -> Lock | None:
    """Return the lock that a stack was built from; none for another or an unknown one."""
    found = own_lock(stack.name, stack.device)
    built = found is not None and not stack.external and found.environment == stack.digest
    return found if built else None


def own_lock(name: str, device: str) -> Lock | None:
    """Return hubq's own lock of an environment; none where it has no such environment."""
    spec = next((spec for spec in SPECS if (spec.name, spec.device) == (name, device)), None)
    return _read(spec.lock) if spec is not None else None


@lru_cache(maxsize=32)
def _read(file: str) -> Lock:
    spec: EnvironmentSpec = next(spec for spec in SPECS if spec.lock == file)
    content = lock_path(spec).read_bytes()
    return Lock(
        name=file,
        digest=hashlib.sha256(content).hexdigest(),
        environment=spec_digest(spec),
        versions=dict(_PINNED.findall(content.decode())),
    )
