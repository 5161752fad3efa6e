"""Text as the value of an HTML attribute in a Markdown document."""

from __future__ import annotations

import re

from hubq.model.marks import plain

_SPECIAL = re.compile(r"[&<>\"'`|\\$*\[\]{}~]")


def attribute(text: object) -> str:
    """Return text as the inside of a double-quoted HTML attribute, on one line and without marks.

    A reader's eyes never fall on it as Markdown, but parsers' do: signs that could end the
    attribute, its line, a table's cell or a span of code are written as entities.
    """
    line = " ".join(plain(str(text)).split())
    return _SPECIAL.sub(lambda found: f"&#{ord(found[0])};", line)
