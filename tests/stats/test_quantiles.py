from __future__ import annotations

from typing import Any

import pytest

from hubq import stats
from hubq.stats.quantiles import beta_point, incomplete_beta, student_tail
from tests.rows import each_row
from tests.stats.reference import Reference

scipy_stats: Any = Reference("scipy.stats")
scipy_special: Any = Reference("scipy.special")


@each_row("freedom", [1, 1.5, 2, 3.7, 10, 49, 300.5, 1e5, 1e8])
def test_students_points_agree_with_scipy(freedom: float) -> None:
    assert stats.student_95(freedom) == pytest.approx(scipy_stats.t.ppf(0.975, freedom), rel=1e-7)


def test_the_tails_of_student_agree_with_scipy() -> None:
    for t, freedom in ((0.1, 3.0), (2.0, 1.0), (6.0, 40.0)):
        wanted = 2 * scipy_stats.t.sf(t, freedom)
        assert student_tail(t, freedom) == pytest.approx(wanted, rel=1e-10)


def test_the_incomplete_beta_function_agrees_with_scipy() -> None:
    for x, a, b in ((0.0, 2, 3), (1.0, 2, 3), (0.2, 0.5, 7), (0.97, 40, 1.5), (0.5, 1e3, 1e3)):
        assert incomplete_beta(x, a, b) == pytest.approx(scipy_special.betainc(a, b, x), rel=1e-9)


@each_row(("seen", "n"), [(0, 100), (3, 40), (39, 40), (400, 900)])
def test_clopper_and_pearsons_bounds_agree_with_scipy(seen: int, n: int) -> None:
    interval = scipy_stats.binomtest(seen, n).proportion_ci(0.9, "exact")
    assert beta_point(0.95, seen + 1, n - seen) == pytest.approx(interval.high, abs=1e-9)


def test_the_normal_points_are_the_usual_ones() -> None:
    assert pytest.approx(1.959963984540054, abs=1e-12) == stats.Z_95
    assert pytest.approx(0.8416212335729143, abs=1e-12) == stats.Z_POWER_80
