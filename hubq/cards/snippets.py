"""Snippets: the fenced code of a card, and what became of it when it was run."""

from __future__ import annotations

from typing import Literal

import msgspec

from hubq.cards.family import Family

SnippetState = Literal["ran", "failed", "checked", "not-run"]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one snippet.

    Attributes:
        sha256: of its code.
        language: as the fence says.
        title: the heading it stands under.
        state: `ran`, `failed`, `checked` (looked at and not run, such as an install command), or
            `not-run`.
        said: its last lines of output, or why it failed or was not run; one line.
        seconds: how long it ran.
        environment: where; empty when it was not run.
    """

    sha256: str
    language: str
    title: str
    state: SnippetState
    said: str
    seconds: float = 0.0
    environment: str = ""


def outcomes_of(family: Family, variant: str) -> dict[str, Outcome]:
    """Return what became of a card's snippets, by the SHA-256 of their code."""
    del family, variant
    return {}
