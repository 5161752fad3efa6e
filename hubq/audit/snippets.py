"""Snippets: the code of a card, read as far as it can be read without running it."""

from __future__ import annotations

import ast
import re
import sys
import textwrap
import warnings
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal

import msgspec

from hubq.audit.document import Document
from hubq.audit.kept import kept
from hubq.audit.parts import Code, Spot

Kind = Literal["python", "shell", "other"]

LONGEST = 200_000
"""Characters of code that are read; nobody runs longer snippets."""
_PYTHON = frozenset({"python", "py", "python3", "ipython", "ipython3", "pycon"})
_SHELL = frozenset({"bash", "sh", "shell", "zsh", "console", "shell-session", "cmd", "powershell"})
_FENCE = re.compile(r"[\s>*+-]*(?:\d+[.)]\s*)?(?:`{3,}|~{3,})\s*\{?\.?([\w+-]*)")
#: What notebooks, shells and readers understand, and Python does not.
_MAGIC = re.compile(
    r"(?:[!%?]|(?:(?:sudo|uv)\s+)?(?:pip3?|conda|apt(?:-get)?|git|cd|export|huggingface-cli|hf"
    r"|wget|curl|python3?)\s+[\w./<\"'~-])"
)
_ASSIGNED = re.compile(r"[\w.\[\]]+\s*(?:[-+*/|&]?=[^=]|:|\()")
_PROMPT = re.compile(r"^(?:>>>|In \[\d+\]:) ?", re.MULTILINE)
_BLANK = re.compile(r"<[\w ./-]{2,60}>")
_IMPORT = re.compile(r"^(?:from [\w.]+ import |import [\w.]+)", re.MULTILINE)
_COMMAND = re.compile(
    r"^[ \t]*(?:[$#>] )?(?:[A-Z_]+=\S+ )*(?:(?:sudo|uv|uvx) )?"
    r"(?:vllm serve|python3? -m|pip3? install"
    r"|huggingface-cli|hf download|docker run|lm_eval|git clone|llama-(?:cli|server)|mlx_lm"
    r"|sglang|text-generation-launcher|accelerate launch|curl|ollama|export )\b",
    re.MULTILINE,
)


