"""Text from outside made safe for a Markdown card: it is shown as it is and starts nothing.

What cannot be seen, and yet changes what is seen beside it, is left out: control characters, those
that turn the direction of writing, and the signs that marks are made of (`hubq.model.marks`).
"""

from __future__ import annotations

import re
from urllib.parse import quote

from hubq.model.marks import without_signs

_SPECIAL = re.compile(r"[\\`*_{}\[\]<>#|~$!&]")
_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
_BACKTICKS = re.compile(r"`+")
_CONTROLS = r"\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"
_TURNING = r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff"
_UNSEEN = re.compile(f"[{_CONTROLS}{_TURNING}]")
_HALVES = re.compile(r"[\ud800-\udfff]")
_ADDRESS = re.compile(r"(?<=[A-Za-z])(?=://)|(?<=www)(?=\.)", re.IGNORECASE)
_MAIL = re.compile(r"(?<=[\w.+-])@(?=[\w\\-]+\.)")
_START = re.compile(r"^(\d{1,9})(?=[.)](?: |$))|^(?=[-+](?: |$)|--|:-|=)")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_SAFE_SCHEMES = ("http:", "https:")
_KEPT_IN_ADDRESSES = "%/:?#@!$&'*+,;=~"


def escape(text: object) -> str:
    """Return one line of text in which nothing is Markdown, HTML or the end of a table's cell.

    Addresses in it become no links, and at the start of a line it begins no list. Underscores and
    number signs inside a word are left, since they start nothing there.
    """
    line = _SPECIAL.sub(_escaped, one_line(text))
    line = _ADDRESS.sub(r"\\", line)
    # No escape keeps GitHub's parser from linking what looks like a mail address.
    line = _MAIL.sub("@<!-- -->", line)
    return _START.sub(lambda found: f"{found[1] or ''}\\", line)


def one_line(text: object) -> str:
    """Return text on one line, without what cannot be seen and halves of characters."""
    seen = _UNSEEN.sub("", without_signs(str(text)))
    return _HALVES.sub("\N{REPLACEMENT CHARACTER}", " ".join(seen.split()))


def _escaped(found: re.Match[str]) -> str:
    sign, line = found[0], found.string
    before, after = line[: found.start()][-1:], line[found.end() :][:1]
    if sign in "_#" and before.isalnum() and after.isalnum():
        return sign
    return _ENTITIES.get(sign, f"\\{sign}")


def code(text: object) -> str:
    """Return one line of text as inline code, with fences longer than any in it."""
    line = one_line(text).replace("|", "\\|") or " "
    longest = max((len(found) for found in _BACKTICKS.findall(line)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def quoted(text: object) -> str:
    """Return text as the inside of a double-quoted Python string."""
    return one_line(text).replace("\\", "\\\\").replace('"', '\\"')


def address(text: object) -> str:
    """Return an address for the inside of a Markdown link's parentheses; empty for one that runs.

    Only `http`, `https` and addresses without a scheme are links.
    """
    line = quote(one_line(text), safe=_KEPT_IN_ADDRESSES)
    scheme = _SCHEME.match(line)
    return line if scheme is None or scheme[0].lower() in _SAFE_SCHEMES else ""
