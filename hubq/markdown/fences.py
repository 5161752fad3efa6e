"""Fences: the fenced code blocks of a Markdown text, as CommonMark reads them.

GitHub's own parser says what is a fence, whatever it stands in (quotes, lists) and however it ends;
where each one begins is in the positions that the parser gives.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

import msgspec
from cmarkgfm.cmark import Options
from selectolax.lexbor import LexborHTMLParser, LexborNode

from hubq.markdown.cmark import github_html

_FRONT_MATTER = re.compile(r"\A\ufeff?---[ \t]*\r?\n.*?(?<=\n)---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_ENDING = re.compile(r"\r\n?|\n")
_OPENING = re.compile(r"(?:`{3,}|~{3,})")
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
SECTION = 3
"""Headings of this level and above part a text into sections; those below stand within one."""


class Fence(msgspec.Struct, frozen=True, kw_only=True):
    """A fenced code block.

    Attributes:
        line: that the opening fence stands on, counted from 1.
        language: the first word of its info string, in lower case; empty where there is none.
        title: the text of the heading above it; empty before the first one.
        section: the text of the heading of at most the third level above it.
        place: which of those headings it is, counted from 0: two may have one text.
        code: what stands between the fences, without their indentation.
    """

    line: int
    language: str
    title: str
    section: str
    place: int
    code: str

    @property
    def sha256(self) -> str:
        """The SHA-256 of the code, 64 hex digits."""
        return hashlib.sha256(self.code.encode()).hexdigest()


def fences(text: str) -> tuple[Fence, ...]:
    """Return the fenced code blocks of a Markdown text, in order; its front matter has none."""
    front = _FRONT_MATTER.match(text)
    cut = len(_ENDING.findall(front[0])) if front else 0
    body = _ENDING.sub("\n", text[front.end() :] if front else text)
    page = github_html(body, Options.CMARK_OPT_SOURCEPOS)
    return tuple(_fences(page, body.split("\n"), cut))


def _fences(page: str, lines: list[str], cut: int) -> Iterator[Fence]:
    """Yield the fences of a rendered page.

    Args:
        page: what the parser has made of the text.
        lines: of the text.
        cut: how many lines stood above it.
    """
    title, section, place = "", "", 0
    for node in LexborHTMLParser(page).css(", ".join((*_HEADINGS, "pre"))):
        if node.tag in _HEADINGS:
            title = " ".join(node.text().split())
            if int(node.tag[1]) <= SECTION:
                section, place = title, place + 1
            continue
        line, column = _position(node)
        code = node.css_first("code")
        language = (node.attributes.get("lang") or "").lower()
        if code is None or not (language or _opens(lines[line - 1], column, code.text())):
            continue
        yield Fence(
            line=line + cut,
            language=language,
            title=title,
            section=section,
            place=place,
            code=code.text(),
        )


def _position(node: LexborNode) -> tuple[int, int]:
    """Return line and column of where a block begins, both counted from 1."""
    start = (node.attributes.get("data-sourcepos") or "1:1").partition("-")[0]
    line, _, column = start.partition(":")
    return int(line), int(column)


def _opens(line: str, column: int, code: str) -> bool:
    """Say whether a block without a language is opened by a fence; else it is one by indentation.

    Indented code may begin with what looks like a fence; then that is its own first line, which
    no fenced block can begin with: it would be closed by it.

    Args:
        line: the first of the block's lines.
        column: where the block begins in it; the parser counts bytes.
        code: what the block holds.
    """
    rest = line.encode()[column - 1 :].decode(errors="replace")
    return bool(_OPENING.match(rest)) and code.partition("\n")[0] != rest
