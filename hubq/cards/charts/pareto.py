"""The Pareto front as a chart: score against speed and against the size of the weights."""

from __future__ import annotations

from collections.abc import Sequence

from hubq.cards.charts.chart import Chart
from hubq.cards.charts.figures import Estimate, Front, Place, estimate
from hubq.cards.charts.labels import cut_names, spoken
from hubq.cards.family import Family
from hubq.cards.ledger import LEVEL, PERCENT, Ledger, Shape
from hubq.cards.prose.wording import listed
from hubq.cards.tables.speed import SPEED
from hubq.markdown.escaping import escape
from hubq.model.card import Claim
from hubq.model.recipe import BASELINE

NAME = "pareto"
_GIGABYTE, _MEGABYTE = 1e9, 1e6


def pareto_of(family: Family, ledger: Ledger) -> Chart | None:
    """Return the baseline and the published variants by score, speed and size.

    None when fewer than two of them have a score and a size. Where fewer than two have a speed,
    score and size alone are drawn. Controls are left out, and put nobody off the front.
    """
    shown = (BASELINE, *family.published)
    entries = {
        entry["name"]: (index, entry)
        for index, entry in enumerate(ledger.document["pareto"])
        if entry["name"] in shown
    }
    if len(entries) < 2:
        return None
    largest = max(entry["axes"]["bytes"]["value"] for _, entry in entries.values())
    scale, unit = (_GIGABYTE, "GB") if largest >= _GIGABYTE else (_MEGABYTE, "MB")
    size = Shape(digits=2, scale=1 / scale, unit=unit)
    places = tuple(
        Place(
            variant=name,
            look=shown.index(name),
            score=_axis(ledger, name, index, "score", PERCENT),
            weights=_axis(ledger, name, index, "bytes", size),
            speed=_axis(ledger, name, index, "speed", SPEED) if "speed" in entry["axes"] else None,
            beaten_by=tuple(other for other in entry["dominated_by"] if other in entries),
        )
        for name, (index, entry) in entries.items()
    )
    workload = family.loaded.workloads.workloads[0].name
    without = [name for name in shown if name not in entries]
    level = ledger.own("level", "/level", LEVEL)
    return front_chart(places, unit=unit, workload=workload, level=level, without=without)


def front_chart(
    places: tuple[Place, ...],
    *,
    unit: str,
    workload: str,
    level: Claim,
    without: Sequence[str] = (),
    name: str = NAME,
) -> Chart:
    """Return a chart of variants by what they are judged by.

    Args:
        places: the variants; all of them with a speed, or none.
        unit: of the sizes.
        workload: what speed was measured under.
        level: of the intervals, in percent.
        without: variants that have no place.
        name: of the files.
    """
    timed = all(place.speed for place in places)
    cut = cut_names(place.variant for place in places)
    return Chart(
        name=name,
        alt=" ".join(filter(None, (_finding(places, timed=timed), cut))),
        caption=_caption(workload if timed else "", level, without),
        drawing=Front(places=places, unit=unit),
    )


def _axis(ledger: Ledger, name: str, index: int, axis: str, shape: Shape) -> Estimate:
    def own(part: str) -> Claim | None:
        return ledger.maybe(f"pareto_{axis}_{part}.{name}", f"{place}/{part}", shape)

    place = f"/pareto/{index}/axes/{axis}"
    value = ledger.own(f"pareto_{axis}.{name}", f"{place}/value", shape)
    return estimate(value, own("low"), own("high"))


def _finding(places: Sequence[Place], *, timed: bool) -> str:
    """Return who stands on the front and who is beaten by whom."""
    by = "score, speed and size of weights" if timed else "score and size of weights"
    beaten = [place for place in places if place.beaten_by]
    if not beaten:
        return f"By {by} together, no variant is beaten by another beyond noise."
    front = listed(spoken(place.variant) for place in places if not place.beaten_by)
    told = "; ".join(
        f"{spoken(place.variant)} by {listed(spoken(name) for name in place.beaten_by)}"
        for place in beaten
    )
    return f"On the Pareto front by {by}: {front}. Beaten beyond noise: {told}."


def _caption(workload: str, level: Claim, without: Sequence[str]) -> str:
    """Return what is drawn, as Markdown; `workload` is empty when there is no speed."""
    against = f"speed (workload {escape(workload)}) and " if workload else ""
    axes = f"{against}size of the weights"
    parts = [
        f"Mean score over all tasks against {axes}, with {level} % intervals.",
        "Filled: on the Pareto front, where no other is better beyond noise.",
    ]
    if not workload:
        parts.append("Speed is not looked at: fewer than two variants have one.")
    if without:
        names = listed(escape(spoken(name)) for name in without)
        parts.append(f"Not drawn, since a score, a size or a speed is missing: {names}.")
    return " ".join(parts)
