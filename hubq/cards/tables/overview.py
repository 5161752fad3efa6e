"""The further tables of a family, beside its scores, speed and sizes."""

from __future__ import annotations

import msgspec

from hubq.cards.family import Family
from hubq.cards.footnotes import Footnotes
from hubq.cards.ledger import Ledger
from hubq.cards.tables.calibrations import CalibrationTable, calibration_tables
from hubq.cards.tables.deploy import DeployTable, deploy_table
from hubq.cards.tables.grid import GridTable, grid_table
from hubq.cards.tables.losses import LossTable, loss_table
from hubq.cards.tables.margins import MarginTable, margin_tables
from hubq.cards.tables.methods import MethodTable, method_table
from hubq.cards.tables.ranks import RankRow, rank_rows
from hubq.cards.tables.spreads import SpreadRow, spread_rows


class FamilyTables(msgspec.Struct, frozen=True, kw_only=True):
    """Tables that are on a card where there is something to show in them."""

    spreads: tuple[SpreadRow, ...] = ()
    margins: tuple[MarginTable, ...] = ()
    losses: LossTable | None = None
    methods: MethodTable | None = None
    calibrations: tuple[CalibrationTable, ...] = ()
    ranks: tuple[RankRow, ...] = ()
    deploy: DeployTable | None = None
    grid: GridTable | None = None


def family_tables(
    family: Family, ledger: Ledger, notes: Footnotes, names: tuple[str, ...], this: str
) -> FamilyTables:
    """Return the further tables in the order in which they stand on a card."""
    return FamilyTables(
        spreads=spread_rows(ledger),
        margins=margin_tables(family, ledger, notes, names),
        losses=loss_table(ledger, notes, names, this),
        ranks=rank_rows(family, ledger, names),
        methods=method_table(family, ledger, notes, names, this),
        calibrations=calibration_tables(family, ledger, notes, names, this),
        deploy=deploy_table(family, ledger, notes, names, this),
        grid=grid_table(family, ledger, notes, names),
    )
