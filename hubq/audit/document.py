"""Documents: a README parsed once, with every part where it stands in the file.

cmark-gfm makes HTML of it, with source positions, as the Hub shows it; tables, links, code and
prose are read from one DOM. Markup in HTML carries no positions in cmark's output, so that its
elements are marked in the source first.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator
from functools import partial

import yaml
from cmarkgfm.cmark import Options
from selectolax.lexbor import LexborHTMLParser, LexborNode

from hubq.audit.parts import Code, Link, Passage, Spot
from hubq.cards.published.sheets import Sheet, Source, sheets_of
from hubq.evaluate.formats.grids import Grid, grids_in
from hubq.evaluate.formats.mending import mended
from hubq.evaluate.formats.remembering import once
from hubq.evaluate.formats.shallow import shallow
from hubq.evaluate.published import PublishedTable, read_table
from hubq.markdown import frontmatter
from hubq.markdown.cmark import to_html
from hubq.markdown.frontmatter import FrontMatter

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_EXTENSIONS = ["table", "autolink", "strikethrough", "tasklist"]
_OPTIONS = (
    Options.CMARK_OPT_UNSAFE
    | Options.CMARK_OPT_FOOTNOTES
    | Options.CMARK_OPT_SOURCEPOS
    | Options.CMARK_OPT_GITHUB_PRE_LANG
)
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_ELEMENT = re.compile(
    r"<(table|tr|td|th|caption|a|img|p|li|h[1-6]|summary|div|pre|code|source|video)(?=[\s>/])",
    re.IGNORECASE,
)
_POSITION = re.compile(r"(\d+):(\d+)")
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_BLOCKS = {
    **dict.fromkeys(_HEADINGS, "heading"),
    "p": "paragraph",
    "li": "item",
    "blockquote": "quote",
    "summary": "summary",
    "dd": "paragraph",
    "div": "paragraph",
    "center": "paragraph",
}
#: What within a passage is not its own text.
_NOT_PROSE = frozenset({"table", "pre", "script", "style", "ul", "ol", "sup"})


class Document:
    """A README.

    Args:
        text: the whole file.

    Attributes:
        text: with Unix line ends.
        lines: of it.
    """

    def __init__(self, text: str) -> None:
        # A point behind it, so that the last line is one where it is empty, too.
        whole = text.removeprefix("\ufeff").replace("\x00", "\ufffd") + "."
        self.lines = whole.splitlines()
        self.lines[-1] = self.lines[-1][:-1]
        self.text = "\n".join(self.lines)

    def __repr__(self) -> str:
        return f"Document({self.title!r}, {len(self.lines)} lines)"

    @once
    def front(self) -> FrontMatter:
        """Its front matter; never fails, see `FrontMatter.problem`."""
        return frontmatter.parse(self.text)

    @once
    def first(self) -> int:
        """The line on which the Markdown begins, below the front matter."""
        found = self._block
        return self.text.count("\n", 0, found.end()) + 1 if found else 1

    @once
    def _block(self) -> re.Match[str] | None:
        return frontmatter.BLOCK.match(self.text)

    @once
    def body(self) -> str:
        """The Markdown below the front matter."""
        return "\n".join(self.lines[self.first - 1 :])

    def key_spot(self, *path: str | int) -> Spot:
        """Return where a value of the front matter stands, or the nearest one above it.

        Args:
            path: keys and places in lists, from the top.
        """
        node, spot = self._yaml, Spot(1, 1)
        for part in path:
            node = _child(node, part)
            if node is None:
                return spot
            spot = Spot(self._yaml_line + node.start_mark.line, node.start_mark.column + 1)
        return spot

    @once
    def _yaml_line(self) -> int:
        found = self._block
        return self.text.count("\n", 0, found.start("yaml")) + 1 if found else 1

    @once
    def _yaml(self) -> yaml.Node | None:
        found = self._block
        if found is None or self.front.problem:
            return None
        node: yaml.Node | None = yaml.compose(found["yaml"], Loader=_LOADER)
        return node

    @once
    def root(self) -> LexborNode | None:
        """The page; `data-sourcepos` and `data-at` count lines of the whole file."""
        blank = [""] * (self.first - 1) + self.lines[self.first - 1 :]
        whole, inserted = mended(blank) if "|" in self.text else (blank, [])
        self._inserted = inserted
        page = to_html(_marked(whole), _OPTIONS, _EXTENSIONS)
        return LexborHTMLParser(shallow(page)).root

    def _spot(self, node: LexborNode) -> Spot:
        """Return where an element begins; what nothing says, its parents say."""
        above: LexborNode | None = node
        while above is not None:
            attributes = above.attributes
            said = attributes.get("data-sourcepos") or attributes.get("data-at") or ""
            found = _POSITION.match(said)
            if found:
                return self._moved(int(found[1]), int(found[2]))
            above = above.parent
        return Spot(0)

    def _moved(self, line: int, column: int) -> Spot:
        """Return a place of the mended page as one of the file."""
        line = line - bisect.bisect_left(self._inserted, line)
        width = len(self.lines[line - 1]) if 0 < line <= len(self.lines) else column
        return Spot(line, min(column, width + 1))

    @once
    def grids(self) -> tuple[Grid, ...]:
        """Every table that holds cells, in order."""
        if self.root is None or ("|" not in self.text and "<table" not in self.text.lower()):
            return ()
        return grids_in(self.root, self._place if self._inserted else None)

    def _place(self, line: int, column: int) -> tuple[int, int]:
        spot = self._moved(line, column)
        return spot.line, spot.column

    @once
    def tables(self) -> tuple[PublishedTable, ...]:
        """Every table that holds numbers; what its scores tell is worked out by `scores`."""
        read = (read_table(grid) for grid in self.grids if len(grid.rows) > 1)
        return tuple(table for table in read if any(m.value is not None for m in table.measures))

    @once
    def sheets(self) -> tuple[Sheet, ...]:
        """The same tables understood: scores, speeds, what is held against what."""
        if not self.tables:
            return ()
        source = Source(
            given="",
            key="",
            file="",
            sha256="",
            page="",
            imported="",
            tables=self.tables,
            shown=tuple(range(len(self.tables))),
        )
        return sheets_of([source])

    @once
    def passages(self) -> tuple[Passage, ...]:
        """Its prose in order, headings among it; tables and code are left out."""
        return tuple(self._passages())

    def _passages(self) -> Iterator[Passage]:
        heading = ""
        nodes = self.root.traverse(include_text=False) if self.root is not None else ()
        for node in nodes:
            kind = _BLOCKS.get(node.tag or "")
            if kind is None:
                continue
            text = _prose(node)
            if not text.strip():
                continue
            spot = self._spot(node)
            level = int(str(node.tag)[1]) if kind == "heading" else 0
            heading = " ".join(text.split()) if level else heading
            yield Passage(
                kind=kind,  # type: ignore[arg-type]
                text=text,
                line=spot.line,
                column=spot.column,
                heading=heading,
                level=level,
            )

    @once
    def title(self) -> str:
        """Its first heading; empty without one."""
        return next((one.heading for one in self.passages if one.kind == "heading"), "")

    @once
    def links(self) -> tuple[Link, ...]:
        """Its links and pictures, in order; none that stands in code."""
        found = []
        for node in self.root.css("a[href], img[src]") if self.root is not None else ():
            image = node.tag == "img"
            target = node.attributes.get("src" if image else "href") or ""
            text = (node.attributes.get("alt") or "") if image else node.text()
            spot = self._spot(node)
            line = self.find(target, spot.line) if target else spot
            found.append(
                Link(
                    target=target.strip(),
                    text=" ".join(text.split()),
                    line=line.line or spot.line,
                    column=line.column or spot.column,
                    image=image,
                )
            )
        return tuple(found)

    @once
    def codes(self) -> tuple[Code, ...]:
        """Its blocks of code, in order."""
        found: list[Code] = []
        heading = ""
        nodes = self.root.css(", ".join((*_HEADINGS, "pre"))) if self.root is not None else ()
        for node in nodes:
            if node.tag in _HEADINGS:
                heading = " ".join(node.text().split())
                continue
            inner = node.css_first("code") or node
            spot = self._spot(node)
            said = self.lines[spot.line - 1] if 0 < spot.line <= len(self.lines) else ""
            fenced = bool(re.match(r"[\s>*+-]*(?:\d+[.)]\s*)?(`{3,}|~{3,})", said))
            language = (node.attributes.get("lang") or "").lower()
            found.append(
                Code(
                    language=language,
                    text=inner.text(),
                    line=spot.line + fenced,
                    heading=heading,
                    fenced=fenced,
                )
            )
        return tuple(found)

    @once
    def coded(self) -> frozenset[int]:
        """The numbers of the lines that stand in its blocks of code."""
        found: set[int] = set()
        for code in self.codes:
            found.update(range(code.line, code.line + code.text.count("\n") + 1))
        return frozenset(found)

    def find(self, text: str, start: int = 1, end: int = 0) -> Spot:
        """Return the first place of a text, from a line on; zeros where it does not stand.

        Args:
            text: within one line.
            start: the first line to look at.
            end: the last one; the file's without it.
        """
        for number in range(max(1, start), (end or len(self.lines)) + 1):
            if number > len(self.lines):
                break
            at = self.lines[number - 1].find(text)
            if at >= 0:
                return Spot(number, at + 1)
        return Spot(0)

    def quote(self, line: int) -> str:
        """Return a line as it stands; empty for none."""
        return self.lines[line - 1] if 0 < line <= len(self.lines) else ""


def _child(node: yaml.Node | None, part: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == part), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        item: yaml.Node = node.value[part]
        return item
    return None


def _marked(lines: list[str]) -> str:
    """Return Markdown with the elements in it marked by where they stand."""
    page = "\n".join(lines) + "\n"
    if "<" not in page:
        return page
    out: list[str] = []
    fence = ""
    for number, line in enumerate(lines, start=1):
        found = _FENCE.match(line) if "`" in line or "~" in line else None
        if fence:
            closing = found and found[1].startswith(fence) and not line.strip().strip(fence[0])
            fence = "" if closing else fence
        elif found:
            fence = found[1]
        elif "<" in line:
            out.append(_ELEMENT.sub(partial(_mark, number), line))
            continue
        out.append(line)
    return "\n".join(out) + "\n"


def _mark(line: int, found: re.Match[str]) -> str:
    return f'{found[0]} data-at="{line}:{found.start() + 1}"'


def _prose(node: LexborNode) -> str:
    """Return an element's own text, without that of the blocks within it."""
    parts: list[str] = []
    _collect(node, parts, 0)
    return "".join(parts).strip("\n ")


def _collect(node: LexborNode, parts: list[str], depth: int) -> None:
    for child in node.iter(include_text=True):
        tag = child.tag or ""
        if tag == "-text":
            parts.append(child.text())
        elif tag == "code":
            parts.append(f"`{child.text()}`")
        elif tag == "br":
            parts.append("" if parts and parts[-1].endswith("\n") else " ")
        elif tag not in _NOT_PROSE and tag not in _BLOCKS and depth < 100:
            _collect(child, parts, depth + 1)
