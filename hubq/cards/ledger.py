"""Ledgers: where every number of a card is entered as a claim, tied to the file it stands in."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from hubq.cards.family import Family
from hubq.model.card import Claim

MINUS = "\N{MINUS SIGN}"
SELF = "self"
"""The key of claims that rest on a file of the card's own result."""

COMPARISON_FILE = "comparison.json"
RESULT_FILE = "result.json"


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """How a number is printed.

    Attributes:
        digits: after the point.
        scale: what the number in the file is multiplied by.
        unit: of the scaled number.
        signed: print a plus sign; a zero has no sign.
        floor: print smaller numbers as `<floor`.
        plain: print as many digits as a setting was written with, whatever `digits` says.
    """

    digits: int = 0
    scale: float = 1.0
    unit: str = ""
    signed: bool = False
    floor: float = 0.0
    plain: bool = False

    def show(self, value: float) -> str:
        """Return the characters for a scaled number."""
        if self.plain:
            return f"{value:.10g}"
        if self.floor and value < self.floor:
            return f"<{self.floor:.{self.digits}f}"
        text = f"{abs(value):,.{self.digits}f}"
        is_zero = not any(digit in text for digit in "123456789")
        if is_zero:
            return text
        if value < 0:
            return MINUS + text
        return f"+{text}" if self.signed else text


PERCENT = Shape(digits=2, scale=100, unit="percent")
POINTS = Shape(digits=2, scale=100, unit="points")
DELTA = Shape(digits=2, scale=100, unit="points", signed=True)
RATE = Shape(digits=1, scale=100, unit="percent")
LEVEL = Shape(scale=100, unit="percent")
COUNT = Shape(unit="count")
PROBABILITY = Shape(digits=3, unit="probability", floor=0.001)


class Ledger:
    """The claims of one card.

    A claim is entered once; asking for it again returns the same one.

    Args:
        family: whose results the claims rest on.
        comparison: the card's own file of derived numbers, as its bytes will be written.
    """

    def __init__(self, family: Family, comparison: bytes) -> None:
        self.family = family
        self.document: dict[str, Any] = msgspec.json.decode(comparison)
        self._comparison_sha = hashlib.sha256(comparison).hexdigest()
        self._records: dict[tuple[str, str], tuple[Any, str]] = {}
        self._claims: dict[str, Claim] = {}

    @property
    def claims(self) -> tuple[Claim, ...]:
        """Every claim, in the order in which they were entered."""
        return tuple(self._claims.values())

    def measure(self, claim_id: str, stage_id: str, name: str, shape: Shape) -> Claim:
        """Enter a measure of a stage's result.

        Raises:
            KeyError: the stage has no result, or the result no such measure.
        """
        result = self.family.results[stage_id]
        measure = result.measure(name)
        return self._enter(
            claim_id,
            measure.value,
            shape,
            key=result.key,
            file=measure.file,
            pointer=measure.pointer,
            sha256=result.files[measure.file].sha256,
        )

    def record(
        self, claim_id: str, stage_id: str, pointer: str, shape: Shape, file: str = RESULT_FILE
    ) -> Claim:
        """Enter a number of a JSON file of a result.

        In `result.json` stand the stage's settings and its measures with their intervals.

        Raises:
            KeyError: the stage has no result, or there is no number at the pointer.
        """
        if (stage_id, file) not in self._records:
            raw = (self.family.folders[stage_id] / file).read_bytes()
            parsed = (msgspec.json.decode(raw), hashlib.sha256(raw).hexdigest())
            self._records[stage_id, file] = parsed
        document, sha256 = self._records[stage_id, file]
        return self._enter(
            claim_id,
            resolve_pointer(document, pointer),
            shape,
            key=self.family.results[stage_id].key,
            file=file,
            pointer=pointer,
            sha256=sha256,
        )

    def items(self, claim_id: str, stage_id: str, name: str) -> Claim:
        """Enter how many items or repeats a measure rests on.

        Raises:
            KeyError: the stage has no result, or the result no such measure.
        """
        names = [measure.name for measure in self.family.results[stage_id].measures]
        if name not in names:
            raise KeyError(name)
        return self.record(claim_id, stage_id, f"/measures/{names.index(name)}/n", COUNT)

    def own(self, claim_id: str, pointer: str, shape: Shape) -> Claim:
        """Enter a number of the card's own comparison file.

        Raises:
            KeyError: there is no number at the pointer.
        """
        return self._enter(
            claim_id,
            resolve_pointer(self.document, pointer),
            shape,
            key=SELF,
            file=COMPARISON_FILE,
            pointer=pointer,
            sha256=self._comparison_sha,
        )

    def maybe(self, claim_id: str, pointer: str, shape: Shape) -> Claim | None:
        """Enter a number of the card's own comparison file, or return none when it has none."""
        try:
            return self.own(claim_id, pointer, shape)
        except KeyError:
            return None

    def _enter(
        self,
        claim_id: str,
        raw: Any,
        shape: Shape,
        *,
        key: str,
        file: str,
        pointer: str,
        sha256: str,
    ) -> Claim:
        if claim_id in self._claims:
            return self._claims[claim_id]
        if isinstance(raw, bool) or not isinstance(raw, int | float):
            raise KeyError(f"{file}{pointer}: not a number")
        value = raw * shape.scale
        claim = Claim(
            id=claim_id,
            shown=shape.show(value),
            value=value,
            unit=shape.unit,
            key=key,
            file=file,
            pointer=pointer,
            sha256=sha256,
            scale=shape.scale,
        )
        self._claims[claim_id] = claim
        return claim


def resolve_pointer(document: Any, pointer: str) -> Any:
    """Return what a JSON pointer (RFC 6901) points to.

    Raises:
        KeyError: it points to nothing.
    """
    place = document
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        try:
            place = place[int(name)] if isinstance(place, list) else place[name]
        except (KeyError, IndexError, ValueError, TypeError):
            raise KeyError(f"{pointer}: nothing there") from None
    return place


def escape_pointer(step: str) -> str:
    """Return one step of a JSON pointer, escaped by RFC 6901."""
    return step.replace("~", "~0").replace("/", "~1")
