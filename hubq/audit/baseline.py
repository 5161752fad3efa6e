"""Baselines: findings that were accepted, kept in a file, so that only new ones fail an audit.

A finding is known again by its repo, rule, file, what the file says there and its line's text, not
by the line's number: what moves stays accepted, what changes is new.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from hubq.audit.formats.places import keyed
from hubq.errors import BadInput
from hubq.model.audit import Audited
from hubq.model.codec import pretty

SCHEMA = 1


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """A finding that was accepted.

    Attributes:
        key: by which it is known again.
        repo: whose it is, or the path that was audited.
        rule, path: as the finding has them.
        found: what was found, for the reader of the file.
    """

    key: str
    repo: str
    rule: str
    path: str
    found: str


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """What was accepted."""

    accepted: tuple[Accepted, ...] = ()
    schema: int = SCHEMA

    def applied(self, audited: Audited) -> Audited:
        """Return what was found, with what was accepted apart."""
        known = {one.key for one in self.accepted}
        if not known:
            return audited
        pairs = keyed(audited, audited.findings)
        return msgspec.structs.replace(
            audited,
            findings=tuple(one for key, one in pairs if key not in known),
            accepted=tuple(one for key, one in pairs if key in known),
        )


def read_baseline(path: Path) -> Baseline:
    """Return a baseline.

    Raises:
        BadInput: the file is not there, or is no baseline.
    """
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Baseline)
    except OSError as error:
        raise BadInput(
            f"{path}: {error.strerror}", remedy="Write it first: --write-baseline FILE."
        ) from None
    except msgspec.MsgspecError as error:
        raise BadInput(f"{path}: no baseline of hubq audit: {error}") from None
    if found.schema > SCHEMA:
        raise BadInput(f"{path}: written by a newer hubq", remedy="Upgrade hubq.")
    return found


def write_baseline(path: Path, audits: Iterable[Audited]) -> int:
    """Accept everything that was found, old and new, and return how many findings that are.

    Raises:
        BadInput: the file cannot be written.
    """
    accepted = tuple(
        Accepted(
            key=key,
            repo=audited.repo or audited.name,
            rule=one.rule,
            path=one.path,
            found=one.found,
        )
        for audited in audits
        for key, one in keyed(audited, (*audited.findings, *audited.accepted))
    )
    ordered = tuple(sorted(accepted, key=lambda one: (one.repo, one.path, one.rule, one.key)))
    try:
        path.write_text(pretty(Baseline(accepted=ordered)), encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from None
    return len(ordered)
