"""Bindings: which names Python code on a card uses, and which it gives a meaning."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator

from hubq.audit.snippets import Snippet, nodes

_GIVEN = frozenset(
    {
        *dir(builtins),
        *("__name__", "__file__", "__doc__", "__path__", "__class__", "__annotations__"),
        *("display", "get_ipython", "exit", "quit", "copyright", "credits", "license"),
        *("In", "Out", "reveal_type", "_", "__"),
    }
)
_WORD = re.compile(r"[A-Za-z_]\w*")
#: Nodes that bind what they call a name; the last of newer Pythons.
_NAMED: tuple[type[ast.AST], ...] = (
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.ExceptHandler, ast.MatchAs),
    ast.MatchStar,
    *(
        getattr(ast, name)
        for name in ("TypeVar", "ParamSpec", "TypeVarTuple")
        if hasattr(ast, name)
    ),
)


def bound(tree: ast.AST) -> set[str]:
    """Return the names that code gives a meaning anywhere in it; `*` where it imports all."""
    found = nodes(tree)
    names = {node.id for node in found.get(ast.Name, ()) if not isinstance(node.ctx, ast.Load)}
    names.update(node.arg for node in found.get(ast.arg, ()))
    for node in found.get(ast.alias, ()):
        names.add((node.asname or node.name).partition(".")[0])
    for kind in _NAMED:
        names.update(node.name or "_" for node in found.get(kind, ()))
    names.update(node.rest or "_" for node in found.get(ast.MatchMapping, ()))
    return names


def used(tree: ast.AST) -> dict[str, ast.Name]:
    """Return the names that code reads, each with its first place in the tree."""
    found: dict[str, ast.Name] = {}
    for node in nodes(tree).get(ast.Name, ()):
        if isinstance(node.ctx, ast.Load):
            found.setdefault(node.id, node)
    return found


def undefined(snippets: tuple[Snippet, ...]) -> Iterator[tuple[Snippet, ast.Name]]:
    """Yield the names that code reads and that neither it nor any code above it defines.

    Code that cannot be read may define every word in it. Nothing is said of pieces of programs:
    before anything was imported, and after everything of a module was.

    Args:
        snippets: of a card, in order.
    """
    known: set[str] = set()
    imported = False
    for snippet in snippets:
        if snippet.tree is None:
            known.update(_WORD.findall(snippet.code.text))
            continue
        known |= bound(snippet.tree)
        imported |= any(isinstance(one, ast.Import | ast.ImportFrom) for one in snippet.tree.body)
        if "*" in known:
            return
        for name, node in used(snippet.tree).items():
            if imported and name not in known and name not in _GIVEN:
                known.add(name)
                yield snippet, node
