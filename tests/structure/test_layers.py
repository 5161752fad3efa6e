"""Imports go down only, packages have one owner, functions and modules stay small."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "hubq"

LAYERS: list[set[str]] = [
    {"errors", "secrets", "units", "version"},
    {"model"},
    {"store", "stats", "render", "resources", "markdown"},
    {"recipes"},
    {"workers", "hub", "attest"},
    {"quantize", "evaluate", "bench", "plan"},
    {"runner", "executors", "cards", "localhub"},
    {"verify"},
    {"release", "audit"},
    {"preview"},
    {"cli"},
]
"""From the bottom up; a part imports only what stands below it, and itself."""

FRIENDS = {("runner", "executors")}
"""The runner hands jobs to the executor's port; they are two halves of one layer."""

OWNERS = {
    "click": {"cli"},
    "jinja2": {"render"},
    "huggingface_hub": {"hub"},
    "httpx2": {"hub"},
    "starlette": {"localhub", "preview"},
    "uvicorn": {"localhub"},
    "rich": {"cli"},
    "numpy": {"stats", "quantize", "evaluate"},
    "PIL": {"quantize", "evaluate"},
    "pyarrow": {"quantize", "evaluate"},
    "matplotlib": {"cards"},
    "uv": {"workers"},
    "model_signing": {"attest"},
    "cyclonedx": {"attest"},
    "cryptography": {"attest"},
    "sigstore": {"attest"},
}
BACKENDS = {
    *("torch", "transformers", "gptqmodel", "optimum", "safetensors", "tokenizers"),
    *("llmcompressor", "compressed_tensors", "auto_gptq", "awq", "vllm"),
}

BODIES = ("body", "orelse", "finalbody", "handlers", "cases")
"""Where a statement holds others."""

SIDE = sorted((PACKAGE / "side").glob("*.py"))
SOURCES = sorted(set(PACKAGE.rglob("*.py")) - set(SIDE) - set(PACKAGE.glob("_bundled/**/*.py")))


@functools.cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def part(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def where(path: Path, line: int) -> str:
    return f"{path.relative_to(ROOT)}:{line}"


@functools.cache
def statements(path: Path) -> tuple[ast.stmt, ...]:
    """All statements of a module, however deep; expressions hold none."""
    found: list[ast.stmt] = []
    left: list[ast.AST] = [tree(path)]
    while left:
        node = left.pop()
        for name in BODIES:
            left += getattr(node, name, ())
        if isinstance(node, ast.stmt):
            found.append(node)
    return tuple(found)


def imports(path: Path) -> Iterator[tuple[str, int]]:
    for node in statements(path):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "hubq":
            yield from ((f"hubq.{alias.name}", node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, node.lineno


def level(name: str) -> int:
    return next(index for index, layer in enumerate(LAYERS) if name in layer)


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    docstring = ast.get_docstring(node, clean=False) or ""
    return (node.end_lineno or 0) - node.lineno + 1 - docstring.count("\n")


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in statements(path):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_imports_go_down_only() -> None:
    wrong = []
    for path in SOURCES:
        here = part(path)
        for module, line in imports(path):
            if not module.startswith("hubq.") or here == "__init__":
                continue
            there = module.split(".")[1]
            down = there == here or level(there) < level(here) or (here, there) in FRIENDS
            wrong += [] if down else [f"{where(path, line)}: {here} may not import {there}"]
    assert not wrong


def test_third_party_packages_have_one_owner() -> None:
    wrong = []
    for path in SOURCES:
        for module, line in imports(path):
            top = module.split(".")[0]
            if top in BACKENDS or part(path) not in OWNERS.get(top, {part(path)}):
                wrong.append(f"{where(path, line)}: {top} is not for here")
    assert not wrong


def test_hubq_and_its_side_scripts_never_import_each_other() -> None:
    inside = [where(p, n) for p in SIDE for m, n in imports(p) if m.split(".")[0] == "hubq"]
    outside = [where(p, n) for p in SOURCES for m, n in imports(p) if m.startswith("hubq.side")]
    assert not inside + outside


def test_there_are_no_import_cycles() -> None:
    names = {path: ".".join(path.relative_to(ROOT).with_suffix("").parts) for path in SOURCES}
    known = {name.removesuffix(".__init__"): path for path, name in names.items()}
    edges: dict[str, set[str]] = {}
    for path, name in names.items():
        body = (node for node in tree(path).body if isinstance(node, ast.ImportFrom))
        found = {node.module for node in body if node.module in known}
        edges[name] = {target for target in found if target and target != name}
    seen: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, f"a cycle: {' -> '.join((*above, name))}"
        if name not in seen:
            for target in sorted(edges.get(name, ())):
                visit(target, (*above, name))
            seen.add(name)

    for name in sorted(edges):
        visit(name, ())


def test_modules_have_at_most_four_hundred_lines() -> None:
    sizes = {path: path.read_text(encoding="utf-8").count("\n") for path in SOURCES + SIDE}
    assert not {where(path, 1): size for path, size in sizes.items() if size > 400}


def test_functions_have_at_most_fifty_lines() -> None:
    long = {where(p, n.lineno): length(n) for p in SOURCES + SIDE for n in functions(p)}
    assert not {place: size for place, size in long.items() if size > 50}
    assert sorted(long.values())[int(len(long) * 0.9)] <= 35


def test_command_functions_have_at_most_twenty_lines() -> None:
    for path in sorted((PACKAGE / "cli").glob("*.py")):
        for node in functions(path):
            if any("command" in ast.unparse(d) for d in node.decorator_list):
                assert length(node) - 1 <= 20, where(path, node.lineno)


def test_everything_public_is_documented() -> None:
    bare = []
    for path in SOURCES + SIDE:
        if not ast.get_docstring(tree(path)):
            bare.append(where(path, 1))
        for node in tree(path).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name[0] != "_":
                bare += [] if ast.get_docstring(node) else [where(path, node.lineno)]
    assert not bare
