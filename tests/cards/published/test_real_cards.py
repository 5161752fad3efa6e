"""The tables of real cards go through the report: no traceback, and what is printed parses back."""

from __future__ import annotations

from pathlib import Path

import pytest

from hubq.errors import BadInput
from tests.cards.pages import uneven_tables
from tests.cards.published.reports import files_of, source_of

CARDS = Path(__file__).parents[4] / "shared" / "cards"


@pytest.mark.skipif(not CARDS.is_dir(), reason="the real cards are not part of the repository")
def test_tables_of_real_cards_are_reported() -> None:
    reported = 0
    for path in sorted(CARDS.rglob("*.md"))[::5]:
        try:
            source = source_of(path.read_text(encoding="utf-8"), path.name)
        except BadInput:
            continue
        text = files_of(source)["report.md"].decode()
        assert uneven_tables(text) == [], path.name
        reported += 1
    assert reported > 8
