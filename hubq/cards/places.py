"""Places: where a card prints each of its claims, so that a changed number can be named."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator

from hubq.cards.charts.chart import Chart
from hubq.markdown.attributes import attribute
from hubq.markdown.blocks import find_blocks
from hubq.model.marks import Spot, unmark

OUTSIDE = ""
"""The name under which places outside blocks stand."""

_NUMBER = re.compile(r"(?<![\w.,])[+\N{MINUS SIGN}]?\d[\d,]*(?:\.\d+)?(?![\w]|[.,]\d)")

Places = dict[str, tuple[tuple[int, str], ...]]


def places_of(marked: str, charts: Iterable[Chart] = ()) -> Places:
    """Return block -> (offset in its text, claim) of every number, in the order of the text.

    Args:
        marked: the card with a mark around each claim (`hubq.model.marks`), sealed as it will be:
            hashes in markers move what stands outside blocks.
        charts: the card's; what their texts for those who cannot see them say is not marked.
    """
    text, spots = unmark(marked)
    blocks = find_blocks(text)
    starts = [block.text_start for block in blocks]
    found: dict[str, list[tuple[int, str]]] = {}
    for spot in sorted([*spots, *_told(text, charts)], key=lambda one: one.start):
        number = bisect_right(starts, spot.start) - 1
        inside = number >= 0 and spot.end <= blocks[number].text_end
        name, start = (blocks[number].name, starts[number]) if inside else (OUTSIDE, 0)
        found.setdefault(name, []).append((spot.start - start, spot.claim))
    return {name: tuple(places) for name, places in found.items()}


def _told(text: str, charts: Iterable[Chart]) -> Iterator[Spot]:
    """Yield the numbers in the texts that stand for charts.

    Where two claims of a chart are printed alike, either is taken: the printed characters are the
    same.
    """
    for chart in charts:
        known = chart.printed
        alt = f'alt="{attribute(chart.alt)}"'
        start = text.find(alt)
        for number in _NUMBER.finditer(alt) if start >= 0 else ():
            claim = known.get(number[0])
            if claim is not None:
                yield Spot(claim=claim, start=start + number.start(), end=start + number.end())
