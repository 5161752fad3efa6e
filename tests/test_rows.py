from __future__ import annotations

import pytest

from tests.rows import each_row


def test_every_wrong_row_is_named_and_the_others_are_run() -> None:
    seen: list[int] = []

    @each_row(("one", "other"), [(1, 1), (2, 3), (4, 4), (5, 6)])
    def equal(one: int, other: int) -> None:
        seen.append(one)
        assert one == other

    with pytest.raises(BaseExceptionGroup, match="2 of 4 rows") as caught:
        equal()
    assert seen == [1, 2, 4, 5]
    notes = [note for error in caught.value.exceptions for note in error.__notes__]
    assert notes == ["row 1: (2, 3)", "row 3: (5, 6)"]


def test_what_pytest_itself_finds_wrong_is_wrong() -> None:
    @each_row("value", [1, 0])
    def refused(value: int) -> None:
        with pytest.raises(ZeroDivisionError):
            assert 1 / value

    with pytest.raises(BaseExceptionGroup, match="1 of 2 rows"):
        refused()


def test_right_rows_pass_and_no_rows_do_not() -> None:
    @each_row("value", [(1,), (2,)])
    def known(value: tuple[int]) -> None:
        assert value[0] in (1, 2)

    known()
    with pytest.raises(AssertionError, match="without rows"):
        each_row("value", [])(known)()
