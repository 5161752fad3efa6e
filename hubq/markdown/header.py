"""Headers: the front matter of a README, edited line by line.

Only the lines of the keys that change are touched. Comments, quotes, the order of keys, line ends
and everything below the front matter stay as they are, character for character. What cannot be
edited safely is refused, never garbled.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import yaml

from hubq.errors import Refused
from hubq.markdown import frontmatter

_BREAKS = re.compile(r"\r(?!\n)|[\x85\u2028\u2029]")
_UNCLOSED = re.compile(r"\ufeff?\s*---[ \t]*(?:\r?\n|$)")
_DASH = re.compile(r"[ ]*-[ ]+")
_AWKWARD = (yaml.AliasToken, yaml.AnchorToken, yaml.TagToken)
_DOCUMENT = (yaml.DirectiveToken, yaml.DocumentStartToken, yaml.DocumentEndToken)
_MERGE = "<<"
#: Texts that YAML 1.2 takes for numbers and PyYAML, which knows 1.1, would write without quotes.
_NUMBER = re.compile(r"[-+]?(?:\d[\d_]*e[-+]?\d+|0o[0-7]+)", re.IGNORECASE)


class Uneditable(Refused):
    """A front matter that cannot be edited without risk to what people wrote.

    Args:
        reason: why not.
        line: where in the README, counted from 1; 0 for the whole of it.
    """

    def __init__(self, reason: str, line: int = 0) -> None:
        place = f"line {line}: " if line else ""
        super().__init__(
            f"{place}the front matter cannot be edited: {reason}",
            remedy="Write it as plain `key: value` lines; hubq card lint says where it is not.",
        )
        self.reason, self.line = reason, line


class _Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A top-level key: its node, its value's, and where its lines begin and end."""

    key: Any
    value: Any
    start: int
    end: int


