"""What packages can be asked for by `from PACKAGE import NAME`, over their releases.

Reads wheels from a folder, as `pip download --no-deps PACKAGE==VERSION` puts them there, and single
files of what is too large or has no wheels from a package index:
`python -m hubq.audit.known.making.exports [FOLDER]`. What is not read stays in the table as it is.
Too many names do no harm, too few would: every name that a module binds, every text in it that
could be a name, and every module beside it count.
"""

from __future__ import annotations

import argparse
import ast
import datetime as dt
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from hubq.audit.known.making.index import INDEX, Archive, File, Index
from hubq.audit.known.making.sources import exported, parsed, quoted
from hubq.audit.known.versions import Version, readable

TABLE = Path(__file__).resolve().parent.parent / "tables" / "exports.json"
#: Modules whose names are read from wheels in a folder; those of one distribution lie in one wheel.
MODULES = (
    *("transformers", "auto_gptq", "awq", "peft", "qwen_vl_utils", "llmcompressor"),
    *("llmcompressor.transformers", "llmcompressor.modifiers.quantization", "mlx_lm", "mlx_vlm"),
    *("llmcompressor.modifiers.awq", "llmcompressor.modifiers.smoothquant", "huggingface_hub"),
    *("accelerate", "auto_round", "compressed_tensors", "datasets", "lm_eval"),
)
#: Modules whose names are read from every release on an index, by package.
ON_INDEX = {
    "vllm": ("vllm", "vllm.sampling_params", "vllm.lora.request", "vllm.assets.image"),
    "gptqmodel": ("gptqmodel", "gptqmodel.quantization", "gptqmodel.utils.eval"),
    "optimum": ("optimum.gptq", "optimum.bettertransformer"),
    "auto-gptq": ("auto_gptq",),
}
#: Names of releases that no index has, and the last of those: the tags v0.9.* of its repository.
EARLIER = {"gptqmodel": {"Backend": "0.9.4"}}
_WHEEL = re.compile(r"(?P<name>[\w.]+)-(?P<version>[^-]+)-.*\.whl")
_DEPTH = 6
#: Finds its names by itself: until 4.52 its top lists them all, since then each module its own.
_LAZY = "transformers"
_LARGE = 100_000


class Names:
    """The names of modules in one release.

    Args:
        archive: its wheel or sources.
    """

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._paths = set(archive.names)

    def of(self, module: str, depth: int = 0) -> set[str] | None:
        """Return the names of a module; none where it is not there, or takes names from outside."""
        path = module.replace(".", "/")
        package = f"{path}/__init__.py" in self._paths
        file = f"{path}/__init__.py" if package else f"{path}.py"
        if file not in self._paths or depth > _DEPTH:
            return None
        text = self._archive.text(file)
        found = set(quoted(text))
        if module == _LAZY:
            named = re.findall(r"^ +(\w+),$|import (\w+)$", text, re.MULTILINE)
            found |= {one for pair in named for one in pair if one}
            return found | set(self._beside(path)) | self._listed(module, text)
        for node in ast.walk(parsed(text)):
            names = self._of_node(node, module, depth, package=package)
            if names is None:
                return None
            found |= names
        return found | (set(self._beside(path)) if package else set())

    def _of_node(self, node: ast.AST, module: str, depth: int, *, package: bool) -> set[str] | None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            return {node.name}
        if isinstance(node, ast.Name):
            return {node.id}
        if isinstance(node, ast.Import):
            return {(one.asname or one.name).partition(".")[0] for one in node.names}
        if not isinstance(node, ast.ImportFrom):
            return set()
        if all(one.name != "*" for one in node.names):
            return {one.asname or one.name for one in node.names}
        above = module.split(".") if package else module.split(".")[:-1]
        above = above[: len(above) - node.level + 1] if node.level else []
        return self.of(".".join([*above, node.module or ""]).strip("."), depth + 1)

    def _beside(self, path: str) -> Iterator[str]:
        """Yield the modules of a package."""
        for one in self._paths:
            if one.startswith(f"{path}/"):
                yield one[len(path) + 1 :].partition("/")[0].partition(".")[0]

    def _listed(self, package: str, top: str) -> set[str]:
        """Return the names in every `__all__` of a package whose top does not list them all."""
        found: set[str] = set()
        if len(top) > _LARGE:
            return found
        for path in self._paths:
            if path.startswith(f"{package}/") and path.endswith(".py"):
                text = self._archive.text(path)
                if "__all__" in text:
                    found.update(exported(text))
        return found


