"""Made-up charts, for pictures that no family of the tests would give."""

from __future__ import annotations

import random
from collections.abc import Sequence

from hubq.cards.charts.chart import Chart
from hubq.cards.charts.figures import (
    Band,
    Curve,
    Deltas,
    Drawing,
    Estimate,
    Front,
    Number,
    Place,
    Rates,
    Row,
    Saturation,
    Series,
    Step,
    Turn,
)
from hubq.model.card import Claim

HOSTILE = (
    "Qwen2.5-VL-72B-Instruct-quantized-GPTQ-Int4-desc-act-g128-mse",
    "a $x_1^2$ \\frac 100% \u202eevil\u202c \U0001f600 <b>&'\"`|",
    "W" * 5_000,
    "名字很长的变体",
    "two\nlines\tand \x00\x07 controls \ud800",
    "",
    "-->",
)


def claim(value: float, claim_id: str = "c", digits: int = 2) -> Claim:
    return Claim(
        id=claim_id,
        shown=f"{value:+.{digits}f}",
        value=value,
        unit="points",
        key="self",
        file="comparison.json",
        pointer="/x",
        sha256="0" * 64,
    )


def num(value: float) -> Number:
    return Number(value=value, shown=f"{value:.2f}", claim=f"c{value}")


def est(value: float, half: float = 0.0) -> Estimate:
    if not half:
        return Estimate(value=num(value))
    return Estimate(value=num(value), low=num(value - half), high=num(value + half))


def bands(
    variants: Sequence[str], tasks: Sequence[str], *, half: float = 1.0, sure: float = 99.0
) -> tuple[Band, ...]:
    """Return made-up differences, significant where they are larger than `sure`."""
    draw = random.Random(7)  # noqa: S311 - made-up data
    found = []
    for task in tasks:
        rows = []
        for look, variant in enumerate(variants, 1):
            delta = draw.gauss(-1, 2)
            rows.append(
                Row(variant=variant, look=look, delta=est(delta, half), sure=abs(delta) > sure)
            )
        found.append(Band(task=task, rows=tuple(rows), margin=num(1.0)))
    return tuple(found)


def place(variant: str, look: int, score: float, *, beaten_by: tuple[str, ...] = ()) -> Place:
    return Place(
        variant=variant,
        look=look,
        score=est(score, 1.5),
        weights=est(10.0 - look),
        speed=est(30.0 + 5 * look, 1.0),
        beaten_by=beaten_by,
    )


def series(variant: str, look: int, factor: float, half: float = 0.5) -> Series:
    steps = tuple(
        Step(rate=num(rate), latency=est(factor * (10 + rate * rate / 6), half))
        for rate in (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
    )
    return Series(variant=variant, look=look, steps=steps)


def curve(variant: str, look: int, factor: float, half: float = 0.5) -> Curve:
    turns = tuple(
        Turn(
            load=f"{load} at a time",
            throughput=est(100 * load / (1 + load / 8) / factor, 2 * half),
            latency=est(factor * (10 + load * load / 6), half),
        )
        for load in (1, 2, 4, 8, 16)
    )
    return Curve(variant=variant, look=look, turns=turns)


def chart(drawing: Drawing) -> Chart:
    return Chart(name="made-up", alt="What it finds.", caption="", drawing=drawing)


def hostile_charts() -> tuple[Chart, ...]:
    """Return a chart of each kind whose every name is hostile."""
    places = tuple(place(name, look, 70.0 + look) for look, name in enumerate(HOSTILE))
    lines = tuple(series(name, look, 1.0 + look) for look, name in enumerate(HOSTILE))
    curves = tuple(curve(name, look, 1.0 + look) for look, name in enumerate(HOSTILE))
    return (
        chart(Deltas(baseline=HOSTILE[1], bands=bands(HOSTILE, HOSTILE[1:3]))),
        chart(Front(places=places, unit="GB")),
        chart(Rates(measure=HOSTILE[1], unit="ms", series=lines)),
        chart(Saturation(measure=HOSTILE[1], unit="ms", curves=curves)),
    )
