"""Facts of a report on published tables: everything that its template may say."""

from __future__ import annotations

import msgspec

from hubq.cards.charts.chart import Chart
from hubq.cards.published.cells import PrintedTable
from hubq.cards.published.decisions import Decision
from hubq.cards.published.findings import Finding
from hubq.cards.published.grids import Grid
from hubq.cards.published.sheets import Kind
from hubq.cards.published.speeds import Speeds
from hubq.cards.published.spreads import Spreads
from hubq.cards.tables.deploy import DeployTable
from hubq.cards.tables.losses import LossTable
from hubq.cards.tables.margins import MarginTable
from hubq.cards.tables.ranks import RankRow
from hubq.model.card import Claim


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where tables were taken from.

    Attributes:
        given: the address as the person said it, ready to print.
        link: the same where it is an address of the web; empty elsewhere.
        page: SHA-256 of the page.
        imported: when, UTC.
    """

    given: str
    link: str
    page: str
    imported: str


class BlockFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is worked out of the scores of one model or group.

    Attributes:
        title: ready to print; empty where the table has but one.
        baseline: the variant that the others are held against, ready to print; empty for none.
        spreads: ranges over the variants; margins, losses: in the forms of a card's tables.
        known: intervals and detectable differences; none where no number of questions is known.
        cuts: scores that were cut and not rounded, ready to print.
    """

    title: str
    baseline: str
    spreads: Spreads
    margins: tuple[MarginTable, ...]
    losses: LossTable | None
    known: PrintedTable | None
    cuts: tuple[str, ...] = ()


class SheetFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One published table.

    Attributes:
        number: in the report, from 1; page: on its page, as `hubq import table --table` counts.
        heading: what stands over it on the page, ready to print.
        kind: what it shows; one of the parts below holds it.
        scores, speeds, deploys, grid: the table.
        charts: of its differences, or of latencies against request rates.
        ranks: its lines in order, where nothing is a baseline.
        blocks: what is worked out of scores.
        unknown: why nothing can be recovered on some tasks, ready to print.
        remarks: what was put right or not understood, ready to print.
    """

    number: int
    page: int
    heading: str
    kind: Kind
    scores: PrintedTable | None = None
    speeds: Speeds | None = None
    deploys: tuple[DeployTable, ...] = ()
    grid: Grid | None = None
    charts: tuple[Chart, ...] = ()
    ranks: tuple[RankRow, ...] = ()
    blocks: tuple[BlockFacts, ...] = ()
    unknown: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


class PublishedFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the template of a report on published tables may say.

    Attributes:
        name: the import's, ready to print.
        origins: where the tables are from.
        sheets: the tables.
        decisions: number of a table, and which of its variants is for whom.
        untold: sentences on numbers of which nothing at all can be told.
        findings: numbers that do not follow from others; turned: orders that wrong means turned.
        checked: how many numbers follow from others and were worked out again.
        caveats: sentences, ready to print.
        level, alpha: of intervals and tests, in percent; discordances: shares of changed answers.
        most: the highest of them, at which a difference counts as decided.
        version: hubq's.
        claims, footnotes, comparison: for the evidence.
    """

    name: str
    origins: tuple[Origin, ...]
    sheets: tuple[SheetFacts, ...]
    decisions: tuple[tuple[int, Decision], ...]
    untold: tuple[str, ...]
    findings: tuple[Finding, ...]
    turned: tuple[str, ...]
    checked: Claim
    caveats: tuple[str, ...]
    level: Claim
    alpha: Claim
    discordances: tuple[Claim, ...]
    most: Claim
    version: str
    claims: tuple[Claim, ...] = ()
    footnotes: tuple[dict[str, object], ...] = ()
    comparison: bytes = b""

    @property
    def charts(self) -> tuple[Chart, ...]:
        """Every chart of the report."""
        return tuple(chart for sheet in self.sheets for chart in sheet.charts)
