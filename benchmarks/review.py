"""Review: what an audit of real cards finds, a row each, beside what a reader said of it.

    hubq audit ../shared/cards --offline --format json > found.json
    python benchmarks/review.py found.json docs/audit-review.md

Labels that the page has already are kept, by rule, card, line and what is said; a new finding is
`unread` until somebody has read the card there and writes `true` or `false` in its row.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

HEAD = """# Audit review

Every finding of `hubq audit` on the real cards that the project keeps outside of this repo: 83
READMEs as they stood on the Hub in December 2024, one repo's small files, a README of GitHub and an
excerpt of one more. Each was read once. *True*: what the finding says is so. *False*: it is not, or
the card says itself why it is no defect. Findings that a key is missing were held against the front
matter by a script, all others against the card by eye. This page is made by `benchmarks/review.py`;
labels are written by hand.

Of the first run, with 330 findings, one was false and led to a change of its rule: `snippet-syntax`
called code wrong that its card announces as pseudo-code.
"""
_ROW = re.compile(r"^\| `(?P<rule>[\w-]+)` \| (?P<rest>.*) \|$")


def main() -> None:
    """Write the page again, with the labels it had."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("found", type=Path)
    parser.add_argument("page", type=Path)
    options = parser.parse_args()
    labels = labels_of(options.page.read_text(encoding="utf-8")) if options.page.exists() else {}
    report = json.loads(options.found.read_text(encoding="utf-8"))
    rows = [
        (one["rule"], one["severity"], card_of(repo["name"]), str(one.get("line", 0)), short(one))
        for repo in report["audited"]
        for one in repo["findings"]
    ]
    options.page.write_text(page(sorted(rows), labels, len(report["audited"])), encoding="utf-8")


def labels_of(text: str) -> dict[tuple[str, ...], str]:
    """Return what a page says of each finding: rule, card, line and words -> label."""
    found: dict[tuple[str, ...], str] = {}
    for line in text.splitlines():
        row = _ROW.match(line)
        cells = row["rest"].split(" | ") if row else []
        if row and len(cells) == 5:
            _, card, number, words, label = cells
            found[row["rule"], card, number, words] = label
    return found


def card_of(name: str) -> str:
    """Return a card's own file name, without its folder and ending."""
    parts = [part for part in name.split("/") if part != "README.md"]
    return parts[-1].removesuffix(".md")


def short(one: dict[str, Any]) -> str:
    """Return the first words of what a finding is about."""
    text = one.get("said") or one["found"]
    text = " ".join(re.sub(r"[|`<>\[\]*\\]|https?://", " ", text).split())
    return text if len(text) <= 40 else f"{text[:39]}…"


def page(rows: list[tuple[str, ...]], labels: dict[tuple[str, ...], str], cards: int) -> str:
    """Return the page: precision by severity and by rule, then every finding."""
    said = [(*row, labels.get((row[0], row[2], row[3], row[4]), "unread")) for row in rows]
    parts = [HEAD, f"{len(said)} findings on {cards} cards.\n"]
    parts += _shares("Severity", [(row[1], row[5]) for row in said])
    parts += _shares("Rule", [(f"`{row[0]}`", row[5]) for row in said])
    parts += ["## Findings\n", "| Rule | Severity | Card | Line | About | Label |"]
    parts += ["|:--|:--|:--|--:|:--|:--|"]
    parts += [f"| `{row[0]}` | {' | '.join(row[1:])} |" for row in said]
    return "\n".join(parts) + "\n"


def _shares(name: str, pairs: list[tuple[str, str]]) -> list[str]:
    every = Counter(key for key, _ in pairs)
    true = Counter(key for key, label in pairs if label == "true")
    false = Counter(key for key, label in pairs if label == "false")
    rows = [
        f"| {key} | {count} | {true[key]} | {false[key]} | {_percent(true[key], false[key])} |"
        for key, count in sorted(every.items())
    ]
    total = (len(pairs), sum(true.values()), sum(false.values()))
    rows.append(f"| **All** | {total[0]} | {total[1]} | {total[2]} | {_percent(*total[1:])} |")
    head = [f"| {name} | Findings | True | False | Precision |", "|:--|--:|--:|--:|--:|"]
    return [*head, *rows, ""]


def _percent(true: int, false: int) -> str:
    return f"{100 * true / (true + false):.1f} %" if true + false else "–"


if __name__ == "__main__":
    main()
