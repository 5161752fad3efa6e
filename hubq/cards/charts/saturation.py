"""Latency against throughput as charts: what servers make of a rising load until they are full."""

from __future__ import annotations

from collections.abc import Sequence

from hubq.cards.charts.chart import Chart
from hubq.cards.charts.figures import Curve, Saturation, Turn
from hubq.cards.charts.labels import cut_names, spoken
from hubq.cards.charts.rates import MILLISECONDS, drawn_estimate
from hubq.cards.family import Family
from hubq.cards.ledger import LEVEL, Ledger, Shape
from hubq.cards.prose.loads import load_words
from hubq.cards.prose.wording import listed
from hubq.cards.ratios import Pace
from hubq.cards.speeds import VLLM, bench_measures
from hubq.markdown.escaping import escape
from hubq.model.card import Claim
from hubq.model.marks import plain
from hubq.model.recipe import BASELINE
from hubq.model.workload import ServingWorkload

NAME = "load"
_THROUGHPUT, _LATENCY = "output_tokens_per_second", "e2e_seconds"
_WORDS = "time to the last token"
_TOKENS = Shape(digits=1, unit="tokens/s")


def saturation_charts(family: Family, ledger: Ledger) -> tuple[Chart, ...]:
    """Return a chart for each workload that servers were put under several loads of.

    Loads of so many requests at a time are drawn, the highest of which may be all at once; where
    there are fewer than two of them, loads at rates are.
    """
    found: list[Chart] = []
    for index, served in enumerate(family.loaded.serving):
        chosen = _chosen(served)
        curves = tuple(
            _curve(family, ledger, (name, look), (index, served), chosen)
            for look, name in enumerate((BASELINE, *family.published))
        )
        drawn = tuple(one for one in curves if one.turns)
        if drawn and max(len(one.turns) for one in drawn) > 1:
            without = [one.variant for one in curves if not one.turns]
            steps = [served.loads[number].step for number in (chosen[0], chosen[-1])]
            cells = [ledger.document["serving"][served.name][step] for step in steps]
            least, most = (
                {name: found[name]["verdict"] for name in family.published if name in found}
                for found in cells
            )
            found.append(
                saturation_chart(
                    drawn,
                    workload=served.name,
                    level=ledger.own("level", "/level", LEVEL),
                    paces=(least, most),
                    without=without,
                    name=f"{NAME}-{len(found) + 1}",
                )
            )
    return tuple(found)


def saturation_chart(
    curves: tuple[Curve, ...],
    *,
    workload: str,
    level: Claim,
    paces: tuple[dict[str, Pace], dict[str, Pace]],
    without: Sequence[str] = (),
    name: str = f"{NAME}-1",
) -> Chart:
    """Return a chart of latency against throughput.

    Args:
        curves: the variants, the baseline first, each by rising load.
        workload: its name.
        level: of the intervals, in percent.
        paces: variant -> verdict, under the least load and under the most.
        without: variants that were not measured.
        name: of the files.
    """
    loads = [turn.load for turn in max(curves, key=lambda one: len(one.turns)).turns]
    finding = " ".join(
        filter(None, (_ends(curves), *(_paced(*pair) for pair in zip(_POINTS, paces, strict=True))))
    )
    parts = [
        f"Workload {escape(workload)}: {_WORDS} (median) against tokens/s.",
        f"Lines across marks are {level} % intervals.",
        f"Along each line the load rises: {', '.join(loads)}.",
        "Lower and further right is better.",
    ]
    if without:
        parts.append(f"Not drawn, since it was not measured: {listed(map(escape, without))}.")
    return Chart(
        name=name,
        alt=" ".join(filter(None, (finding, cut_names(one.variant for one in curves)))),
        caption=" ".join(parts),
        drawing=Saturation(measure=f"{_WORDS}, workload {workload}", unit="ms", curves=curves),
    )


_POINTS = ("the least load", "the most load")


def _chosen(served: ServingWorkload) -> tuple[int, ...]:
    """Return which loads are drawn, by their numbers, from the least to the most."""
    loads = tuple(enumerate(served.loads))
    steady = [(load.concurrency or float("inf"), n) for n, load in loads if load.rate is None]
    if len(steady) > 1:
        return tuple(number for _, number in sorted(steady))
    rates = sorted((load.rate, n) for n, load in loads if load.rate is not None)
    return tuple(number for _, number in rates) if len(rates) > 1 else tuple(n for _, n in steady)


def _curve(
    family: Family,
    ledger: Ledger,
    variant: tuple[str, int],
    workload: tuple[int, ServingWorkload],
    chosen: Sequence[int],
) -> Curve:
    """Return a variant, by name and look, under the chosen loads of a workload."""
    name, look = variant
    index, served = workload
    found = bench_measures(family, name, VLLM)
    turns = []
    for number in chosen:
        place = f"{served.name}/{served.loads[number].step}"
        if {f"{_THROUGHPUT}/{place}", f"{_LATENCY}/{place}"} <= found.keys():
            throughput, latency = (
                drawn_estimate(family, ledger, name, f"{kind}/{place}", shape)
                for kind, shape in ((_THROUGHPUT, _TOKENS), (_LATENCY, MILLISECONDS))
            )
            words = load_words(ledger, index, number, served)
            turns.append(Turn(load=words, throughput=throughput, latency=latency))
    return Curve(variant=name, look=look, turns=tuple(turns))


def _ends(curves: Sequence[Curve]) -> str:
    """Return the most that each variant reaches, and how long a request takes then."""
    told = []
    for one in curves:
        most = max(one.turns, key=lambda turn: turn.throughput.value.value)
        shown = f"{most.throughput.value.shown} tokens/s at {most.latency.value.shown} ms"
        told.append(f"{spoken(one.variant)} {shown} ({plain(most.load)})")
    return f"The most that each server reached: {'; '.join(told)}."


def _paced(where: str, paces: dict[str, Pace]) -> str:
    """Return who is faster and who slower than the baseline, as far as the tests tell."""
    parts = []
    for pace in ("faster", "slower"):
        names = [spoken(name) for name, found in paces.items() if found == pace]
        if names:
            verb = "is" if len(names) == 1 else "are"
            parts.append(f"{listed(names)} {verb} {pace} than {BASELINE}")
    if not parts:
        return f"Under {where} no variant can be told from {BASELINE} in speed." if paces else ""
    return f"Under {where} {', and '.join(parts)}."
