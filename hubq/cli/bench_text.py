"""A run of a benchmark on the terminal: one table for each engine, and how it was measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hubq.bench.pricing import Cost, cost_of
from hubq.bench.runs import Bench, Entry, Run
from hubq.cli import output
from hubq.cli.figures import figure, interval
from hubq.model.recipe import BASELINE
from hubq.model.suite import Engine
from hubq.model.workload import Price
from hubq.stats.rounds import Typical
from hubq.units import human_size

_GENERATED = {"transformers": "tokens_per_second", "vllm": "output_tokens_per_second"}
_COLUMNS: dict[Engine, tuple[tuple[str, str], ...]] = {
    "transformers": (("tokens/s", "tokens_per_second"), ("first token, s", "first_token_seconds")),
    "vllm": (
        ("requests/s", "request_rate"),
        ("tokens/s", "output_tokens_per_second"),
        ("TTFT p50, s", "ttft_seconds"),
        ("ITL p50, s", "itl_seconds"),
        ("latency p50, s", "e2e_seconds"),
        ("latency p99, s", "e2e_p99_seconds"),
    ),
}


def print_run(run: Run, price: Price | None) -> None:
    """Print every cell of a run, engine by engine."""
    for number, engine in enumerate(dict.fromkeys(bench.engine for bench in run.benches)):
        benches = [bench for bench in run.benches if bench.engine == engine]
        if number:
            output.text("")
        output.text(f"{engine}: {benches[0].document.definition}")
        output.table(_headings(engine, price), [*_rows(benches, price)])
        for line in _conditions(benches):
            output.text(line)


def costs_of(run: Run, price: Price | None) -> dict[str, dict[str, Cost]]:
    """Return variant -> `ENGINE/PLACE` -> what a million tokens cost; empty without a price."""
    found: dict[str, dict[str, Cost]] = {}
    for bench in run.benches:
        for entry in bench.document.workloads:
            cost = _cost(bench, entry, price)
            if cost is not None:
                found.setdefault(bench.variant, {})[f"{bench.engine}/{entry.place}"] = cost
    return found


def _headings(engine: Engine, price: Price | None) -> list[str]:
    shown = ["workload", "variant", *(title for title, _ in _COLUMNS[engine])]
    cost = [f"{price.currency} a million tokens"] if price else []
    return [*shown, f"relative to {BASELINE}", "memory", *cost, ""]


def _rows(benches: Sequence[Bench], price: Price | None) -> Iterator[list[str]]:
    """Yield workload by workload, the variants beneath each other."""
    places = dict.fromkeys(entry.place for one in benches for entry in one.document.workloads)
    for place in places:
        for bench in benches:
            for entry in bench.document.workloads:
                if entry.place == place:
                    yield _row(bench, entry, price)


def _row(bench: Bench, entry: Entry, price: Price | None) -> list[str]:
    speeds = [_typical(entry.quantities.get(name)) for _, name in _COLUMNS[bench.engine]]
    beside = entry.relative.get(entry.primary)
    ratio = interval(beside.ratio, beside.low, beside.high) if beside else "-"
    memory = human_size(entry.memory["peak_bytes"]) if entry.memory else "-"
    cost = _cost(bench, entry, price)
    told = [] if price is None else [interval(cost.value, cost.low, cost.high) if cost else "-"]
    return [entry.place, bench.variant, *speeds, ratio, memory, *told, _state(entry)]


def _typical(found: Typical | None) -> str:
    return "-" if found is None else interval(found.value, found.low, found.high)


def _cost(bench: Bench, entry: Entry, price: Price | None) -> Cost | None:
    speed = entry.quantities.get(_GENERATED[bench.engine])
    return None if price is None or speed is None else cost_of(price, speed)


def _state(entry: Entry) -> str:
    """Return what a reader must know of a cell; nothing where it was measured as it should be."""
    if entry.state != "measured":
        return f"{entry.state}: {entry.why}" if entry.why else entry.state
    told = []
    if not all(one.settled for one in entry.warm):
        told.append("did not settle in the warm-up")
    if entry.requests_failed:
        told.append(f"{entry.requests_failed} of {entry.requests} requests failed")
    return "; ".join(told)


def _conditions(benches: Sequence[Bench]) -> Iterator[str]:
    """Yield how a sitting was measured, and whether its machine was busy."""
    first = benches[0].document
    rounds = [len(one.rounds) for b in benches for one in b.document.workloads if one.rounds]
    count = f"{min(rounds)} to {max(rounds)}" if len(set(rounds)) > 1 else f"{sum(rounds[:1])}"
    machine = benches[0].machine
    subject = first.subject
    parts = [
        f"{count} rounds in {first.processes} process{'es' * (first.processes > 1)}",
        f"models loaded {'side by side' if first.residency == 'together' else 'in turn'}",
        *([subject.dtype] if subject.dtype else []),
        *([machine.gpus[0].name if machine.gpus else machine.cpu] if machine else []),
    ]
    spread = max((e.load_spread for one in benches for e in one.document.workloads), default=0.0)
    shared = spread and max(rounds, default=0) > first.processes
    for_loads = f", with {figure(100 * spread)} % for the load that rounds share" if shared else ""
    yield f"{', '.join(parts)}. In brackets: 95 % intervals{for_loads}."
    others = first.conditions.facts.get("others_cores")
    said = dict.fromkeys(line for bench in benches for line in bench.document.conditions.busy)
    yield from (f"Busy: {line}" for line in said)
    if not said and others is not None:
        yield f"No sign of a busy machine; other processes took {figure(others)} cores on average."
