"""The page of benchmark sizes: `docs/benchmark-sizes.md`, written from the table of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hubq.evaluate.formats.benchmarks import AMBIGUOUS, TEXT, VISION, Benchmark

_INTRODUCTION = """\
# Benchmark sizes

How many questions well-known benchmarks have. With it a score that was published without its items
gives its count of right answers back, and with that an interval; a score that no count gives is
found. A size is taken as known only where the printed name says which split it is, or where there
is one split that scores are given for. `hubq import table --n TASK=N` goes before.

A score that is a mean of parts of points, or of subjects of different sizes, is no count: its
number of questions is known and nothing is recovered.
"""


def page() -> str:
    """Return the page."""
    parts = [
        _INTRODUCTION,
        "## Vision\n",
        _table(VISION),
        "## Text\n",
        _table(TEXT),
        "## Left out\n",
        "\n".join(f"- **{name}**: {why}." for name, why in AMBIGUOUS.items()),
    ]
    return "\n".join(parts) + "\n"


def _table(benchmarks: Sequence[Benchmark]) -> str:
    return "\n".join(_lines(benchmarks)) + "\n"


def _lines(benchmarks: Sequence[Benchmark]) -> Iterator[str]:
    yield "| Name | Questions | Score | What | Source |"
    yield "|---|---|---|---|---|"
    for one in sorted(benchmarks, key=lambda one: one.name):
        score = "count" if one.what == "count" else "mean"
        yield f"| `{one.name}` | {one.n:,} | {score} | {one.said} | <{one.source}> |"
