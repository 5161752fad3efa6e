from __future__ import annotations

from hubq.audit.rules.promised_benchmark import RULE
from tests.audit.cases import case, findings
from tests.rows import each_row

TABLE = (
    "\n| Model | MMLU (5-shot) | GSM-8K | ARC-C |\n|---|---|---|---|\n| A | 60.1 | 50.2 | 40.3 |\n"
)


def test_a_benchmark_that_no_table_shows_is_found() -> None:
    text = "It was evaluated on MMLU, GSM8K,\nARC-Challenge and IFEval."
    (found,) = findings(RULE, case(f"# X\n\n{text}\n{TABLE}"))
    assert (found.severity, found.line, found.column) == ("warning", 4, 19)
    assert "promises IFEval, and no table shows it; the other 3" in found.found


@each_row(
    "text",
    [
        "It was evaluated on MMLU, GSM8K and ARC-Challenge.",
        "It was trained on MMLU, GSM8K, ARC-Challenge and IFEval and evaluated elsewhere.",
        "It reaches state-of-the-art results on MMLU, GSM8K, ARC-C, IFEval.",
        "It was evaluated on IFEval, BBH and GPQA.",
        "Compare MMLU, GSM8K, ARC-C and IFEval.",
        "It was not evaluated on MMLU, GSM8K, ARC-C, IFEval.",
        "It was evaluated on MMLU and IFEval.",
    ],
)
def test_kept_promises_and_other_lists_are_left_alone(text: str) -> None:
    assert not findings(RULE, case(f"# X\n\n{text}\n{TABLE}"))


def test_a_card_without_tables_promises_nothing() -> None:
    assert not findings(RULE, case("# X\n\nIt was evaluated on MMLU, GSM8K and IFEval.\n"))
