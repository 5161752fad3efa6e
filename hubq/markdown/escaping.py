"""Text from outside made safe for a Markdown card: it is shown as it is and starts nothing."""

from __future__ import annotations

import re

_SPECIAL = re.compile(r"[\\`*_{}\[\]<>#|~$!&]")
_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
_BACKTICKS = re.compile(r"`+")


def escape(text: object) -> str:
    """Return one line of text in which nothing is Markdown, HTML or the end of a table's cell.

    Underscores and number signs inside a word are left, since they start nothing there.
    """
    line = " ".join(str(text).split())
    return _SPECIAL.sub(_escaped, line)


def _escaped(found: re.Match[str]) -> str:
    sign, line = found[0], found.string
    before, after = line[: found.start()][-1:], line[found.end() :][:1]
    if sign in "_#" and before.isalnum() and after.isalnum():
        return sign
    return _ENTITIES.get(sign, f"\\{sign}")


def code(text: object) -> str:
    """Return one line of text as inline code, with fences longer than any in it."""
    line = " ".join(str(text).split()).replace("|", "\\|")
    longest = max((len(found) for found in _BACKTICKS.findall(line)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def quoted(text: object) -> str:
    """Return text as the inside of a double-quoted Python string."""
    return str(text).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
