"""Telling: how a publication says what it does."""

from __future__ import annotations

from typing import Protocol


class Tell(Protocol):
    """Whoever wants to know how far a publication is; may be called from several threads."""

    def __call__(self, text: str) -> None:
        """Hear what is done next, in a few words."""

    def count(self, done: float, total: float, unit: str, item: str = "") -> None:
        """Hear how far it is: `done` of `total`, in `unit` (plural, `bytes` for sizes).

        Of one `item`, such as a file, or of everything.
        """


class Silence:
    """Hears nothing."""

    def __call__(self, text: str) -> None:
        """Hear nothing."""

    def count(self, done: float, total: float, unit: str, item: str = "") -> None:
        """Hear nothing."""
