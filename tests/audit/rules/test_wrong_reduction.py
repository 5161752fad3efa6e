from __future__ import annotations

from hubq.audit.rules.wrong_reduction import RULE
from tests.audit.cases import case, findings
from tests.rows import each_row

CARD = """\
| Variant | GPU Memory (GB) | Memory reduction |
|---|---|---|
| BF16 | 4.68 | - |
| GPTQ-Int8 | 3.55 | {} |
| GPTQ-Int4 | 2.91 | {} |
"""


def test_a_reduction_is_found() -> None:
    (found,) = findings(RULE, case(CARD.format("24%", "48%")))
    assert (found.severity, found.said, found.line) == ("error", "48%", 5)
    assert "38%" in found.found


@each_row("cells", [("24%", "38%"), ("24.1%", "37.8%"), ("1.32x", "1.61x"), ("-24%", "-38%")])
def test_right_reductions_are_left_alone(cells: tuple[str, str]) -> None:
    assert not findings(RULE, case(CARD.format(*cells)))


def test_a_compression_of_sizes_is_found() -> None:
    card = (
        "| Model | Size (GB) | Compression |\n|---|---|---|\n| FP16 | 16.0 | 1.0x |\n"
        "| INT8 | 8.5 | 1.9x |\n| INT4 | 5.5 | 3.9x |\n"
    )
    (found,) = findings(RULE, case(card))
    assert found.said == "3.9x"
    assert "2.9" in found.found
