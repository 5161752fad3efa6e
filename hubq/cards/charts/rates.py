"""Latency against request rate as charts, for families whose servers were put under load.

A benchmark stage has, for each workload and each step of its load, the measures
`request_rate/WORKLOAD/STEP` (requests/s) and `itl_seconds/WORKLOAD/STEP` (the time between two
tokens) or `ttft_seconds/WORKLOAD/STEP` (the time to the first).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hubq.cards.charts.chart import Chart
from hubq.cards.charts.figures import Estimate, Rates, Series, Step, estimate, number
from hubq.cards.charts.labels import cut_names, spoken
from hubq.cards.family import Family
from hubq.cards.ledger import Ledger, Shape
from hubq.cards.prose.wording import listed
from hubq.markdown.escaping import escape
from hubq.model.card import Claim
from hubq.model.recipe import BASELINE

NAME = "rates"
MEASURES = {"itl_seconds": "time between tokens", "ttft_seconds": "time to first token"}
"""The latencies that are drawn, by the names of their measures, in words."""

_RATE = Shape(digits=1, unit="requests/s")
_MILLISECONDS = Shape(digits=1, scale=1000, unit="ms")


def rate_charts(family: Family, ledger: Ledger) -> tuple[Chart, ...]:
    """Return a chart for each workload and latency that variants were measured under load for."""
    found: list[Chart] = []
    for workload in family.loaded.workloads.workloads:
        for measure, words in MEASURES.items():
            series = tuple(
                _series(family, ledger, name, look, f"{measure}/{workload.name}")
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


def _series(family: Family, ledger: Ledger, name: str, look: int, prefix: str) -> Series:
    stage, workload = f"bench/{name}", prefix.partition("/")[2]
    result = family.results.get(stage)
    places = {m.name: place for place, m in enumerate(result.measures)} if result else {}
    ends = [key.removeprefix(f"{prefix}/") for key in places if key.startswith(f"{prefix}/")]
    steps = []
    for end in ends:
        rate_name, tail = f"request_rate/{workload}/{end}", f"{prefix}/{end}"
        if rate_name in places:
            rate = ledger.measure(f"{rate_name}.{name}", stage, rate_name, _RATE)
            latency = _latency(ledger, f"{tail}.{name}", stage, places[tail], tail)
            steps.append(Step(rate=number(rate), latency=latency))
    rising = sorted(steps, key=lambda step: step.rate.value)
    return Series(variant=name, look=look, steps=tuple(rising))


def _latency(ledger: Ledger, claim_id: str, stage: str, index: int, name: str) -> Estimate:
    def bound(part: str) -> Claim | None:
        try:
            place = f"/measures/{index}/{part}"
            return ledger.record(f"{claim_id}.{part}", stage, place, _MILLISECONDS)
        except KeyError:
            return None

    value = ledger.measure(claim_id, stage, name, _MILLISECONDS)
    return estimate(value, bound("low"), bound("high"))


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
