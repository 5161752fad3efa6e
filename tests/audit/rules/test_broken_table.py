from __future__ import annotations

import pytest

from hubq.audit.rules.broken_table import RULE
from tests.audit.cases import case, findings
from tests.rows import each_row


def test_a_row_whose_last_cell_is_not_shown_is_found() -> None:
    (found,) = findings(RULE, case("# X\n\n| A | B |\n|---|---|\n| 1 | 2 |\n| 1 | 2 | 3 |\n"))
    assert (found.severity, found.line) == ("error", 6)
    assert "'3' is not shown" in found.found


def test_a_table_that_is_shown_as_text_is_found() -> None:
    (found,) = findings(RULE, case("# X\n\n| A | B | C |\n|---|---|\n| 1 | 2 | 3 |\n"))
    assert (found.severity, found.line) == ("error", 4)
    assert "2 columns" in found.found


@each_row(
    "text",
    [
        "| A | B |\n|---|:-:|\n| 1 | 2 |\n| 3 |\n",
        "A | B\n--|--\n1 | 2\n",
        "| A | B |\n|---|---|\n| a \\| b | 2 |\n",
        "| A | B |\n|---|---|\n| 1 | 2 |  |\n",
        "```\n| A |\n|---|\n| 1 | 2 |\n```\n",
        "| A | B |\n|---|---|\n| 1 | 2 |\n\na | b | c | d\n",
        "| A | B |\n|---|---|\n| 1 | 2 |\n- x | y | z\n",
        "Yes | no\n\n---\n",
    ],
)
def test_tables_that_are_shown_whole_are_left_alone(text: str) -> None:
    assert not findings(RULE, case(f"# X\n\n{text}"))


@pytest.mark.parametrize("text", ["|" * 90_000, "|-" * 45_000, "|a|\n|-|\n" * 10_000])
def test_hostile_tables_end(text: str) -> None:
    findings(RULE, case(f"# X\n\n{text}\n"))
