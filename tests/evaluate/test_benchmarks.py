"""The table of benchmark sizes, and its page."""

from __future__ import annotations

from pathlib import Path

import pytest

from hubq.evaluate.formats.benchmarks import AMBIGUOUS, BENCHMARKS, Benchmark
from hubq.evaluate.formats.known import plain, size_of
from hubq.evaluate.formats.sizes_page import page
from tests.rows import each_row

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmark-sizes.md"


def test_the_page_is_written_from_the_table(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-goldens"):
        PAGE.write_text(page(), encoding="utf-8")
    assert page() == PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("one", BENCHMARKS, ids=lambda one: one.name)
def test_a_benchmark_has_a_source_and_is_found_by_its_names(one: Benchmark) -> None:
    assert one.source.startswith("https://")
    assert one.n > 0
    for name in (one.name, *one.aliases):
        found = size_of(name, {})
        assert found is not None
        assert (found.n, found.what) == (one.n, one.what)


def test_names_are_unique() -> None:
    names = [name for one in BENCHMARKS for name in {plain(one.name), *one.aliases}]
    assert len(names) == len(set(names))


@each_row("name", sorted(AMBIGUOUS))
def test_ambiguous_names_have_no_size(name: str) -> None:
    assert size_of(name, {}) is None


@each_row(
    ("task", "n"),
    [
        ("GPQA (diamond)", 198),
        ("MMLU (humanities)", None),
        ("GPQA Diamond", 198),
        ("MMLU-Pro (CoT)", 12032),
        ("MATH Lvl 5 (4-shot)", 1324),
        ("MATH-500", 500),
        ("OpenBookQA (10-shot)", 500),
        ("MMBench_TEST_EN", 1784),
        ("TruthfulQA (0-shot)", 817),
    ],
)
def test_printed_names_are_read(task: str, n: int | None) -> None:
    found = size_of(task, {})
    assert (found.n if found else None) == n