#: Fields of nodes that hold no others but operators and contexts.
_NO_NODES = frozenset(
    {
        *("ctx", "op", "ops", "id", "attr", "kind", "type_comment", "module", "level", "asname"),
        *("conversion", "simple", "is_async", "rest"),
    }
)


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Why code is no Python.

    Attributes:
        line: of the code, from 1.
        said: the parser's words.
    """

    line: int
    said: str


class Parsed(msgspec.Struct, frozen=True, kw_only=True):
    """Python code read.

    Attributes:
        tree: of the code; none where it does not parse or is too large.
        problem: why it does not parse; none where it does, and where nothing can be said.
    """

    tree: ast.Module | None = None
    problem: Problem | None = None


class Snippet(msgspec.Struct, frozen=True, kw_only=True):
    """A block of code.

    Attributes:
        code: as it stands on the card.
        kind: what it is written in.
        said: the fence's own word for that, in lower case; empty where there is none.
        parsed: what is known of Python.
    """

    code: Code
    kind: Kind
    said: str = ""
    parsed: Parsed = Parsed()

    @property
    def tree(self) -> ast.Module | None:
        """Of Python that parses."""
        return self.parsed.tree

    def line(self, number: int) -> int:
        """Return the line of the card on which a line of the code stands, both from 1."""
        return self.code.line + number - 1


@kept
def snippets(document: Document) -> tuple[Snippet, ...]:
    """Return the blocks of code of a card, in order."""
    return tuple(_snippet(document, code) for code in document.codes)


def _snippet(document: Document, code: Code) -> Snippet:
    said = _language(document, code)
    if said in _PYTHON:
        return Snippet(code=code, kind="python", said=said, parsed=parse(code.text))
    if said in _SHELL:
        return Snippet(code=code, kind="shell", said=said)
    if said:
        return Snippet(code=code, kind="other", said=said)
    if _IMPORT.search(code.text):
        found = parse(code.text)
        if found.tree is not None:
            return Snippet(code=code, kind="python", parsed=found)
    return Snippet(code=code, kind="shell" if _COMMAND.search(code.text) else "other")


def _language(document: Document, code: Code) -> str:
    """Return the word behind a fence."""
    if code.language or not code.fenced:
        return code.language
    found = _FENCE.match(document.quote(code.line - 1))
    return found[1].lower() if found else ""


@lru_cache(maxsize=64)
def nodes(tree: ast.AST) -> Mapping[type[ast.AST], Sequence[Any]]:
    """Return the nodes of a tree by their class, in the order of `ast.walk`.

    Operators and contexts are left out. A tree is walked once for all rules.
    """
    every: list[ast.AST] = [tree]
    found: dict[type[ast.AST], list[ast.AST]] = {}
    for node in every:
        kind = type(node)
        if kind in found:
            found[kind].append(node)
        else:
            found[kind] = [node]
        fields = _HOLDING.get(kind)
        if fields is None:
            fields = _HOLDING[kind] = _holding(kind)
        for name in fields:
            value = getattr(node, name, None)
            if not value:
                continue
            if type(value) is list:
                every += [one for one in value if isinstance(one, ast.AST)]
            elif isinstance(value, ast.AST):
                every.append(value)
    return found


_HOLDING: dict[type[ast.AST], tuple[str, ...]] = {}


def _holding(kind: type[ast.AST]) -> tuple[str, ...]:
    """Return the fields of a class of nodes that may hold others."""
    if kind is ast.Constant:
        return ()
    return tuple(name for name in kind._fields if name not in _NO_NODES)


@lru_cache(maxsize=64)
def parse(text: str) -> Parsed:
    """Read Python code as readers of a card do: magics, prompts and blanks to fill in are no error.

    Args:
        text: of the code; warnings of the parser are not shown.
    """
    if len(text) > LONGEST or "\x00" in text:
        return Parsed()
    source = plain(text)
    first = _parsed(source)
    if first.tree is None and _BLANK.search(source):
        second = _parsed(_BLANK.sub(lambda found: "_" * len(found[0]), source))
        return second if second.tree is not None else Parsed()
    return first


def plain(text: str) -> str:
    """Return code without what is no Python by intent, with as many lines.

    That is what stands before prompts with what was printed between them, notebook magics and shell
    commands, and an indentation common to all lines.
    """
    if _PROMPT.search(text):
        text = "\n".join(_typed(line) for line in text.split("\n"))
    lines = (text if _is_even(text) else textwrap.dedent(text)).split("\n")
    for at, line in enumerate(lines):
        bare = line.lstrip()
        if bare.rstrip() == "…":
            lines[at] = line.replace("…", "...")
        if _MAGIC.match(bare) and not _ASSIGNED.match(bare):
            lines[at] = f"{line[: len(line) - len(bare)]}pass"
    return "\n".join(lines)


def _is_even(text: str) -> bool:
    """Say whether code surely has no indentation common to all lines, nor lines of blanks."""
    if not text.isascii() or text[:1].isspace() or text.rstrip("\n")[-1:].isspace():
        return False
    return " \n" not in text and "\t\n" not in text


def _typed(line: str) -> str:
    """Return what was typed at a prompt; empty for what was printed."""
    found = re.match(r"\s*(?:>>>|\.\.\.|In \[\d+\]:) ?", line)
    return line[found.end() :] if found else ""


def _parsed(source: str) -> Parsed:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Parsed(tree=ast.parse(source))
    except SyntaxError as error:
        said = (error.msg or "invalid syntax").partition(" (")[0]
        if _of_this_python(source, said):
            return Parsed()
        return Parsed(problem=Problem(line=error.lineno or 1, said=said))
    except (ValueError, RecursionError, MemoryError, OverflowError):
        return Parsed()


def _of_this_python(source: str, said: str) -> bool:
    """Say whether a newer Python might read what this one does not."""
    if "nested parentheses" in said or "too many" in said:
        return True
    if sys.version_info >= (3, 14):
        return False
    newer = re.search(
        r"^[ \t]*(?:type \w+|(?:def|class) \w+\[|except [\w.]+,)", source, re.MULTILINE
    )
    return bool(newer) or "f-string" in said or re.search(r"\bt[\"']", source) is not None


def spot_in(document: Document, snippet: Snippet, line: int, text: str) -> Spot:
    """Return where a text stands in a snippet's line; the line alone where it does not.

    Args:
        document: the card.
        snippet: of it.
        line: of the code, from 1.
        text: to look for.
    """
    number = snippet.line(line)
    return Spot(number, document.quote(number).find(text) + 1)
