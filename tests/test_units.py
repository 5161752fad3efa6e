"""Bytes and seconds read well."""

from __future__ import annotations

from hubq.units import human_duration, human_size
from tests.rows import each_row


@each_row(
    ("seconds", "said"),
    [(0.04, "0.0 s"), (59.9, "59.9 s"), (61, "1 min 01 s"), (7300, "2 h 01 min")],
)
def test_durations_read_well(seconds: float, said: str) -> None:
    assert human_duration(seconds) == said


@each_row(
    ("count", "said"),
    [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (3.2e9, "3.2 GB"), (5e13, "50.0 TB")],
)
def test_sizes_read_well(count: float, said: str) -> None:
    assert human_size(count) == said
