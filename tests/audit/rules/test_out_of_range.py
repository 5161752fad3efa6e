from __future__ import annotations

from hubq.audit.rules.out_of_range import RULE
from tests.audit.cases import case, findings
from tests.audit.scorecards import LARGER, SCORES, SPEEDS
from tests.rows import each_row

CARD = "| Model | MMLU | Wikitext PPL | Speed (tokens/s) |\n|---|---|---|---|\n{}\n"
ROWS = "| BF16 | {} | {} | {} |\n| AWQ | 65.1 | 7.1 | 30.1 |\n| GPTQ | 64.2 | 7.2 | 31.2 |"


@each_row(
    ("cells", "said", "severity"),
    [
        (("662.7", "7.0", "20.0"), "662.7", "error"),
        (("-66.27", "7.0", "20.0"), "-66.27", "error"),
        (("0.663", "7.0", "20.0"), "0.663", "warning"),
        (("66.2", "0.70", "20.0"), "0.70", "error"),
        (("66.2", "7.0", "-20.0"), "-20.0", "error"),
    ],
)
def test_a_number_out_of_range_is_found(
    cells: tuple[str, str, str], said: str, severity: str
) -> None:
    (found,) = findings(RULE, case(CARD.format(ROWS.format(*cells))))
    assert (found.said, found.severity, found.line) == (said, severity, 3)


def test_numbers_in_range_are_left_alone() -> None:
    assert not findings(RULE, case(CARD.format(ROWS.format("66.2", "7.0", "20.0"))))
    for card in (SCORES, LARGER, SPEEDS):
        assert not findings(RULE, case(card))


def test_sums_of_points_are_left_alone() -> None:
    rows = "| BF16 | 2326.8 | 845 |\n| AWQ | 2310.1 | 840 |\n"
    card = f"| Model | MME | OCRBench |\n|---|---|---|\n{rows}"
    assert not findings(RULE, case(card))