class _Edit(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """Characters replaced; of several at one place, lower ranks come first."""

    start: int
    end: int
    rank: int
    text: str


class _Dumper(yaml.SafeDumper):
    """Quotes what only a newer YAML takes for a number."""


def _text_node(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "'" if _NUMBER.fullmatch(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text_node)


def dumped(data: Any, *, flow: bool = False) -> str:
    """Return data as YAML, keys in their own order."""
    return yaml.dump(
        data,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=1 << 20,
        default_flow_style=flow,
    )


class Header:
    """The front matter of a README being edited. Nothing is written until `text` is asked for.

    Args:
        readme: the whole README; one without front matter gets one.

    Raises:
        Uneditable: the YAML is broken, is no plain mapping, or says a key twice.
    """

    def __init__(self, readme: str) -> None:
        self.readme = readme
        self._bom = "\ufeff" if readme.startswith("\ufeff") else ""
        card = frontmatter.parse(readme)
        match = frontmatter.BLOCK.match(readme, len(self._bom))
        self.present = match is not None
        if match is None and _UNCLOSED.match(readme):
            raise Uneditable("it begins with --- and never ends", 1)
        if card.problem:
            raise Uneditable(card.problem)
        self.data: dict[str, Any] = dict(card.data)
        self._body = card.body
        self._start, self._end = match.span("yaml") if match else (0, 0)
        self._newline = _newline_of(readme[: self._start] if match else readme)
        self._edits: list[_Edit] = []
        self._added: dict[str, str] = {}
        self._awkward: list[int] = []
        self._entries: dict[str, _Entry] = self._taken_apart() if match else {}

    def text(self) -> str:
        """Return the README with the edits made.

        Raises:
            Uneditable: the result does not hold what it should; the README is not to be changed.
        """
        if not self._edits and not self._added:
            return self.readme
        text = self._written() if self.present else self._begun()
        card = frontmatter.parse(text)
        if card.problem or card.data != self.data or card.body != self._body:
            raise Uneditable("the lines of our keys cannot be told from others")
        return text

    def set(self, key: str, value: Any) -> None:
        """Give a key a value; a new key comes after the last line."""
        value = frontmatter.json_ready(value)
        self.data[key] = value
        entry = self._entries.get(key)
        if entry is None:
            self._added[key] = dumped({key: value})
            return
        self._check_plain(key, entry)
        node = entry.value
        if isinstance(node, yaml.ScalarNode) and isinstance(value, str):
            start, end = self._span(node)
            pad = "" if start < end else " "
            self._replace(start, end, pad + dumped([value], flow=True).strip()[1:-1])
        else:
            self._replace(entry.start, entry.end, self._lines(dumped({key: value})))

    def remove(self, key: str) -> None:
        """Take a key and its lines away."""
        entry = self._entries[key]
        self._check_plain(key, entry)
        del self.data[key]
        self._replace(entry.start, entry.end, "")

    def change_items(self, key: str, without: Collection[int], more: Sequence[Any]) -> None:
        """Take items of a list away, by their place, and put others behind the rest.

        Raises:
            Uneditable: the list is written in a way in which its items have no lines of their own.
        """
        entry = self._entries[key]
        self._check_plain(key, entry)
        node, items = entry.value, self.data[key]
        kept = [item for place, item in enumerate(items) if place not in without]
        if node.flow_style:
            inside = dumped([*kept, *more], flow=True).strip()
            self._replace(*self._span(node), inside)
        else:
            self._change_block(node, without, more)
        self.data[key] = frontmatter.json_ready([*kept, *more])

    def has_comment(self, key: str) -> bool:
        """Return whether the lines of a key hold a comment, which a new value would lose."""
        entry = self._entries[key]
        text = list(self.readme[entry.start : entry.end])
        for scalar in _scalars(entry.value):
            start, end = self._span(scalar)
            text[start - entry.start : end - entry.start] = " " * (end - start)
        return "#" in "".join(text)

    def is_flow(self, key: str) -> bool:
        """Return whether a key's value is written in brackets."""
        return bool(getattr(self._entries[key].value, "flow_style", False))

    def is_text(self, key: str) -> bool:
        """Return whether a key's value is written as one scalar."""
        return isinstance(self._entries[key].value, yaml.ScalarNode)

    def line(self, key: str) -> int:
        """Return the line of a key in the README, counted from 1; 0 where it has none."""
        entry = self._entries.get(key)
        return self.readme.count("\n", 0, entry.start) + 1 if entry else 0

    def _taken_apart(self) -> dict[str, _Entry]:
        source = self.readme[self._start : self._end]
        strange = _BREAKS.search(source)
        if strange:
            raise Uneditable("it holds line ends that YAML readers disagree on")
        root: Any = yaml.compose(source, Loader=yaml.SafeLoader)
        tokens = list(yaml.scan(source, Loader=yaml.SafeLoader))
        for token in tokens:
            if isinstance(token, _DOCUMENT):
                raise Uneditable("it holds several documents", self._line_of(token.start_mark))
        if root is None:
            return {}
        if root.flow_style:
            raise Uneditable("it is written in braces", self._line_of(root.start_mark))
        self._awkward = [
            self._start + token.start_mark.index for token in tokens if isinstance(token, _AWKWARD)
        ]
        return self._keys(root)

    def _keys(self, root: yaml.MappingNode) -> dict[str, _Entry]:
        starts = [self._line_start(key) for key, _ in root.value]
        ends = [*starts[1:], self._end]
        found: dict[str, _Entry] = {}
        for (key, value), start, end in zip(root.value, starts, ends, strict=True):
            line = self._line_of(key.start_mark)
            if key.value == _MERGE:
                raise Uneditable("it takes in other keys with <<", line)
            if key.value in found:
                raise Uneditable(f"{key.value!r} is there twice", line)
            found[key.value] = _Entry(
                key=key, value=value, start=start, end=self._trimmed(start, end)
            )
        return found

    def _line_start(self, key: yaml.Node) -> int:
        """Return where a key's line begins.

        Raises:
            Uneditable: the key shares its line with something else.
        """
        line = self._line_of(key.start_mark)
        if not isinstance(key, yaml.ScalarNode):
            raise Uneditable("a key is no text", line)
        place = self._start + key.start_mark.index
        start = max(self._start, self.readme.rfind("\n", 0, place) + 1)
        if self.readme[start:place].strip(" "):
            raise Uneditable(f"{key.value!r} shares its line", line)
        return start

    def _trimmed(self, start: int, end: int) -> int:
        """Return where a key's lines end, without empty lines and comments behind them."""
        lines = self.readme[start:end].splitlines(keepends=True)
        while len(lines) > 1 and (not lines[-1].strip() or lines[-1].lstrip().startswith("#")):
            lines.pop()
        return start + sum(map(len, lines))

    def _check_plain(self, key: str, entry: _Entry) -> None:
        """Make sure that a key's lines are what they seem.

        Raises:
            Uneditable: they hold an anchor, an alias, a tag or a block of text.
        """
        line = self._line_of(entry.key.start_mark)
        if any(entry.start <= place < entry.end for place in self._awkward):
            raise Uneditable(f"{key!r} holds an anchor, an alias or a tag", line)
        if any(scalar.style in ("|", ">") for scalar in _scalars(entry.value)):
            raise Uneditable(f"{key!r} holds a block of text", line)

    def _change_block(
        self, node: yaml.SequenceNode, without: Collection[int], more: Sequence[Any]
    ) -> None:
        last = 0
        for place, item in enumerate(node.value):
            start, end = self._item_lines(item)
            last = end
            if place in without:
                self._replace(start, end, "")
        if more:
            pad = " " * node.start_mark.column
            lines = dumped(list(more)).splitlines(keepends=True)
            text = "".join(pad + line for line in lines).replace("\n", self._newline)
            self._edits.append(_Edit(start=last, end=last, rank=0, text=text))

    def _item_lines(self, item: yaml.Node) -> tuple[int, int]:
        place = self._start + item.start_mark.index
        start = self.readme.rfind("\n", 0, place) + 1
        if not _DASH.fullmatch(self.readme[start:place]):
            raise Uneditable("an item of a list shares its line", self._line_of(item.start_mark))
        end = max(self._span(leaf)[1] for leaf in _leaves(item))
        return start, self.readme.index("\n", end) + 1

    def _span(self, node: yaml.Node) -> tuple[int, int]:
        return self._start + node.start_mark.index, self._start + node.end_mark.index

    def _line_of(self, mark: yaml.Mark) -> int:
        return self.readme.count("\n", 0, self._start) + mark.line + 1

    def _replace(self, start: int, end: int, text: str) -> None:
        self._edits.append(_Edit(start=start, end=end, rank=0, text=text))

    def _lines(self, text: str) -> str:
        """Return lines of YAML as they stand in this header: its indent, its line ends."""
        column = next((e.key.start_mark.column for e in self._entries.values()), 0)
        pad = " " * column
        return "".join(pad + line for line in text.splitlines(keepends=True)).replace(
            "\n", self._newline
        )

    def _written(self) -> str:
        added = "".join(self._lines(text) for text in self._added.values())
        edits = sorted([*self._edits, _Edit(start=self._end, end=self._end, rank=1, text=added)])
        parts, last = [], 0
        for edit in edits:
            parts += [self.readme[last : edit.start], edit.text]
            last = edit.end
        return "".join([*parts, self.readme[last:]])

    def _begun(self) -> str:
        lines = "".join(self._lines(text) for text in self._added.values())
        fence = f"---{self._newline}"
        return f"{self._bom}{fence}{lines}{fence}{self.readme.removeprefix(self._bom)}"


def written(data: Mapping[str, Any]) -> str:
    """Return front matter as it stands at the top of a README, fences included."""
    return f"---\n{dumped(dict(data))}---\n"


def _leaves(node: Any) -> Iterator[yaml.Node]:
    """Yield the scalars of a value, and collections in brackets whole."""
    if isinstance(node, yaml.ScalarNode) or node.flow_style:
        yield node
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _leaves(key)
            yield from _leaves(value)
    else:
        for item in node.value:
            yield from _leaves(item)


def _scalars(node: Any) -> Iterator[yaml.ScalarNode]:
    """Yield the scalars of a value."""
    if isinstance(node, yaml.ScalarNode):
        yield node
        return
    for child in node.value:
        for part in child if isinstance(child, tuple) else (child,):
            yield from _scalars(part)


def _newline_of(text: str) -> str:
    found = re.search(r"\r?\n", text)
    return found[0] if found else "\n"
