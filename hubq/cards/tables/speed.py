"""The speed table, in the form of the cards that Qwen publishes, and what it does not show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from hubq.cards.family import Family
from hubq.cards.footnotes import Footnote, Footnotes, measured
from hubq.cards.ledger import COUNT, Ledger, Shape, escape_pointer
from hubq.cards.prose.sittings import sitting_remarks
from hubq.cards.ratios import MEMORY, Pace
from hubq.cards.speeds import bench_facts, bench_gap, bench_measures, bench_stage
from hubq.cards.tables.details import Asked, Column, DetailTable, Figures, detail_table
from hubq.cards.tables.prices import PriceTable, price_table
from hubq.cards.tables.rounds import Method, attention_text, method_of
from hubq.cards.tables.sizes import bytes_in, unit_of
from hubq.markdown.escaping import escape
from hubq.model.card import Cell, Claim
from hubq.model.recipe import BASELINE

SPEED = Shape(digits=2, unit="tokens/s")
RATIO = Shape(digits=2, unit="ratio")
_WHOLE = Shape(unit="tokens/s")
_JOULES = Shape(digits=3, unit="J")
_RATIO = "ratio"
_ABOVE = "memory_above_weights_bytes"


class SpeedRow(msgspec.Struct, frozen=True, kw_only=True):
    """One variant under one workload.

    Attributes:
        workload: its name.
        first: whether it is the first row of its workload.
        variant: its name.
        this: whether the card is this variant's.
        speed: tokens/s.
        relative: speed as a multiple of the baseline's; none for the baseline.
        low, high: the interval of `relative`; none of a single round.
        pace: `faster` or `slower` where that is more than chance; empty for the baseline.
        memory: peak memory in the table's unit, weights included.
        gpus: how many GPUs it ran on, 0 on a CPU; none where it was not measured.
    """

    workload: str
    first: bool
    variant: str
    this: bool
    speed: Cell
    relative: Cell | None
    low: Claim | None
    high: Claim | None
    pace: Pace | str
    memory: Cell
    gpus: Claim | None = None


class WorkloadFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a workload asks for; `width` and `height` in pixels, none without images.

    Attributes:
        name: its name.
        input_tokens, output_tokens, batch_size: as the recipe has them.
        prompt: tokens of a prompt with its images; none where that is not known.
        rounds: that were counted; none where nothing was measured.
        images, width, height: none without images.
    """

    name: str
    input_tokens: Claim
    output_tokens: Claim
    batch_size: Claim
    prompt: Claim | None = None
    rounds: Claim | None = None
    images: Claim | None = None
    width: Claim | None = None
    height: Claim | None = None


class SpeedTable(msgspec.Struct, frozen=True, kw_only=True):
    """Speed and peak memory of the family in plain generation.

    Attributes:
        model: what was timed.
        rows: by workload, then by variant.
        unit: of memory, `MB` or `GB` (powers of ten).
        workloads: what each asks for; empty when nothing was measured.
        method: how it was measured; none when nothing was measured.
        details: prefill and decoding apart, memory above the weights, energy.
        prices: what tokens cost; none where the recipe has no price.
        remarks: what makes these figures doubtful, in sentences.
        device: `cpu` or `cuda`; empty when nothing was measured.
        attention, dtype: of the generation; empty when unknown.
        threads: of PyTorch; none when unknown.
        notes: the footnotes first referred to here.
    """

    model: str
    rows: tuple[SpeedRow, ...]
    unit: str
    workloads: tuple[WorkloadFacts, ...]
    method: Method | None
    details: DetailTable | None
    prices: PriceTable | None
    remarks: tuple[str, ...]
    device: str
    attention: str
    dtype: str
    threads: Claim | None
    notes: tuple[Footnote, ...]


def speed_table(
    family: Family, ledger: Ledger, notes: Footnotes, names: tuple[str, ...], this: str
) -> SpeedTable:
    """Return the speed table of the named variants, the baseline first in each workload."""
    before, all_names = len(notes), (BASELINE, *names)
    enter = _Enter(family, ledger, notes, all_names, this)
    rows = tuple(
        enter.row(workload.name, name)
        for workload in family.loaded.workloads.workloads
        for name in all_names
    )
    known = next((name for name in all_names if _timed(family, name)), "")
    facts = bench_facts(family, known) if known else {}
    return SpeedTable(
        model=family.source.name,
        rows=rows,
        unit=enter.unit,
        workloads=tuple(_workloads(family, ledger, known)) if known else (),
        method=method_of(family, ledger, known) if known else None,
        details=_details(family, ledger, enter, this),
        prices=price_table(ledger, _asked(family), all_names, this, served=False),
        remarks=sitting_remarks(family, ledger, all_names, ""),
        device=_kind(facts.get("device", "")),
        attention=attention_text(facts.get("attention", "")),
        dtype=str(facts.get("dtype", "")),
        threads=ledger.record("threads", bench_stage(known), "/facts/threads", COUNT)
        if facts.get("threads")
        else None,
        notes=notes.since(before),
    )


