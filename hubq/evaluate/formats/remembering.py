"""Remembering: what pure functions gave, for tables say the same names over and over.

`remembered` keeps it by the text that it was given, `once` in the value that it is of.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

Of = TypeVar("Of")
T = TypeVar("T")

LONGEST = 120
"""Characters of a text that is remembered; a page may hold a cell of megabytes."""
_MOST = 1 << 13


class _Remembered(dict[str, T]):
    """What a function gave; looking up what is not there asks it."""

    def __init__(self, function: Callable[[str], T]) -> None:
        super().__init__()
        self.function = function

    def __missing__(self, text: str) -> T:
        found = self.function(text)
        if len(text) <= LONGEST:
            if len(self) >= _MOST:
                self.clear()
            self[text] = found
        return found


def remembered(function: Callable[[str], T]) -> Callable[[str], T]:
    """Return a pure function of a text that remembers what it gave for short ones.

    It is the look-up itself, as it is asked a hundred times for each table.
    """
    return _Remembered(function).__getitem__


class once(Generic[Of, T]):  # noqa: N801 - it is used as `property` is
    """A property that is worked out when it is first asked for, and kept in the value's `__dict__`.

    `functools.cached_property` of Python 3.11 takes a lock for that, which costs more than most of
    these do.
    """

    def __init__(self, function: Callable[[Of], T]) -> None:
        self.function, self.name, self.__doc__ = function, function.__name__, function.__doc__

    @overload
    def __get__(self, one: None, owner: type[Any]) -> Self: ...

    @overload
    def __get__(self, one: Of, owner: type[Any]) -> T: ...

    def __get__(self, one: Of | None, owner: type[Any]) -> Self | T:
        """Return what it is of a value; itself of a class."""
        if one is None:
            return self
        found = one.__dict__[self.name] = self.function(one)
        return found
