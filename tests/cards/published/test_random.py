"""Tables drawn at random: whatever a page holds, there is a report and its tables are whole."""

from __future__ import annotations

import random
from html import escape

import pytest

from hubq.cards.published.rendering import render_published
from hubq.errors import BadInput
from tests.cards.pages import uneven_tables
from tests.cards.published.reports import TEMPLATES, VERSION, source_of
from tests.rows import some

NAMES = [
    *("BF16", "AWQ", "GPTQ-Int4", "W4A16", "Float", "x|y", "<b>z</b>", "{{ 1 }}", "**q**", "a/b"),
    *("Avg", "Overall", "Recovery", "Δ", "Speed", "GPU Memory(GB)", "Wall time", "ms / item"),
    *("Speed vs FQ", "Requests/s", "MMMU_VAL", "GSM8K", "", "†", "A†", "Model", "Input Length"),
    *("a − b", "LI Ratio", "GPU Num", "`", "&lt;", "long " * 20),
]
CELLS = [
    *("41.88", "39.22 (−2.66)", "0.46", "OOM1", "running²", "(suspect)", "—", "", "1.9x", ">2.2x"),
    *("1.3–1.7x", "2h 3 min", "9 140", "1e308", "-0", "100%", "0%", "1/2", "0.416 / 0.432"),
    *("9" * 40, "1e-12", "5 ± 2", "nan", "<3", "−5.5 pts", "3.02× slower", "7 GB", "text"),
]


def _cell(draw: random.Random) -> str:
    return draw.choice(CELLS) if draw.random() < 0.5 else f"{draw.uniform(0, 100):.2f}"


def _markdown(draw: random.Random) -> str:
    width, height = draw.randint(2, 8), draw.randint(1, 9)
    rows = [[draw.choice(NAMES) for _ in range(width)], ["---"] * width]
    for _ in range(height):
        labels = draw.choice([1, 1, 1, 2])
        names = [draw.choice(NAMES) for _ in range(labels)]
        rows.append([*names, *(_cell(draw) for _ in range(width - labels))])
    lines = [f"| {' | '.join(text.replace('|', chr(92) + '|') for text in row)} |" for row in rows]
    return "\n".join([f"## {draw.choice(NAMES)}", "", *lines, "", "1 why", "", "† why", "", ""])


def _html(draw: random.Random) -> str:
    width, height = draw.randint(2, 8), draw.randint(1, 9)
    rows = []
    for row in range(height + 1):
        cells = [
            f"<td{draw.choice(['', '', '', ' rowspan=2', ' colspan=3'])}>"
            f"{escape(draw.choice(NAMES) if not row or not column else _cell(draw))}</td>"
            for column in range(width)
        ]
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table>{''.join(rows)}</table>\n\n"


@pytest.mark.parametrize("seed", some(range(4), 2))
def test_tables_drawn_at_random_are_reported(seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 - no secret is drawn
    reported = 0
    for _ in range(12):
        page = "".join(draw.choice([_markdown, _html])(draw) for _ in range(2))
        sizes = {"GSM8K": 200, "MMMU_VAL": 900} if draw.random() < 0.5 else {}
        try:
            source = source_of(page, sizes=sizes)
        except BadInput:
            continue
        files = render_published("page", (source,), TEMPLATES, VERSION, charts=False)
        assert uneven_tables(files["report.md"].decode()) == []
        assert "<b>z" not in files["report.html"].decode()
        reported += 1
    assert reported > 8
