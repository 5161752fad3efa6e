from __future__ import annotations

from hubq.audit.rules.wrong_ratio import RULE
from tests.audit.cases import case, findings

CARD = """\
| Variant | Speed (tokens/s) | Speed-up |
|---|---|---|
| BF16 | 35.29 | 1.00x |
| GPTQ-Int8 | 28.59 | 0.81x |
| GPTQ-Int4 | 39.76 | {} |
"""
TIMES = """\
| Run | Wall time | ms / item | Speed vs FQ |
|---|---|---|---|
| Fake-quant W8A8 | 58.5 min | 9 140 | 1.00× |
| Real-int8 + fp32 cast | 2h 56.7 min | 27 600 | {} slower |
"""


def test_a_speed_up_is_found() -> None:
    (found,) = findings(RULE, case(CARD.format("1.31x")))
    assert (found.severity, found.said, found.line) == ("error", "1.31x", 5)
    assert "1.13×" in found.found


def test_right_speed_ups_are_left_alone() -> None:
    assert not findings(RULE, case(CARD.format("1.13x")))
    assert not findings(RULE, case(TIMES.format("3.02×")))


def test_a_slow_down_is_found() -> None:
    (found,) = findings(RULE, case(TIMES.format("2.02×")))
    assert "3.02×" in found.found


def test_speed_ups_of_something_else_are_left_alone() -> None:
    card = CARD.replace("1.00x", "1.40x").replace("0.81x", "1.90x").format("2.50x")
    assert not [one for one in findings(RULE, case(card)) if one.severity == "error"]
