from __future__ import annotations

import re
from pathlib import Path

from hubq.cards.family import Family
from hubq.cards.rendering import render_card, render_report
from tests.cards.factory import Factory

SECTIONS = [
    "Sensitivity",
    "GPTQ-Int4 or AWQ",
    "Relative loss",
    "Ranking",
    "Methods",
    "What answering took",
    "Speed-ups",
]


def headings(text: str) -> list[str]:
    block = text.partition("<!-- hubq:begin tables")[2].partition("<!-- hubq:end tables")[0]
    return re.findall(r"^### (.+)$", block, flags=re.MULTILINE)


def test_tables_stand_under_small_headings(family: Family, templates: tuple[Path, ...]) -> None:
    text = render_card(family, "AWQ", templates, charts=False)["README.md"].decode()
    assert headings(text) == SECTIONS


def test_the_report_has_them_too(family: Family, templates: tuple[Path, ...]) -> None:
    text = render_report(family, templates, charts=False)["report.md"].decode()
    places = [text.index(f"### {title}\n") for title in SECTIONS]
    assert places == sorted(places)


def test_what_has_nothing_to_show_has_no_heading(
    tmp_path: Path, templates: tuple[Path, ...]
) -> None:
    factory = Factory(tmp_path)
    factory.quantize("AWQ")
    text = render_card(factory.family(), "AWQ", templates, charts=False)["README.md"].decode()
    assert headings(text) == []


def test_a_family_of_one_variant_has_no_ranks_and_no_margins(
    tmp_path: Path, templates: tuple[Path, ...]
) -> None:
    factory = Factory(tmp_path)
    factory.quantize("AWQ")
    for name in ("BF16", "AWQ"):
        factory.score(name, "NanoMath_MINI")
    text = render_card(factory.family(), "AWQ", templates, charts=False)["README.md"].decode()
    assert headings(text) == ["Sensitivity", "Relative loss"]
