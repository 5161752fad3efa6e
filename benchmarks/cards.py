"""Cards: a family's cards and its report, charts aside, against bare Jinja on the same facts.

    python benchmarks/cards.py [--pairs 9]

The family is the test suite's: three published variants and a control, five tasks of 400 items, two
workloads; every file is there as a release leaves it. What hubq's time covers is everything between
results and files: reading them, tables, prose, evidence and templates. Statistics are worked out
once for all cards of a family and kept; the first rendering, which pays for them, is told by
itself. What Jinja's time covers is its rendering of the same templates from facts that are there.
The two take turns; both run on one thread, and what is told is CPU time.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from hubq.cards.facts import CardFacts
from hubq.cards.family import Family
from hubq.cards.gathering import card_facts, report_facts
from hubq.cards.rendering import marked_text, render_card, render_report
from hubq.resources import bundled
from tests.cards.factory import Factory

TEMPLATES = (bundled("card_templates"),)


def main() -> None:
    """Time the first rendering, then pairs, and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=9)
    pairs = parser.parse_args().pairs
    with tempfile.TemporaryDirectory() as folder:
        family = Factory(Path(folder)).everything().family()
        first = seconds(lambda: cards(family))
        facts = facts_of(family)
        found = [
            (seconds(lambda: cards(family)), seconds(lambda: bare(facts))) for _ in range(pairs)
        ]
    ours, jinja = (statistics.median(column) for column in zip(*found, strict=True))
    ratios = sorted(mine / other for mine, other in found)
    print(f"{len(family.published)} cards and the report, first time: {first:.2f} s (budget 1)")
    print(
        f"again: {ours:.3f} s, Jinja alone {jinja:.3f} s, "
        f"{statistics.median(ratios):.1f} times ({ratios[0]:.1f} to {ratios[-1]:.1f})"
    )


def cards(family: Family) -> None:
    """Make every file of a family's cards and report but pictures."""
    for name in family.published:
        render_card(family, name, TEMPLATES, charts=False)
    render_report(family, TEMPLATES, charts=False)


def facts_of(family: Family) -> list[tuple[CardFacts, str]]:
    """Return the facts of every card and of the report, each with its template."""
    template = family.loaded.recipe.card.template
    found = [(card_facts(family, name), template) for name in family.published]
    return [*found, (report_facts(family), "report.md.j2")]


def bare(facts: list[tuple[CardFacts, str]]) -> None:
    """Render the templates alone."""
    for known, template in facts:
        marked_text(known, TEMPLATES, template)


def seconds(work: Callable[[], None]) -> float:
    """Return the CPU time of a piece of work; what else runs on the machine counts little in it."""
    started = time.process_time()
    work()
    return time.process_time() - started


if __name__ == "__main__":
    main()
