"""A card with marks turned into a page on which every number is a link to its claim.

The marks of `hubq.model.marks` hold ids as letters, which would get into the anchors of headings.
So before Markdown is read they are changed for marks that are private-use characters altogether,
and after it the pairs around text become links; in attributes they are dropped.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape

from hubq.markdown import markup
from hubq.markdown.frontmatter import parse
from hubq.model.marks import BEGIN, END, MIDDLE, replace_marks

_ZERO = 0xE100
"""The private-use character that stands for the digit 0 in the number of a mark."""

_DIGITS = "".join(chr(_ZERO + digit) for digit in range(10))
_TAG = re.compile(r"<[^>]*>")
_NUMBERED = re.compile(f"{BEGIN}([{_DIGITS}]*){MIDDLE}([^{BEGIN}{MIDDLE}{END}]*){END}")
_SIGNS = re.compile(f"[{BEGIN}{MIDDLE}{END}{_DIGITS}]")
_PLAIN = {_ZERO + digit: str(digit) for digit in range(10)}


def linked(marked: str, place: markup.Place, address: Callable[[str], str]) -> str:
    """Return a card's body as HTML in which each claim is a link.

    Args:
        marked: the README with a mark around each claim; its front matter is left out.
        place: what its relative links mean.
        address: gives the address of a claim's page.
    """
    claims: list[str] = []

    def numbered(claim: str, shown: str) -> str:
        claims.append(claim)
        number = "".join(_DIGITS[int(digit)] for digit in str(len(claims) - 1))
        return f"{BEGIN}{number}{MIDDLE}{shown}{END}"

    html = markup.to_html(replace_marks(parse(marked).body, numbered), place)
    return _with_links(html, claims, address)


def _with_links(html: str, claims: list[str], address: Callable[[str], str]) -> str:
    """Return HTML in which the marks in text are links; there is none within another link."""
    parts: list[str] = []
    last, inside = 0, 0

    def link(found: re.Match[str]) -> str:
        number = found[1].translate(_PLAIN)
        if inside or not number or int(number) >= len(claims):
            return found[2]
        claim = claims[int(number)]
        target = f'href="{escape(address(claim))}" data-claim="{escape(claim)}"'
        return f'<a class="claim" {target}>{found[2]}</a>'

    def text(raw: str) -> str:
        return _SIGNS.sub("", _NUMBERED.sub(link, raw))

    for tag in _TAG.finditer(html):
        parts += [text(html[last : tag.start()]), _SIGNS.sub("", _NUMBERED.sub(r"\2", tag[0]))]
        if tag[0].startswith(("<a ", "<a>")):
            inside += 1
        elif tag[0] == "</a>":
            inside = max(0, inside - 1)
        last = tag.end()
    return "".join([*parts, text(html[last:])])
