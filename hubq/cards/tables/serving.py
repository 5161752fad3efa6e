"""The tables of serving: what a server makes of each load, and how long its requests wait."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from hubq.cards.family import Family
from hubq.cards.footnotes import Footnote, Footnotes, measured
from hubq.cards.ledger import COUNT, Ledger, Shape, escape_pointer
from hubq.cards.prose.loads import load_words
from hubq.cards.prose.sittings import sitting_remarks
from hubq.cards.ratios import Pace
from hubq.cards.speeds import VLLM, bench_facts, bench_gap, bench_measures
from hubq.cards.stacks import hardware_of
from hubq.cards.tables.details import Asked, Column, DetailTable, Figure, Figures, detail_table
from hubq.cards.tables.prices import PriceTable, price_table
from hubq.cards.tables.rounds import Method, method_of
from hubq.cards.tables.servers import ServerRow, server_rows
from hubq.markdown.escaping import escape
from hubq.model.card import Cell, Claim
from hubq.model.recipe import BASELINE
from hubq.model.workload import Load, ServingWorkload

_RATE = Shape(digits=2, unit="requests/s")
_TOKENS = Shape(digits=1, unit="tokens/s")
_IMAGES = Shape(digits=2, unit="images/s")
_RATIO = Shape(digits=2, unit="ratio")
_LIMIT = Shape(plain=True, unit="ms")
_GOOD = Column(title="Goodput (requests/s)", quantities=("goodput",), shape=_RATE)
_COLUMNS = (
    Column(title="Requests/s", quantities=("request_rate",), shape=_RATE),
    _GOOD,
    Column(title="Output tokens/s", quantities=("output_tokens_per_second",), shape=_TOKENS),
    Column(title="TTFT p50 / p99 (ms)", quantities=("ttft_seconds", "ttft_p99_seconds")),
    Column(title="ITL p50 / p99 (ms)", quantities=("itl_seconds", "itl_p99_seconds")),
    Column(title="End to end p50 / p99 (ms)", quantities=("e2e_seconds", "e2e_p99_seconds")),
)
_FURTHER = (
    Column(title="Images/s", quantities=("images_per_second",), shape=_IMAGES),
    Column(title="TTFT p90 (ms)", quantities=("ttft_p90_seconds",)),
    Column(title="ITL p90 (ms)", quantities=("itl_p90_seconds",)),
    Column(title="End to end p90 (ms)", quantities=("e2e_p90_seconds",)),
    Column(
        title="TPOT p50 / p90 / p99 (ms)",
        quantities=("tpot_seconds", "tpot_p90_seconds", "tpot_p99_seconds"),
    ),
    Column(
        title="All tokens/s",
        quantities=("total_tokens_per_second",),
        shape=_TOKENS,
    ),
    Column(
        title="Energy (J/token)",
        quantities=("joules_per_token",),
        shape=Shape(digits=3, unit="J"),
    ),
)


class ServedRow(msgspec.Struct, frozen=True, kw_only=True):
    """One variant under one load.

    Attributes:
        load: how requests came, in words: `4 at a time`.
        first: whether it is the first row of its load.
        variant: its name.
        this: whether the card is this variant's.
        cells: by column: figures, or the state where nothing was measured.
        relative: what the load is judged by, as a multiple of the baseline's; none for it.
        low, high: the interval of `relative`.
        pace: `faster` or `slower` where that is more than chance; empty for the baseline.
    """

    load: str
    first: bool
    variant: str
    this: bool
    cells: tuple[tuple[Figure, ...], ...]
    relative: Cell | None
    low: Claim | None
    high: Claim | None
    pace: Pace | str


class ServedWorkload(msgspec.Struct, frozen=True, kw_only=True):
    """One workload that servers were put under.

    Attributes:
        name: its name.
        asked: what each request holds: images, tokens in and out.
        target: what a request must keep to count for goodput; empty without a target.
        kept: whether every request kept it, so that goodput is the rate of requests.
        heads: the columns that hold anything.
        rows: by load, then by variant.
        rates: whether some of its loads are rates of requests.
        details: further percentiles; none where nothing was measured.
    """

    name: str
    asked: str
    target: str
    kept: bool
    heads: tuple[str, ...]
    rows: tuple[ServedRow, ...]
    rates: bool
    details: DetailTable | None


class ServingTable(msgspec.Struct, frozen=True, kw_only=True):
    """Serving of the family.

    Attributes:
        workloads: a table for each.
        servers: what each server held.
        method: how it was measured; none when nothing was measured.
        prices: what tokens cost; none where the recipe has no price.
        remarks: what makes these figures doubtful, in sentences.
        hardware: what it ran on; empty when unknown.
        dtype: of the arithmetic; empty when unknown.
        notes: the footnotes first referred to here.
    """

    workloads: tuple[ServedWorkload, ...]
    servers: tuple[ServerRow, ...]
    method: Method | None
    prices: PriceTable | None
    remarks: tuple[str, ...]
    hardware: str
    dtype: str
    notes: tuple[Footnote, ...]


def serving_table(
    family: Family, ledger: Ledger, notes: Footnotes, names: tuple[str, ...], this: str
) -> ServingTable | None:
    """Return what servers of the named variants did; none where the recipe serves nothing."""
    served, all_names = family.loaded.serving, (BASELINE, *names)
    if not served:
        return None
    before = len(notes)
    enter = _Enter(family, ledger, notes, all_names, this)
    known = next((n for n in all_names if bench_measures(family, n, VLLM)), "")
    return ServingTable(
        workloads=tuple(enter.workload(index, one) for index, one in enumerate(served)),
        servers=server_rows(family, ledger, all_names, this),
        method=method_of(family, ledger, known, VLLM) if known else None,
        prices=price_table(ledger, _asked(ledger, served), all_names, this, served=True),
        remarks=sitting_remarks(family, ledger, all_names, VLLM),
        hardware=hardware_of(family, "bench", known, VLLM) if known else "",
        dtype=str(bench_facts(family, known, VLLM).get("dtype", "")) if known else "",
        notes=notes.since(before),
    )


def _asked(ledger: Ledger, workloads: tuple[ServingWorkload, ...]) -> list[Asked]:
    """Return every load of every workload, in order."""
    return [
        Asked(
            place=f"{served.name}/{load.step}",
            shown=f"{escape(served.name)}, {load_words(ledger, index, number, served)}",
        )
        for index, served in enumerate(workloads)
        for number, load in enumerate(served.loads)
    ]


class _Enter:
    """Enters the tables of workloads."""

    def __init__(
        self, family: Family, ledger: Ledger, notes: Footnotes, names: tuple[str, ...], this: str
    ) -> None:
        self.family, self.ledger, self.notes = family, ledger, notes
        self.names, self.this = names, this
        self.figures = Figures(family, ledger, VLLM, "served")

    def workload(self, index: int, served: ServingWorkload) -> ServedWorkload:
        """Return the table of one workload."""
        places = tuple(f"{served.name}/{load.step}" for load in served.loads)
        kept = self.kept(places)
        heads = [
            column
            for column in _COLUMNS
            if not (kept and column is _GOOD)
            if any(
                self.figures.known(name, f"{column.quantities[0]}/{place}")
                for name in self.names
                for place in places
            )
        ]
        columns = [(one, self.figures.shape(one, self.names, places)) for one in heads]
        words = {
            load.step: load_words(self.ledger, index, number, served)
            for number, load in enumerate(served.loads)
        }
        rows = tuple(
            self.row(served, load, words[load.step], name, columns)
            for load in served.loads
            for name in self.names
        )
        asked = [
            Asked(place=place, shown=words[load.step])
            for place, load in zip(places, served.loads, strict=True)
        ]
        return ServedWorkload(
            name=served.name,
            asked=self.asked(index, served),
            target=self.target(index, served),
            kept=kept,
            heads=tuple(column.title for column in heads) or (_COLUMNS[0].title,),
            rows=rows,
            rates=any(load.rate is not None for load in served.loads),
            details=detail_table(self.figures, _FURTHER, asked, self.names, self.this),
        )

    def kept(self, places: Iterable[str]) -> bool:
        """Say whether every request of every variant kept the target."""
        found = [bench_measures(self.family, name, VLLM) for name in self.names]
        pairs = [
            (measures[f"goodput/{place}"].value, measures[f"request_rate/{place}"].value)
            for measures in found
            for place in places
            if f"goodput/{place}" in measures
        ]
        return bool(pairs) and all(good == rate for good, rate in pairs)

    def row(
        self,
        served: ServingWorkload,
        load: Load,
        words: str,
        name: str,
        columns: list[tuple[Column, Shape]],
    ) -> ServedRow:
        """Return one variant under one load, with its state where nothing was measured."""
        place = f"{served.name}/{load.step}"
        steps = (served.name, load.step, name)
        own = "/serving/" + "/".join(escape_pointer(step) for step in steps)
        ratio = self.ledger.maybe(f"served_ratio.{place}.{name}", f"{own}/ratio", _RATIO)
        found = self.ledger.document["serving"][served.name][load.step].get(name, {})
        return ServedRow(
            load=words,
            first=name == BASELINE,
            variant=name,
            this=name == self.this,
            cells=self.cells(name, place, columns),
            relative=measured(ratio) if ratio else None,
            low=self.ledger.maybe(f"served_low.{place}.{name}", f"{own}/low", _RATIO),
            high=self.ledger.maybe(f"served_high.{place}.{name}", f"{own}/high", _RATIO),
            pace=found.get("verdict", ""),
        )

    def cells(
        self, name: str, place: str, columns: list[tuple[Column, Shape]]
    ) -> tuple[tuple[Figure, ...], ...]:
        """Return the figures of a row, or its state in the first column."""
        if not self.figures.known(name, f"request_rate/{place}"):
            gap = bench_gap(self.family, name, place, VLLM)
            state = Figure(value=self.notes.gap(gap, f"served.request_rate/{place}.{name}"))
            return ((state,), *(() for _ in columns[1:]))
        return tuple(self.figures.cell(name, column, place, shape) for column, shape in columns)

    def asked(self, index: int, served: ServingWorkload) -> str:
        """Return what a request holds."""
        place, tail = f"/asked/serving/{index}", served.name

        def own(field: str, pointer: str) -> Claim:
            return self.ledger.own(f"{field}.{tail}", f"{place}/{pointer}", COUNT)

        images = ""
        if served.images:
            plural = "s" if served.images > 1 else ""
            size = f"{own('width', 'image_size/0')} × {own('height', 'image_size/1')}"
            images = f"{own('images', 'images')} image{plural} of {size} pixels and "
        text = own("input_tokens", "input_tokens")
        return f"{images}{text} text tokens in, {own('output_tokens', 'output_tokens')} out"

    def target(self, index: int, served: ServingWorkload) -> str:
        """Return the latencies that a request must keep to count for goodput."""
        if served.target is None:
            return ""
        words = {
            "ttft_ms": "its first token within {} ms",
            "tpot_ms": "each further token within {} ms on average",
            "e2e_ms": "its last token within {} ms",
        }
        parts = []
        for field, text in words.items():
            claim_id = f"target_{field}.{served.name}"
            limit = self.ledger.maybe(claim_id, f"/asked/serving/{index}/target/{field}", _LIMIT)
            parts += [text.format(limit)] if limit is not None else []
        return ", ".join(parts)
