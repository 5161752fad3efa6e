"""Goldens: the published numbers of the pages that hubq is measured by, as it reports them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.cards.published.reports import QWEN3_SIZES, files_of, kept, text_of

Golden = Callable[[str, str], None]


@pytest.mark.parametrize(
    ("page", "sizes"),
    [
        ("qwen2-vl.md", {}),
        ("red-hat.html", {"MMMU": 900, "ChartQA": 2500}),
        ("speed-ups.md", {}),
        ("vlmq.md", {}),
        ("qwen3.md", QWEN3_SIZES),
    ],
)
def test_a_report_is_what_it_was(golden: Golden, page: str, sizes: dict[str, int]) -> None:
    golden(f"published/{page.rpartition('.')[0]}.md", text_of(kept(page, sizes)))


def test_the_same_tables_give_the_same_bytes() -> None:
    assert files_of(kept("vlmq.md")) == files_of(kept("vlmq.md"))
