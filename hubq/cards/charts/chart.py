"""Charts as values: what is drawn, what it finds, and which files it becomes."""

from __future__ import annotations

import msgspec

FOLDER = "charts"


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """One chart.

    Attributes:
        name: of its files, such as `deltas`.
        alt: what it finds, in plain words, for those who cannot see it.
        caption: what is drawn, one sentence.
        claims: the ids of the claims that are drawn.
    """

    name: str
    alt: str
    caption: str
    claims: tuple[str, ...]

    @property
    def files(self) -> tuple[str, ...]:
        """The PNG for light pages, the one for dark pages, and the SVG."""
        return tuple(f"{FOLDER}/{self.name}{end}" for end in (".png", "-dark.png", ".svg"))