class _Enter:
    """Enters the rows of the table."""

    def __init__(
        self, family: Family, ledger: Ledger, notes: Footnotes, names: tuple[str, ...], this: str
    ) -> None:
        self.family, self.ledger, self.notes = family, ledger, notes
        self.names, self.this = names, this
        self.unit = unit_of(
            measure.value
            for name in names
            for measure in bench_measures(family, name).values()
            if measure.name.startswith(f"{MEMORY}/")
        )

    def row(self, workload: str, name: str) -> SpeedRow:
        """Return one row, with states where nothing was measured."""
        tail, place = f"{name}.{workload}", f"/speed/{escape_pointer(workload)}"
        own = f"{place}/{escape_pointer(name)}"
        ratio = self.ledger.maybe(f"speedup.{tail}", f"{own}/ratio", RATIO)
        found = self.ledger.document["speed"].get(workload, {}).get(name, {})
        return SpeedRow(
            workload=workload,
            first=name == BASELINE,
            variant=name,
            this=name == self.this,
            speed=self._cell(f"speed.{tail}", name, f"tokens_per_second/{workload}", SPEED),
            relative=measured(ratio) if ratio else None,
            low=self.ledger.maybe(f"speedup_low.{tail}", f"{own}/low", RATIO),
            high=self.ledger.maybe(f"speedup_high.{tail}", f"{own}/high", RATIO),
            pace=found.get("verdict", ""),
            memory=self._cell(f"memory.{tail}", name, f"{MEMORY}/{workload}", bytes_in(self.unit)),
            gpus=self.ledger.maybe(f"gpus.{name}", f"/gpus/{escape_pointer(name)}", COUNT),
        )

    def _cell(self, claim_id: str, name: str, measure: str, shape: Shape) -> Cell:
        if measure in bench_measures(self.family, name):
            return measured(self.ledger.measure(claim_id, bench_stage(name), measure, shape))
        gap = bench_gap(self.family, name, measure.partition("/")[2])
        return self.notes.gap(gap, claim_id)


def _timed(family: Family, name: str) -> bool:
    return "measured" in bench_facts(family, name).get("states", {}).values()


def _details(family: Family, ledger: Ledger, enter: _Enter, this: str) -> DetailTable | None:
    prefill, decode = "prefill_tokens_per_second", "decode_tokens_per_second"
    columns = (
        Column(title="Prefill (tokens/s)", quantities=(prefill,), shape=_WHOLE),
        Column(title=f"× {BASELINE}", quantities=(f"{_RATIO}/{prefill}",), shape=RATIO),
        Column(title="Decoding (tokens/s)", quantities=(decode,), shape=SPEED),
        Column(title=f"× {BASELINE}", quantities=(f"{_RATIO}/{decode}",), shape=RATIO),
        Column(title="First token (ms)", quantities=("first_token_seconds",)),
        Column(
            title=f"Memory above weights ({enter.unit})",
            quantities=(_ABOVE,),
            shape=bytes_in(enter.unit),
        ),
        Column(title="Energy (J/token)", quantities=("joules_per_token",), shape=_JOULES),
    )
    figures = Figures(family, ledger, "", "timing")
    return detail_table(figures, columns, _asked(family), enter.names, this)


def _asked(family: Family) -> list[Asked]:
    names = (one.name for one in family.loaded.workloads.workloads)
    return [Asked(place=name, shown=escape(name)) for name in names]


def _workloads(family: Family, ledger: Ledger, known: str) -> Iterator[WorkloadFacts]:
    stage = bench_stage(known)
    for index, workload in enumerate(family.loaded.workloads.workloads):
        place, tail = f"/asked/workloads/{index}", workload.name
        fields = ["input_tokens", "output_tokens", "batch_size"]
        claims = {one: ledger.own(f"{one}.{tail}", f"{place}/{one}", COUNT) for one in fields}
        if workload.images:
            pairs = (("images", "images"), ("width", "image_size/0"), ("height", "image_size/1"))
            for field, pointer in pairs:
                claims[field] = ledger.own(f"{field}.{tail}", f"{place}/{pointer}", COUNT)
            claims |= _prompt(family, ledger, known, tail)
        counted = bench_facts(family, known).get("rounds", {})
        if tail in counted:
            pointer = f"/facts/rounds/{escape_pointer(tail)}"
            claims["rounds"] = ledger.record(f"rounds.{tail}", stage, pointer, COUNT)
        yield WorkloadFacts(name=tail, **claims)


def _prompt(family: Family, ledger: Ledger, known: str, workload: str) -> dict[str, Claim]:
    """Enter how many tokens a prompt has, pictures and all; nothing where that is not known."""
    measure = bench_measures(family, known).get(f"tokens_per_second/{workload}")
    if measure is None:
        return {}
    pointer = "/".join([*measure.pointer.split("/")[:3], "prompt_tokens"])
    stage = bench_stage(known)
    try:
        claim = ledger.record(f"prompt.{workload}", stage, pointer, COUNT, measure.file)
    except KeyError:
        return {}
    return {"prompt": claim}


def _kind(device: Any) -> str:
    """Return `cpu` or `cuda`, whichever of several GPUs it was."""
    return str(device).partition(":")[0]
