"""Latency against request rate as charts, for families whose servers were put under load.

A stage `bench/VARIANT/vllm` has, for each workload and each step of its load, the measures
`itl_seconds/WORKLOAD/STEP` (the time between two tokens) and `ttft_seconds/WORKLOAD/STEP` (the time
to the first). The rate is the one that requests were sent at, which is the same for all variants.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from hubq.cards.charts.chart import Chart
from hubq.cards.charts.figures import Estimate, Rates, Series, Step, estimate, number
from hubq.cards.charts.labels import cut_names, spoken
from hubq.cards.family import Family
from hubq.cards.ledger import Ledger, Shape
from hubq.cards.prose.loads import asked_rate
from hubq.cards.prose.wording import listed
from hubq.cards.speeds import VLLM, bench_measures
from hubq.cards.tables.details import Figures
from hubq.markdown.escaping import escape
from hubq.model.card import Claim
from hubq.model.recipe import BASELINE

NAME = "rates"
MEASURES = {"itl_seconds": "time between tokens", "ttft_seconds": "time to first token"}
"""The latencies that are drawn, by the names of their measures, in words."""

MILLISECONDS = Shape(digits=1, scale=1000, unit="ms")


def rate_charts(family: Family, ledger: Ledger) -> tuple[Chart, ...]:
    """Return a chart for each workload and latency that variants were measured at rates for."""
    found: list[Chart] = []
    for index, workload in enumerate(family.loaded.serving):
        rates = {
            load.step: asked_rate(ledger, index, number, workload)
            for number, load in enumerate(workload.loads)
            if load.rate is not None
        }
        for measure, words in MEASURES.items() if len(rates) > 1 else ():
            series = tuple(
                _series(family, ledger, (name, look), f"{measure}/{workload.name}", rates)
                for look, name in enumerate((BASELINE, *family.published))
            )
            drawn = tuple(one for one in series if one.steps)
            if drawn:
                title, file = f"{words}, workload {workload.name}", f"{NAME}-{len(found) + 1}"
                found.append(rates_chart(drawn, title, unit="ms", name=file))
    return tuple(found)


def rates_chart(series: tuple[Series, ...], measure: str, *, unit: str, name: str) -> Chart:
    """Return a chart of latencies against request rates.

    Args:
        series: the variants; the first is what the others are held against.
        measure: the latency's name.
        unit: of the latencies.
        name: of the files.
    """
    finding = _finding(series, measure)
    return Chart(
        name=name,
        alt=" ".join(filter(None, (finding, cut_names(one.variant for one in series)))),
        caption=f"{_upper(escape(measure))}, in {escape(unit)}, against requests per second"
        f"{', with intervals' if _has_intervals(series) else ''}.",
        drawing=Rates(measure=measure, unit=unit, series=series),
    )


def _series(
    family: Family,
    ledger: Ledger,
    variant: tuple[str, int],
    prefix: str,
    rates: Mapping[str, Claim],
) -> Series:
    """Return the latencies of a variant, by name and look, at the rates it was measured at."""
    name, look = variant
    found = bench_measures(family, name, VLLM)
    steps = tuple(
        Step(rate=number(rate), latency=drawn_estimate(family, ledger, name, tail, MILLISECONDS))
        for step, rate in sorted(rates.items(), key=lambda pair: pair[1].value)
        if (tail := f"{prefix}/{step}") in found
    )
    return Series(variant=name, look=look, steps=steps)


def drawn_estimate(
    family: Family, ledger: Ledger, name: str, measure: str, shape: Shape
) -> Estimate:
    """Enter a measure of a variant's server and its interval, as they are drawn.

    Raises:
        KeyError: it has no such measure.
    """
    found = Figures(family, ledger, VLLM, "drawn").figure(name, measure, shape)
    if found.value.claim is None:
        raise KeyError(measure)
    return estimate(found.value.claim, found.low, found.high)


def _finding(series: Sequence[Series], measure: str) -> str:
    """Return where each variant stands beside the first, as far as the intervals tell."""
    base, others = series[0], series[1:]
    told = [told for other in others if (told := _beside(base, other))]
    if told:
        return f"{_upper(spoken(measure))}: {'; '.join(told)}."
    ends = [f"{spoken(one.variant)} {_last(one)}" for one in series]
    return f"{_upper(spoken(measure))} at the highest rate of each: {listed(ends)}."


def _last(series: Series) -> str:
    step = series.steps[-1]
    return f"{step.latency.value.shown} at {step.rate.shown} requests/s"


def _beside(base: Series, other: Series) -> str:
    """Return at which shared rates a variant is below or above another beyond both intervals."""
    before = {step.rate.value: step.latency for step in base.steps}
    shared = [step for step in other.steps if step.rate.value in before]
    if not shared or not _has_intervals((base, other)):
        return ""
    below = [s.rate.shown for s in shared if s.latency.top < before[s.rate.value].bottom]
    above = [s.rate.shown for s in shared if s.latency.bottom > before[s.rate.value].top]
    one, first = spoken(other.variant), spoken(base.variant)
    parts = []
    for word, rates in (("below", below), ("above", above)):
        if rates:
            where = (
                "every shared rate" if len(rates) == len(shared) else f"{listed(rates)} requests/s"
            )
            parts.append(f"{word} {first} beyond the intervals at {where}")
    if not parts:
        return f"{one} cannot be told from {first} at any shared rate"
    return f"{one} is {' and '.join(parts)}"


def _has_intervals(series: Iterable[Series]) -> bool:
    return all(step.latency.low and step.latency.high for one in series for step in one.steps)


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
