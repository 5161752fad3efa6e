from __future__ import annotations

import pytest

from hubq.audit.rules.broken_html import RULE
from tests.audit.cases import case, findings
from tests.rows import each_row


def table(cell: str) -> str:
    head = f"<table>\n  <tr>\n    {cell}\n    <th>B</th>\n  </tr>\n"
    return f"# Tern\n\n{head}  <tr><td>1</td><td>2</td></tr>\n</table>\n"


@each_row(
    ("cell", "piece"),
    [
        ("<th>Latency (s)th>", "`th>`"),
        ("<th>Latency (s)/th>", "`/th>`"),
        ("<th>Latency (s)</th", "`</th`"),
        ("<th>Latency (s)<th>", "`<th>`"),
    ],
)
def test_a_cell_that_is_not_closed_is_found(cell: str, piece: str) -> None:
    (found,) = findings(RULE, case(table(cell)))
    assert (found.severity, found.line) == ("error", 5)
    assert found.found.startswith(piece)


@pytest.mark.parametrize("name", ["details", "table"])
def test_what_is_opened_and_never_closed_is_found(name: str) -> None:
    (found,) = findings(RULE, case(f"# Tern\n\n<{name}>\n<p>a</p>\n\nMore.\n"))
    assert (found.severity, found.line, found.said) == ("warning", 3, f"<{name}>")


@each_row(
    "text",
    [
        table("<th>Latency (s)</th>"),
        table("<th>x > y</th>"),
        "<p>a<br>b<p>c\n\n<li>one\n<li>two\n",
        "<table><tr><td>1<td>2<tr><td>3<td>4</table>\n",
        "```html\n<th>Latency (s)th>\n<details>\n```\n",
        "Write `<th>Latency (s)th>` and `<details>`.\n",
        "<!-- <table> <th>a</th -->\n\nText.\n",
        "<details><summary>More</summary>\n\n```python\nx\n```\n\n</details>\n",
        "a < b and b > c; <https://example.org>\n",
        '<td align="center">a</td>\n',
        "<s>[INST] b> [/INST]\n",
    ],
)
def test_markup_that_browsers_read_is_left_alone(text: str) -> None:
    assert not findings(RULE, case(text))


@pytest.mark.parametrize(
    "text", ["<" * 90_000, "<th>" * 30_000, "<table>" * 20_000, "<!--" * 20_000]
)
def test_hostile_markup_ends(text: str) -> None:
    findings(RULE, case(f"# Tern\n\n{text}\n"))
