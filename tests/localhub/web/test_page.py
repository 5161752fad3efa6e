from __future__ import annotations

from hubq.localhub.web.page import day_text, moment_text, size_text
from tests.rows import each_row


@each_row(
    ("size", "text"),
    [(0, "0 Bytes"), (999, "999 Bytes"), (1560, "1.56 kB"), (2_500_000, "2.5 MB"), (5e9, "5 GB")],
)
def test_sizes_are_written_in_decimal_units(size: int, text: str) -> None:
    assert size_text(size) == text


def test_dates_are_written_for_people() -> None:
    assert day_text("2026-11-01T08:19:00.000000Z") == "1 Nov 2026"
    assert moment_text("2026-11-21T08:19:00.000000Z") == "21 Nov 2026, 08:19 UTC"
