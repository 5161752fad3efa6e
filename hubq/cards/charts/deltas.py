"""Differences from the baseline as a chart: each task's variants with their intervals."""

from __future__ import annotations

from collections.abc import Sequence

from hubq.cards.charts.chart import Chart
from hubq.cards.charts.figures import Band, Deltas, Row, estimate, number
from hubq.cards.charts.labels import cut_names, spoken
from hubq.cards.family import Family
from hubq.cards.footnotes import state_word
from hubq.cards.ledger import LEVEL, Ledger
from hubq.cards.prose.wording import listed
from hubq.cards.tables.scores import Difference, differences
from hubq.markdown.escaping import escape
from hubq.model.card import CellState, Claim
from hubq.model.recipe import BASELINE

NAME = "deltas"
_MANY = 6
"""So many losses are told one by one; of more, only the largest is told with its number."""


def deltas_of(family: Family, ledger: Ledger) -> Chart | None:
    """Return the published variants' differences from the baseline; none when there are none.

    Controls are left out: their damage is meant to be large, and would flatten the rest.
    """
    found = {name: differences(family, ledger, name) for name in family.published}
    looks = {name: look for look, name in enumerate(family.published, 1) if found[name]}
    tasks = {d.task: d for several in found.values() for d in several}
    bands = tuple(
        Band(
            task=task.name,
            rows=tuple(_row(family, task.name, name, looks[name], found[name]) for name in looks),
            margin=number(tasks[task.name].margin),
            floor=tasks[task.name].floor,
        )
        for task in family.tasks
        if task.name in tasks
    )
    without = [name for name in family.published if name not in looks]
    level = ledger.own("level", "/level", LEVEL)
    return deltas_chart(bands, baseline=BASELINE, level=level, without=without)


def deltas_chart(
    bands: tuple[Band, ...],
    *,
    baseline: str,
    level: Claim | None = None,
    without: Sequence[str] = (),
    name: str = NAME,
) -> Chart | None:
    """Return a chart of differences in points; none when there is nothing to draw.

    Args:
        bands: the tasks.
        baseline: what the differences are from.
        level: of the intervals, in percent; none when the differences have no intervals, as those
            of published tables.
        without: variants that nothing is known of.
        name: of the files.
    """
    if not any(row.delta for band in bands for row in band.rows):
        return None
    tested = level is not None
    drawn = [*(band.task for band in bands), *(row.variant for band in bands for row in band.rows)]
    finding = _finding(bands, baseline) if tested else _untested(bands, baseline)
    return Chart(
        name=name,
        alt=" ".join(filter(None, (finding, cut_names(drawn)))),
        caption=_caption(bands, baseline, level, without),
        drawing=Deltas(baseline=baseline, bands=bands, tested=tested),
    )


def _row(family: Family, task: str, name: str, look: int, found: Sequence[Difference]) -> Row:
    for difference in found:
        if difference.task == task:
            return Row(
                variant=name,
                look=look,
                delta=estimate(difference.delta, difference.low, difference.high),
                sure=difference.verdict in ("loss", "gain"),
            )
    stage = f"score/{name}/{task}"
    is_scored = stage in family.results
    state = CellState.NOT_COMPARABLE if is_scored else family.gap(stage).state
    return Row(variant=name, look=look, delta=None, state=state_word(state))


def _marks(bands: Sequence[Band]) -> list[tuple[str, Row]]:
    return [(band.task, row) for band in bands for row in band.rows if row.delta]


def _delta(row: Row) -> float:
    return row.delta.value.value if row.delta else 0.0


def _finding(bands: Sequence[Band], baseline: str) -> str:
    """Return what the chart shows, from the tests and intervals and never from points alone."""
    marks = _marks(bands)
    losses = [(task, row) for task, row in marks if row.sure and _delta(row) < 0]
    gains = [(task, row) for task, row in marks if row.sure and _delta(row) > 0]
    parts = []
    if losses:
        parts.append(f"Significant losses against {spoken(baseline)}: {_told(losses)}.")
    else:
        lowest = min(marks, key=lambda mark: mark[1].delta.bottom if mark[1].delta else 0.0)
        none = f"No variant loses significantly against {spoken(baseline)} on any task"
        parts.append(f"{none}{_least(lowest)}.")
    if gains:
        parts.append(f"Significantly above it, and suspect until explained: {_told(gains)}.")
    elif losses and len(losses) < len(marks):
        parts.append("No other difference is significant.")
    return " ".join(parts)


def _least(mark: tuple[str, Row]) -> str:
    """Return how large a loss is still possible: the lowest end of an interval."""
    task, row = mark
    if row.delta is None or row.delta.low is None:
        return ""
    place = f"{spoken(row.variant)} on {spoken(task)}"
    return f"; the lowest interval begins at {row.delta.low.shown} points ({place})"


def _told(marks: Sequence[tuple[str, Row]]) -> str:
    if len(marks) <= _MANY:
        return "; ".join(_one(*mark) for mark in marks)
    tasks: dict[str, list[str]] = {}
    for task, row in marks:
        tasks.setdefault(spoken(row.variant), []).append(spoken(task))
    largest = max(marks, key=lambda mark: abs(_delta(mark[1])))
    groups = "; ".join(f"{variant} on {listed(names)}" for variant, names in tasks.items())
    return f"{groups}; the largest is {_one(*largest)}"


def _one(task: str, row: Row) -> str:
    place = f"{spoken(row.variant)} on {spoken(task)}"
    if row.delta is None:
        return place
    told = f"{place} {row.delta.value.shown} points"
    if row.delta.low is None or row.delta.high is None:
        return told
    return f"{told} (interval {row.delta.low.shown} to {row.delta.high.shown})"


def _untested(bands: Sequence[Band], baseline: str) -> str:
    """Return what differences without intervals show: their range, and that it proves nothing."""
    marks = sorted(_marks(bands), key=lambda mark: _delta(mark[1]))
    ends = [_one(*marks[0])] + ([_one(*marks[-1])] if len(marks) > 1 else [])
    span = f"from {ends[0]} to {ends[1]}" if len(ends) > 1 else ends[0]
    return (
        f"Differences from {spoken(baseline)} as printed, {span}; without the items "
        "nobody can say which of them are more than chance."
    )


def _caption(
    bands: Sequence[Band], baseline: str, level: Claim | None, without: Sequence[str]
) -> str:
    """Return what is drawn, as Markdown."""
    if level is None:
        head = f"Differences from {escape(baseline)} in points, as printed, without intervals."
    else:
        head = (
            f"Differences from {escape(baseline)} in points with their {level} % intervals; "
            "filled where significant after Holm's correction."
        )
    parts = [head]
    if any(band.margin for band in bands):
        parts.append("Shaded: losses within the declared margin.")
    if without:
        names = listed(escape(spoken(name)) for name in without)
        parts.append(f"Not drawn, since nothing of it could be compared: {names}.")
    return " ".join(parts)
