"""One test over a table of plain values, where `parametrize` makes a test of every row."""

from __future__ import annotations

import functools
import reprlib
from collections.abc import Callable, Iterable
from typing import Any

import pytest

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 200


def each_row(
    names: str | tuple[str, ...], table: Iterable[Any]
) -> Callable[[Callable[..., None]], Callable[[], None]]:
    """Run a test once with every row of a table, and fail with all rows that are wrong.

    For what takes no fixtures and no time: the setting up, taking down and reporting of a test of
    its own would take most of a millisecond more than the row does.

    Args:
        names: the arguments, as `parametrize` takes them.
        table: the rows; bare values where there is one argument.
    """
    keys = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    cases = [(row,) if len(keys) == 1 and isinstance(names, str) else tuple(row) for row in table]

    def over(test: Callable[..., None]) -> Callable[[], None]:
        @functools.wraps(test)
        def whole() -> None:
            wrong: list[BaseException] = []
            for number, case in enumerate(cases):
                try:
                    test(**dict(zip(keys, case, strict=True)))
                except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 - shown below
                    error.add_note(f"row {number}: {_SHORT.repr(case)}")
                    wrong.append(error)
            if wrong:
                raise BaseExceptionGroup(f"{len(wrong)} of {len(cases)} rows", wrong)
            assert cases, "a table without rows"

        # Or pytest would look for fixtures of the row's names.
        del whole.__wrapped__
        return whole

    return over


def some(values: Iterable[Any], every: int) -> list[Any]:
    """Return the rows of a table for `parametrize`: each so many-th as it is, the others `long`.

    The values themselves are kept where they are no tuples.
    """
    return [
        row
        if number % every == 0
        else pytest.param(*(row if isinstance(row, tuple) else (row,)), marks=pytest.mark.long)
        for number, row in enumerate(values)
    ]
