"""Notes: what stands under a table behind the signs that its cells and labels refer to."""

from __future__ import annotations

import re
from collections.abc import Iterable

from hubq.evaluate.formats.layout import Layout
from hubq.evaluate.formats.remembering import remembered

_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_SIGNS = "*†‡§¶♣♠"
_TRAILING = re.compile(rf"[⁰¹²³⁴⁵⁶⁷⁸⁹{_SIGNS}]+$")
_SIGN = re.compile(rf"\d+|[a-zA-Z]|([{_SIGNS}])\1*")
#: A sign, then its text. A number must not be followed by a point, as the steps of a list are.
_NOTE = re.compile(
    rf"""^\s*(?:
    \[?\^?(?P<raised>[⁰¹²³⁴⁵⁶⁷⁸⁹]+|[{_SIGNS}]+)\]?:?\s*
    |\[\^?(?P<closed>\w{{1,2}})\]:?\s*
    |(?P<plain>\d{{1,2}}|[a-z])[:)]?\s+
    )(?P<text>\S.*)$""",
    re.VERBOSE,
)


@remembered
def split_label(label: str) -> tuple[str, tuple[str, ...]]:
    """Return a label without the footnote signs behind it, and those signs."""
    found = _TRAILING.search(label)
    if found is None or not found.start():
        return label, ()
    return label[: found.start()].rstrip(), split_marks((found[0],))


def split_marks(marks: Iterable[str]) -> tuple[str, ...]:
    """Return each sign by itself: `1,2` and `†‡` are two, `**` is one."""
    found = (one[0] for mark in marks for one in _SIGN.finditer(mark.translate(_RAISED)))
    return tuple(dict.fromkeys(found))


def marks_of(layout: Layout) -> frozenset[str]:
    """Return every sign that a table refers to, in cells, labels and headings."""
    marks = [mark for place in layout.places for mark in (*place.printed.marks, *place.row_marks)]
    labels = [label for line in layout.lines for label in line]
    return frozenset(
        (*split_marks(marks), *(mark for label in labels for mark in split_label(label)[1]))
    )


def has_notes(lines: Iterable[str]) -> bool:
    """Say whether any of some lines has the form of a footnote."""
    return any(map(_NOTE.match, lines))


def notes_of(lines: Iterable[str], wanted: frozenset[str]) -> dict[str, str]:
    """Return sign -> text of the footnotes among some lines.

    Args:
        lines: what stands under the table.
        wanted: the signs that the table refers to; other lines that begin with a sign are no notes.
    """
    found: dict[str, str] = {}
    for line in lines:
        note = _NOTE.match(line)
        if note is None:
            continue
        sign = (note["raised"] or note["closed"] or note["plain"]).translate(_RAISED)
        if sign in wanted:
            found.setdefault(sign, " ".join(note["text"].split()))
    return found
