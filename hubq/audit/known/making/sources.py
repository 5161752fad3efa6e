"""Python sources: names and values read from them, without running anything."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator

_ALL = re.compile(r"^__all__ = \[(.*?)\]", re.MULTILINE | re.DOTALL)
_QUOTED = re.compile(r"[\"']([A-Za-z]\w*)[\"']")


def parsed(text: str) -> ast.Module:
    """Return a module's syntax tree; an empty one for what does not parse."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text)
        except SyntaxError:
            return ast.Module(body=[], type_ignores=[])


def assigned(tree: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Yield the names and values of every assignment to a plain name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    yield target.id, node.value
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            yield node.target.id, node.value


def keys(value: ast.AST) -> Iterator[str]:
    """Yield the text keys of dicts within a value, and the first text of pairs in lists."""
    for node in ast.walk(value):
        if isinstance(node, ast.Dict):
            for key in node.keys:
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield key.value
        elif isinstance(node, ast.Tuple) and len(node.elts) == 2:
            first = node.elts[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value


def exported(text: str) -> Iterator[str]:
    """Yield the names in a module's `__all__`, where that is written as one list."""
    for found in _ALL.finditer(text):
        yield from _QUOTED.findall(found[1])


def quoted(text: str) -> Iterator[str]:
    """Yield every name that stands between quotes."""
    yield from _QUOTED.findall(text)
