from __future__ import annotations

from hubq.audit.rules.warm_up import RULE
from tests.audit.cases import case, findings
from tests.audit.scorecards import SPEEDS


def test_a_longer_input_that_is_faster_is_found() -> None:
    (found,) = findings(RULE, case(SPEEDS))
    assert "36.58 at an input of 6144 and 35.29 at 1" in found.found
    assert (found.severity, found.line) == ("info", 5)


def test_speeds_that_fall_are_left_alone() -> None:
    assert not findings(RULE, case(SPEEDS.replace("35.29", "37.29")))
