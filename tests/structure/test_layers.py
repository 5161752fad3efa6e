"""Imports go down only, third-party packages have one owner, and functions and modules stay small."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "hubq"

LAYERS: list[set[str]] = [
    {"errors", "version"},
    {"model"},
    {"store", "stats", "render", "resources"},
    {"recipes"},
    {"workers", "hub"},
    {"quantize", "evaluate", "bench", "plan"},
    {"runner", "executors", "cards", "audit", "localhub"},
    {"release", "verify"},
    {"cli"},
]
"""From the bottom up; a part imports only what stands below it, and itself."""

FRIENDS = {("runner", "executors")}
"""The runner hands jobs to the executor's port; they are two halves of one layer."""

OWNERS = {
    "click": {"cli"},
    "jinja2": {"render"},
    "huggingface_hub": {"hub"},
    "starlette": {"localhub"},
    "uvicorn": {"localhub"},
    "rich": {"cli"},
    "numpy": {"stats"},
}
BACKENDS = {"torch", "transformers", "gptqmodel", "optimum", "safetensors", "tokenizers", "PIL"}

SOURCES = sorted(p for p in PACKAGE.rglob("*.py") if "side" not in p.parts and "_bundled" not in p.parts)
SIDE = sorted((PACKAGE / "side").glob("*.py"))


def part(path: Path) -> str:
    relative = path.relative_to(PACKAGE)
    return relative.parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            if node.module == "hubq":
                yield from ((f"hubq.{alias.name}", node.lineno) for alias in node.names)
            else:
                yield node.module, node.lineno


def level(name: str) -> int:
    return next(index for index, layer in enumerate(LAYERS) if name in layer)


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_down_only(path: Path) -> None:
    here = part(path)
    if here == "__init__":
        return
    for module, line in imported(path):
        if not module.startswith("hubq."):
            continue
        there = module.split(".")[1]
        allowed = there == here or level(there) < level(here) or (here, there) in FRIENDS
        assert allowed, f"{path.relative_to(ROOT)}:{line}: {here} may not import {there}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_third_party_packages_have_one_owner(path: Path) -> None:
    for module, line in imported(path):
        top = module.split(".")[0]
        place = f"{path.relative_to(ROOT)}:{line}"
        assert top not in BACKENDS, f"{place}: {top} lives in hubq/side only"
        assert part(path) in OWNERS.get(top, {part(path)}), f"{place}: {top} is not for here"


@pytest.mark.parametrize("path", SIDE, ids=lambda p: p.name)
def test_side_scripts_import_nothing_of_hubq(path: Path) -> None:
    assert not [module for module, _ in imported(path) if module.split(".")[0] == "hubq"]


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_hubq_never_imports_side(path: Path) -> None:
    assert not [module for module, _ in imported(path) if module.startswith("hubq.side")]


@pytest.mark.parametrize("path", SOURCES + SIDE, ids=lambda p: str(p.relative_to(ROOT)))
def test_modules_and_functions_stay_small(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            docstring = ast.get_docstring(node, clean=False) or ""
            length = (node.end_lineno or 0) - node.lineno + 1 - docstring.count("\n")
            assert length <= 50, f"{path.relative_to(ROOT)}:{node.lineno}: {node.name}: {length} lines"


@pytest.mark.parametrize("path", sorted((PACKAGE / "cli").glob("*.py")), ids=lambda p: p.name)
def test_command_functions_have_at_most_twenty_lines(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.FunctionDef) or not node.decorator_list:
            continue
        docstring = ast.get_docstring(node, clean=False) or ""
        body = (node.end_lineno or 0) - node.lineno - docstring.count("\n")
        decorators = " ".join(ast.unparse(d) for d in node.decorator_list)
        if "command" in decorators:
            assert body <= 20, f"{path.name}:{node.lineno}: {node.name}: {body} lines"
