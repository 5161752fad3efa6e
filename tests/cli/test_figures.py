from __future__ import annotations

import pytest

from hubq.cli.figures import figure, interval, percent


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "-"),
        (0, "0"),
        (1234567.8, "1,234,568"),
        (42.123, "42.1"),
        (0.0012345, "0.00123"),
        (-4.2, "-4.20"),
    ],
)
def test_three_digits_matter(value: float | None, shown: str) -> None:
    assert figure(value) == shown


def test_an_interval_has_the_digits_that_tell_its_ends_apart() -> None:
    assert interval(42.12, 41.9, 42.3) == "42.12 (41.90 to 42.30)"
    assert interval(1234.5, 1200, 1300) == "1,234 (1,200 to 1,300)"
    assert interval(42.12, None, None) == "42.1"
    assert interval(None, None, None) == "-"
    assert interval(0, 0, 0) == "0 (0 to 0)"


def test_a_change_has_its_sign() -> None:
    assert percent(0.0512, sign=True) == "+5.1 %"
    assert percent(0.0512) == "5.12 %"
    assert percent(None) == "-"
