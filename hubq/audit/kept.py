"""Kept readings: what is worked out of a card or a repo once, and lives as long as that does."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

Of = TypeVar("Of")
T = TypeVar("T")


def kept(function: Callable[[Of], T]) -> Callable[[Of], T]:
    """Return a pure function of a document or a subject that keeps on it what it gave.

    A cache of the module would hold whole cards on, or forget one while its kin are looked at.
    """
    key = f"{function.__module__}.{function.__qualname__}"

    @wraps(function)
    def keeping(one: Of) -> T:
        attributes: dict[str, Any] = one.__dict__
        try:
            return attributes[key]  # type: ignore[no-any-return]
        except KeyError:
            found = attributes[key] = function(one)
            return found

    return keeping
