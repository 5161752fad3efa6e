"""Audits: thousands of READMEs on one core, against cmark alone on the same texts.

    python benchmarks/audit.py [--cards 3000] [--pairs 3]

The cards are those that the test suite plants errors in, in the styles of well-known publishers,
each again and again with other names and numbers, so that nothing remembered of one card helps with
the next but the names of benchmarks. What is timed is everything from text to findings: Markdown,
tables, and every rule that needs no more than a README. What cmark's time covers is Markdown to
HTML. What is told is CPU time; memory is what the process holds, after a tenth of the cards and
after all of them.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from cmarkgfm.cmark import Options

from hubq.audit.auditing import audit
from hubq.audit.garbage import looked_for_rarely
from hubq.audit.rule import all_rules
from hubq.markdown.cmark import to_html
from tests.audit.cases import case
from tests.audit.planting import bases

OPTIONS = Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_FOOTNOTES | Options.CMARK_OPT_SOURCEPOS
EXTENSIONS = ("table", "autolink", "strikethrough", "tasklist")
_DIGITS = re.compile(r"(?<=\d\.)\d+")
_OWNER = re.compile(r"\b(?:acme-vl|redquant|thequant|hubquants|torchquant|ggufquant|smoothers)\b")


def main() -> None:
    """Time pairs of both, tell memory, and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cards", type=int, default=3000)
    parser.add_argument("--pairs", type=int, default=3)
    options = parser.parse_args()
    rules = all_rules()
    found = []
    early = 0
    for turn in range(options.pairs):
        cards = made(options.cards, turn)
        tenth = options.cards // 10
        ours = seconds(lambda cards=cards, tenth=tenth: audited(cards[:tenth]))  # type: ignore[misc]
        early = early or resident()
        ours += seconds(lambda cards=cards, tenth=tenth: audited(cards[tenth:]))  # type: ignore[misc]
        plain = seconds(lambda cards=cards: converted(cards))  # type: ignore[misc]
        found.append((ours, plain))
    size = sum(len(text) for _, text in cards) / len(cards)
    ours, plain = (statistics.median(column) for column in zip(*found, strict=True))
    ratios = sorted(mine / other for mine, other in found)
    print(
        f"{options.cards:,} cards of {size:,.0f} characters, {len(rules)} rules: {ours:.1f} s "
        f"({1000 * ours / options.cards:.2f} ms each; budget 10 s for 3,000)"
    )
    print(
        f"cmark alone {plain:.2f} s, {statistics.median(ratios):.1f} times "
        f"({ratios[0]:.1f} to {ratios[-1]:.1f})"
    )
    print(f"memory: {early} MiB after a tenth, {resident()} MiB after {options.pairs} times all")


def made(count: int, turn: int) -> list[tuple[str, str]]:
    """Return so many repos' ids and cards: the tests' own, with other owners and last digits."""
    names = [name for name in bases.BASES if not name.startswith("own-")]
    found = []
    for number in range(count):
        repo = bases.base(names[number % len(names)])
        rng = random.Random(f"{turn} {number}")  # noqa: S311
        owner = f"maker{turn}-{number}"
        text = _OWNER.sub(owner, repo.card)
        text = _DIGITS.sub(lambda one, rng=rng: _other(one[0], rng), text)  # type: ignore[misc]
        found.append((f"{owner}/{repo.model}", text))
    return found


def _other(digits: str, rng: random.Random) -> str:
    """Return digits with the last one exchanged, in scores of two decimals and no others."""
    return f"{digits[0]}{rng.randrange(10)}" if len(digits) == 2 else digits


def audited(cards: list[tuple[str, str]]) -> None:
    """Audit cards as a sweep does."""
    rules = all_rules()
    with looked_for_rarely():
        for repo, text in cards:
            audit(case(text, repo=repo), rules)


def converted(cards: list[tuple[str, str]]) -> None:
    """Make HTML of cards."""
    for _, text in cards:
        to_html(text, OPTIONS, EXTENSIONS)


def seconds(work: Callable[[], None]) -> float:
    """Return the CPU time of a piece of work; what else runs on the machine counts little in it."""
    started = time.process_time()
    work()
    return time.process_time() - started


def resident() -> int:
    """Return MiB that the process holds."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") >> 20


if __name__ == "__main__":
    main()
