"""Pictures of published differences, without intervals: there are no items to have them from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from hubq.cards.charts.chart import Chart
from hubq.cards.charts.deltas import deltas_chart
from hubq.cards.charts.figures import Band, Row, estimate
from hubq.cards.prose.wording import listed
from hubq.cards.published.notebook import outside
from hubq.cards.published.sheets import Block, Sheet
from hubq.cards.published.telling import MOST_CHANGED, Tell
from hubq.model.marks import without_signs

#: A picture of more tasks is too tall to be taken in; the table has them all.
_MOST_TASKS = 10


def delta_charts(sheet: Sheet, told: Mapping[str, Sequence[Tell]]) -> tuple[Chart, ...]:
    """Return a chart for each block of which something can be told.

    Args:
        sheet: a table of scores.
        told: path of a block -> what can be told of its differences.
    """
    found = []
    for number, block in enumerate(sheet.blocks, start=1):
        own = told.get(block.path, ())
        tasks = tuple(dict.fromkeys(one.task for one in own))
        if any(one.kind != "unknown" for one in own) and len(tasks) <= _MOST_TASKS:
            bands = tuple(_band(block, task, own) for task in tasks)
            name = f"deltas-{sheet.number}-{number}"
            chart = deltas_chart(bands, baseline=without_signs(block.baseline), name=name)
            found += [_told(chart, block, own)] if chart is not None else []
    return tuple(found)


def _told(chart: Chart, block: Block, told: Sequence[Tell]) -> Chart:
    """Return a chart that says whose it is, and what in it is more than chance."""
    title = without_signs(block.title)
    base = without_signs(block.baseline)
    sure = listed(
        f"{without_signs(one.second)} on {without_signs(one.task)} ({one.delta.shown} points)"
        for one in told
        if one.kind == "decided"
    )
    said = (
        f"More than chance even if {100 * MOST_CHANGED:.0f} % of the answers changed: {sure}."
        if sure
        else "None of them is certain to be more than chance."
    )
    whose = f"{title}: differences" if title else "Differences"
    caption = f"{outside(title)}: {chart.caption}" if title else chart.caption
    alt = f"{whose} from {base} in points, as printed. {said}"
    return msgspec.structs.replace(chart, alt=alt, caption=caption)


def _band(block: Block, task: str, told: Sequence[Tell]) -> Band:
    known = {one.second: one for one in told if one.task == task}
    others = [line.name for line in block.variants if line.name != block.baseline]
    rows = []
    for look, name in enumerate(others, start=1):
        one = known.get(name)
        place = block.cells.get((name, task))
        rows.append(
            Row(
                variant=without_signs(name),
                look=look,
                delta=estimate(one.delta) if one is not None else None,
                state=without_signs(place.found.state) if one is None and place else "",
            )
        )
    return Band(task=without_signs(task), rows=tuple(rows))
