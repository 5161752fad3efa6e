from __future__ import annotations

import pytest

from hubq.audit.document import Document
from hubq.audit.pairing import base_of
from hubq.audit.rules.gain_unflagged import RULE
from tests.audit.cases import case, findings

TWO = """\
<table><tr><th rowspan="2">Benchmark</th><th colspan="2">Base-7B</th><th colspan="2">Base-13B</th>
</tr><tr><th>BF16</th><th>AWQ</th><th>BF16</th><th>AWQ</th></tr>
<tr><td>MMLU</td><td>60.1</td><td>59.0</td><td>65.0</td><td>{}</td></tr>
<tr><td>GSM8K</td><td>70.1</td><td>69.0</td><td>75.0</td><td>74.0</td></tr></table>
"""
FLAT = """\
| Model | MMLU | GSM8K |
|---|---|---|
| Base-7B BF16 | 60.1 | 70.1 |
| Base-7B AWQ | 59.0 | 69.0 |
| Base-13B BF16 | 65.0 | 75.0 |
| Base-13B AWQ | {} | 74.0 |
"""


@pytest.mark.parametrize(
    ("card", "names"),
    [
        (TWO, ("Base-13B / AWQ", "Base-13B / BF16", "Base-7B / AWQ", "Base-7B / BF16")),
        (FLAT, ("Base-13B AWQ", "Base-13B BF16", "Base-7B AWQ", "Base-7B BF16")),
    ],
)
def test_a_line_is_held_against_the_baseline_of_its_model(
    card: str, names: tuple[str, str, str, str]
) -> None:
    (sheet,) = Document(card.format("64.0")).sheets
    (block,) = sheet.blocks
    assert base_of(block, names[0]) == names[1]
    assert base_of(block, names[2]) == names[3]
    assert not base_of(block, names[1])
    assert not findings(RULE, case(card.format("64.0")))
    (found,) = findings(RULE, case(card.format("65.5")))
    assert "65.5 against 65.0 (+0.5" in found.found


def test_a_name_without_a_size_has_the_blocks_baseline() -> None:
    (sheet,) = Document("| Model | MMLU |\n|---|---|\n| BF16 | 60.1 |\n| AWQ 7B | 59.0 |\n").sheets
    assert base_of(sheet.blocks[0], "AWQ 7B") == "BF16"
