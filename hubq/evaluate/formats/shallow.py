"""Shallow pages: HTML whose elements lie in one another no deeper than any writer's do.

The parser looks at all open elements for each tag, and opens all formatting again in each
paragraph, so that a page of nothing but opening tags would take it hours, or all memory.
"""

from __future__ import annotations

import re

_MANY = 3000
"""Tags that a page may have before it is looked at."""
_DEEPEST = 100
_MOST_FORMATS = 30

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_FORMATS = frozenset(
    (
        *("a", "b", "big", "code", "em", "font", "i"),
        *("nobr", "s", "small", "strike", "strong", "tt", "u"),
    )
)
#: They end by themselves: at once, or where the next one begins.
_ENDING = frozenset(
    (
        *("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source"),
        *("track", "wbr", "p", "li", "td", "th", "tr", "tbody", "thead", "tfoot", "dt", "dd"),
        *("option", "colgroup", "caption", "html", "head", "body"),
    )
)


def shallow(page: str) -> str:
    """Return a page whose tags that lie too deep have become text."""
    if page.count("<") < _MANY:
        return page
    depth = {"formats": 0, "others": 0}
    dropped = {"formats": 0, "others": 0}

    def kept(found: re.Match[str]) -> str:
        name = found[2].lower()
        if name in _ENDING:
            return found[0]
        kind = "formats" if name in _FORMATS else "others"
        if found[1]:
            if dropped[kind]:
                dropped[kind] -= 1
                return f"&lt;/{found[2]}"
            depth[kind] = max(0, depth[kind] - 1)
        elif depth[kind] >= (_MOST_FORMATS if kind == "formats" else _DEEPEST):
            dropped[kind] += 1
            return f"&lt;{found[2]}"
        else:
            depth[kind] += 1
        return found[0]

    return _TAG.sub(kept, page)
