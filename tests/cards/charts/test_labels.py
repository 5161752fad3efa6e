from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from hubq.cards.charts.labels import LONGEST, cleaned, cut_names, shortened, spoken, wrapped
from tests.rows import each_row


@each_row(
    ("name", "shown"),
    [
        ("GPTQ-Int4", "GPTQ-Int4"),
        ("a\nb\t c\r\n", "a b c"),
        ("\u202eevil\u202c", "evil"),
        ("\x00\x1b[31mred", "[31mred"),
        ("\ue000mark\ue002", "mark"),
        ("", "unnamed"),
        ("\u200b\n", "unnamed"),
        ("$x$ 100 %", "$x$ 100 %"),
    ],
)
def test_a_name_is_one_line_of_printable_text(name: str, shown: str) -> None:
    assert cleaned(name) == shown


@given(st.text())
def test_no_sign_of_control_is_left_of_any_text(text: str) -> None:
    assert not any(unicodedata.category(sign).startswith("C") for sign in cleaned(text))
    assert 0 < len(shortened(text)) <= LONGEST


def test_a_long_name_keeps_both_ends_and_is_told_whole() -> None:
    name = "Qwen2.5-VL-72B-Instruct-quantized-GPTQ-Int4-g128-mse"
    assert shortened(name).startswith("Qwen2.5-VL-72B-Ins")
    assert shortened(name).endswith("g128-mse")
    assert len(shortened(name)) == LONGEST
    assert cut_names([name, "AWQ", name]) == f"Names cut short in the picture: {name}."
    assert cut_names(["AWQ"]) == ""
    assert len(spoken("W" * 5_000)) < 200


def test_lines_break_after_separators_where_that_leaves_no_short_ones() -> None:
    assert wrapped("GPTQ-Int4-g128", 10, len) == ["GPTQ-Int4-", "g128"]
    assert wrapped("short", 10, len) == ["short"]
    assert wrapped("WWWWWWWWWWWWW", 5, len) == ["WWWWW", "WWWWW", "WWW"]


@given(st.text(alphabet="ab-_ ", max_size=40), st.integers(min_value=1, max_value=9))
def test_no_line_is_too_long_and_nothing_is_lost(name: str, limit: int) -> None:
    whole = cleaned(name)
    lines = wrapped(whole, limit, len)
    assert all(len(line) <= limit for line in lines)
    assert "".join(lines).replace(" ", "") == whole.replace(" ", "")
