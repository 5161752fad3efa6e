from __future__ import annotations

import pytest

from hubq.audit.rules.promised_lengths import RULE
from tests.audit.cases import case, findings
from tests.rows import each_row

TABLE = """
| Input Length | Model | Tokens/s |
|---|---|---|
| 1 | BF16 | 35.1 |
| 6144 | BF16 | 36.2 |
| 14336 | BF16 | 36.0 |
"""
WIDE = "\n| Input length | 1 | 6144 | 14336 |\n|---|---|---|---|\n| BF16 | 35.1 | 36.2 | 36.0 |\n"


@pytest.mark.parametrize("table", [TABLE, WIDE])
def test_lengths_that_no_table_shows_are_found(table: str) -> None:
    text = "We test with input lengths of 1, 6144, 14336, 63488, and 129024 tokens."
    (found,) = findings(RULE, case(f"# Tern\n\n- {text}\n{table}"))
    assert (found.severity, found.line) == ("warning", 3)
    assert "63488 and 129024" in found.found
    assert "show 1, 6144 and 14336" in found.found


def test_a_promise_that_limits_itself_is_info() -> None:
    text = "Input lengths of 1, 6144 and 63488 tokens (>32k only for the large model)."
    (found,) = findings(RULE, case(f"# Tern\n\n{text}\n{TABLE}"))
    assert found.severity == "info"


@each_row(
    "text",
    [
        "We test with input lengths of 1, 6,144, and 14,336 tokens.",
        "It supports context lengths of 8192, 16384 and 32768 tokens.",
        "Seeds 1, 2 and 3 were used at each length.",
        "Lengths are 1, 6144.",
    ],
)
def test_promises_that_are_kept_and_other_lists_are_left_alone(text: str) -> None:
    assert not findings(RULE, case(f"# Tern\n\n{text}\n{TABLE}"))


def test_a_card_without_tables_promises_nothing() -> None:
    assert not findings(RULE, case("# Tern\n\nInput lengths of 1, 6144 and 63488 tokens.\n"))


@pytest.mark.parametrize(
    "text", ["length " + "1, " * 30_000, "length " + "1" * 90_000, "1,1" * 30_000]
)
def test_hostile_text_ends(text: str) -> None:
    findings(RULE, case(f"# Tern\n\n{text}\n{TABLE}"))
