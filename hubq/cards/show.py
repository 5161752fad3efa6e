"""Tracing a printed number back to the file it was read from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from hubq.cards.ledger import MINUS, SELF, resolve_pointer
from hubq.errors import BadInput
from hubq.model.card import Claim, Evidence

_TOLERANCE = 1e-9


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """What was found behind a claim.

    Attributes:
        claim: as the card's evidence has it.
        stage: the stage whose result the file is in; `card` for the card's own file.
        path: the file that was read, or would have been; none where no folder holds the result.
        found: the number in the file; none where it could not be read.
        problem: why the claim does not hold; empty when it does.
    """

    claim: Claim
    stage: str
    path: Path | None
    found: float | None
    problem: str

    @property
    def agrees(self) -> bool:
        """Whether the file is there unchanged and holds the number that the card prints."""
        return not self.problem


def trace(evidence: Evidence, claim_id: str, folder_of: Callable[[str], Path | None]) -> Trace:
    """Read again what a claim rests on.

    Args:
        evidence: the card's `hubq.json`.
        claim_id: which claim.
        folder_of: gives the folder of a result's key, or none when it is not at hand; asked for
            `self`, the folder that the card's own files are in.

    Raises:
        BadInput: the evidence has no such claim; the message offers those that are like it.
    """
    claim = find_claim(evidence, claim_id)
    stage = "card" if claim.key == SELF else evidence.results.get(claim.key, {}).get("stage", "")
    folder = folder_of(claim.key)
    path = folder / claim.file if folder else None
    try:
        found = _number(claim, path)
    except _NotFoundError as error:
        return Trace(claim=claim, stage=stage, path=path, found=None, problem=str(error))
    return Trace(claim=claim, stage=stage, path=path, found=found, problem=_doubt(claim, found))


def find_claim(evidence: Evidence, claim_id: str) -> Claim:
    """Return the claim of that id.

    Raises:
        BadInput: there is none; the message offers those that are like it.
    """
    for claim in evidence.claims:
        if claim.id == claim_id:
            return claim
    wanted = set(claim_id.lower().split("."))
    near = sorted(
        (claim.id for claim in evidence.claims),
        key=lambda known: -len(wanted & set(known.lower().split("."))),
    )
    known = ", ".join(near[:6])
    raise BadInput(f"no claim {claim_id!r} on this card", remedy=f"There are: {known}")


def describe(found: Trace) -> str:
    """Return a trace as lines for people."""
    claim = found.claim
    lines = [
        f"{claim.id}: {claim.shown} {claim.unit}".rstrip(),
        f"  before rounding  {claim.value!r}",
        f"  stage            {found.stage or 'unknown'}",
        f"  result           {claim.key}",
        f"  file             {claim.file}",
        f"  place            {claim.pointer}",
        f"  SHA-256          {claim.sha256}",
    ]
    if found.found is not None:
        times = f" × {claim.scale:g}" if claim.scale != 1 else ""
        lines.append(f"  found            {found.found!r}{times}")
    lines.append("  agrees" if found.agrees else f"  DOES NOT AGREE: {found.problem}")
    return "\n".join(lines) + "\n"


def shown_agrees(shown: str, value: float) -> bool:
    """Say whether printed characters are a rounding of a number.

    `<0.001` agrees with every smaller number.
    """
    text = shown.replace(MINUS, "-").replace(",", "")
    if text.startswith("<"):
        return value < float(text[1:])
    digits = len(text.partition(".")[2])
    return abs(float(text) - value) <= 0.5 * 10.0**-digits + _TOLERANCE * max(1.0, abs(value))


class _NotFoundError(Exception):
    """The number behind a claim could not be read; says why."""


def _number(claim: Claim, path: Path | None) -> float:
    """Return the number that a claim rests on, from a file that is still the same."""
    if path is None:
        raise _NotFoundError("the result is not at hand")
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise _NotFoundError(f"{claim.file} is missing") from error
    if hashlib.sha256(raw).hexdigest() != claim.sha256:
        raise _NotFoundError(f"{claim.file} is not the file that the card was made from")
    try:
        found = resolve_pointer(_decode(claim.file, raw), claim.pointer)
    except (KeyError, msgspec.DecodeError) as error:
        raise _NotFoundError(f"{claim.file} has nothing at {claim.pointer}") from error
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise _NotFoundError(f"{claim.file} has no number at {claim.pointer}")
    return found


def _doubt(claim: Claim, found: float) -> str:
    """Return why a number does not bear out its claim; empty when it does."""
    if abs(found * claim.scale - claim.value) > _TOLERANCE * max(1.0, abs(claim.value)):
        return "the file holds another number"
    if not shown_agrees(claim.shown, claim.value):
        return "the printed number is no rounding of it"
    return ""


def _decode(name: str, raw: bytes) -> Any:
    if name.endswith(".jsonl"):
        return [msgspec.json.decode(line) for line in raw.splitlines() if line]
    return msgspec.json.decode(raw)