def read(folder: Path) -> dict[str, Any]:
    """Return module -> what releases export, of the wheels in a folder.

    For each module: the oldest and the newest release that were read, the names of the newest, and
    for each name that is no longer there the last release that had it.
    """
    wheels = [(found, path) for path in folder.glob("*.whl") if (found := _WHEEL.match(path.name))]
    wheels = [(found, path) for found, path in wheels if readable(found["version"])]
    wheels.sort(key=lambda pair: Version.of(pair[0]["version"]))
    return _table(((found["version"], _near(path)) for found, path in wheels), MODULES)


def look_up(index: Index, package: str) -> dict[str, Any]:
    """Return the same of every release of a package on an index, of which single files are read.

    Raises:
        OSError: the index does not answer.
    """
    releases = sorted((one for one in index.releases(package) if readable(one)), key=Version.of)
    with ThreadPoolExecutor(4) as pool:
        archives = pool.map(lambda release: index.archive(package, release), releases)
        found = [pair for pair in zip(releases, archives, strict=True) if pair[1] is not None]
    return _table(found, ON_INDEX[package])


def _near(path: Path) -> Archive:
    file = File(filename=path.name, url=str(path), size=path.stat().st_size)
    return Archive(file, lambda url, _: Path(url).read_bytes(), whole=True)


def _table(
    archives: Iterable[tuple[str, Archive | None]], modules: tuple[str, ...]
) -> dict[str, Any]:
    """Return what is told of some modules, given releases from the oldest on."""
    seen: dict[str, dict[str, str]] = {}
    releases: dict[str, list[str]] = {}
    for release, archive in archives:
        names = Names(archive) if archive else None
        for module in modules:
            of_module = names.of(module) if names else None
            if of_module is not None:
                releases.setdefault(module, []).append(release)
                known = seen.setdefault(module, dict(EARLIER.get(module, {})))
                known.update(dict.fromkeys(of_module, release))
    return {module: _told(seen[module], releases[module]) for module in modules if module in seen}


def _told(seen: dict[str, str], releases: list[str]) -> dict[str, Any]:
    """Return what is told of one module: name -> last release, put the short way."""
    now = sorted(name for name, last in seen.items() if last == releases[-1])
    gone: dict[str, list[str]] = {}
    for name, last in sorted(seen.items()):
        if last != releases[-1]:
            gone.setdefault(last, []).append(name)
    return {
        "oldest": releases[0],
        "newest": releases[-1],
        "names": " ".join(now),
        "gone": {last: " ".join(names) for last, names in gone.items()},
    }


def make(arguments: Sequence[str] | None = None) -> None:
    """Make the table of what packages export.

    Args:
        arguments: of the command; those that it was started with by default.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="where wheels lie")
    parser.add_argument("--index", default=INDEX, help="a package index (default: %(default)s)")
    parser.add_argument("--only", nargs="*", default=list(ON_INDEX), help="packages on the index")
    parser.add_argument("--output", type=Path, default=TABLE, help="the table")
    options = parser.parse_args(arguments)
    before = json.loads(options.output.read_text()) if options.output.is_file() else {}
    modules = before.get("modules", {}) | (read(options.folder) if options.folder else {})
    index = Index(options.index)
    for package in options.only:
        modules |= look_up(index, package)
    today = dt.datetime.now(dt.UTC).date().isoformat()
    table = {"made": today, "source": "https://pypi.org", "modules": modules}
    options.output.write_text(json.dumps(table, indent=0) + "\n")


if __name__ == "__main__":
    make()
