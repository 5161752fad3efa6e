from __future__ import annotations

from decimal import Decimal

import pytest

from hubq.audit.figures import Figure, figures


def found(text: str) -> list[tuple[str, str]]:
    return [(one.text, one.unit) for one in figures(text)]


def test_figures_are_told_with_their_units() -> None:
    assert found("from 4.68 GiB to 2.91 GB, 38% or 1.6x, in 3 seconds and 12 tok/s") == [
        ("4.68", "gb"),
        ("2.91", "gb"),
        ("38", "%"),
        ("1.6", "x"),
        ("3", "s"),
        ("12", "tok/s"),
    ]


@pytest.mark.parametrize("text", ["w4a16", "Qwen2.5", "v1.2", "7B", "1.2.3", "12th", "a/2"])
def test_a_number_within_a_name_is_no_figure(text: str) -> None:
    assert figures(f"{text} is a name") == ()


def test_thousands_have_commas_and_signs_are_kept() -> None:
    (first, second) = figures("\u22120.75 points over 12,032.5 questions")
    assert (first.text, first.value, first.unit) == ("-0.75", Decimal("-0.75"), "points")
    assert (second.value, second.decimals) == (Decimal("12032.5"), 1)


def test_a_hyphen_behind_a_word_is_no_sign() -> None:
    assert found("about-5 %") == [("5", "%")]


def test_a_figure_is_where_it_says() -> None:
    text = "It keeps 98.47 % of it."
    assert figures(text) == (
        Figure(text="98.47", value=Decimal("98.47"), start=9, end=16, unit="%"),
    )
