"""Notebooks: the claims of a report on published tables.

A number is either printed in a table (a claim on the import's `table.json`) or worked out from such
numbers (a claim on the report's own `comparison.json`). There is no third kind.
"""

from __future__ import annotations

import math
from typing import Any

from hubq.cards.footnotes import Footnotes
from hubq.cards.ledger import COMPARISON_FILE, SELF, Shape, escape_pointer
from hubq.cards.published.sheets import Place, Source
from hubq.markdown import escaping
from hubq.model.card import Claim
from hubq.model.marks import without_signs
from hubq.stats import ALPHA, CONFIDENCE, DISCORDANCES

SCHEMA = 1
POINTS = Shape(digits=2, scale=100, unit="points")
SIGNED = Shape(digits=2, scale=100, unit="points", signed=True)
SHARE = Shape(digits=1, scale=100, unit="percent")
ROUND = Shape(digits=1, scale=100, unit="points")
LEVEL = Shape(scale=100, unit="percent")
COUNT = Shape(unit="count")
TIMES = Shape(digits=2, unit="ratio")


class Notebook:
    """The claims and footnotes of one report.

    Derived numbers are written down while the report is worked out, so their file's digest is known
    only at the end: a report is worked out twice, the second time with the digest of the first.

    Args:
        sources: the files of tables, in the order in which their tables are shown.
        sha256: of `comparison.json`; empty the first time.
    """

    def __init__(self, sources: tuple[Source, ...], sha256: str = "") -> None:
        self.sources = sources
        self.notes = Footnotes()
        self.document: dict[str, Any] = {"schema": SCHEMA}
        self._sha256 = sha256
        self._claims: dict[str, Claim] = {}

    @property
    def claims(self) -> tuple[Claim, ...]:
        """Every claim, in the order in which they were entered."""
        return tuple(self._claims.values())

    def printed(self, place: Place, field: str = "value") -> Claim:
        """Enter a number that stands in a table.

        Args:
            place: where it stands.
            field: which of the cell's numbers: `value`, `upper` or `delta`.

        Raises:
            KeyError: the cell has no such number.
        """
        found, source = place.found, self.sources[place.source]
        value = getattr(found, field)
        if value is None:
            raise KeyError(field)
        claim_id = f"printed.{place.source}.{place.table}.{place.measure}"
        claim_id = claim_id if field == "value" else f"{claim_id}.{field}"
        signed = field == "delta" or found.shown[:1] in "+-−–"
        shape = Shape(digits=found.decimals, unit=found.unit, signed=signed)
        return self._enter(
            Claim(
                id=claim_id,
                shown=shape.show(value),
                value=value,
                unit=shape.unit,
                key=source.key,
                file=source.file,
                pointer=f"/tables/{place.table}/measures/{place.measure}/{field}",
                sha256=source.sha256,
            )
        )

    def known(self, place: Place, field: str, shape: Shape = COUNT) -> Claim:
        """Enter what the importer knows of a score: `n`, or an end of its interval.

        Raises:
            KeyError: it does not know that.
        """
        value = getattr(place.found.certainty, field, None)
        if value is None:
            raise KeyError(field)
        source = self.sources[place.source]
        scaled = value * shape.scale
        return self._enter(
            Claim(
                id=f"known.{place.source}.{place.table}.{place.measure}.{field}",
                shown=shape.show(scaled),
                value=scaled,
                unit=shape.unit,
                key=source.key,
                file=source.file,
                pointer=f"/tables/{place.table}/measures/{place.measure}/certainty/{field}",
                sha256=source.sha256,
                scale=shape.scale,
            )
        )

    def derived(self, path: str, value: float, shape: Shape) -> Claim:
        """Write a number down and enter it.

        Args:
            path: where it stands in `comparison.json`: a JSON pointer without the first slash.
            value: before it is scaled and rounded.
            shape: how it is printed.
        """
        *folders, name = path.split("/")
        place = self.document
        for folder in folders:
            place = place.setdefault(folder.replace("~1", "/").replace("~0", "~"), {})
        place.setdefault(name.replace("~1", "/").replace("~0", "~"), value)
        scaled = value * shape.scale
        return self._enter(
            Claim(
                id=f"{path}:{shape.unit}{'+' if shape.signed else ''}{shape.digits}",
                shown=shape.show(_half_up(scaled, shape.digits)),
                value=scaled,
                unit=shape.unit,
                key=SELF,
                file=COMPARISON_FILE,
                pointer=f"/{path}",
                sha256=self._sha256,
                scale=shape.scale,
            )
        )

    def level(self) -> Claim:
        """Return the level of intervals, in percent."""
        return self.derived("level", CONFIDENCE, LEVEL)

    def alpha(self) -> Claim:
        """Return the level of tests, in percent."""
        return self.derived("alpha", ALPHA, LEVEL)

    def discordances(self) -> tuple[Claim, ...]:
        """Return the shares of changed answers that detectable differences are given for."""
        return tuple(
            self.derived(f"discordances/{number}", share, LEVEL)
            for number, share in enumerate(DISCORDANCES)
        )

    def _enter(self, claim: Claim) -> Claim:
        return self._claims.setdefault(claim.id, claim)


def outside(text: object) -> str:
    """Return text from a page as it may stand in a sentence or a cell."""
    return escaping.escape(without_signs(str(text)))


def step(name: str) -> str:
    """Return a name as one step of a path in `comparison.json`."""
    return escape_pointer(without_signs(name))


def _half_up(value: float, digits: int) -> float:
    """Return a number whose half is rounded away from zero, as people do with printed numbers."""
    scale = 10**digits
    return math.copysign(math.floor(abs(value) * scale + 0.5 + 1e-9) / scale, value)
