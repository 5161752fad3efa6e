"""Make the tables of known releases: `python -m hubq.audit.known.making --help`."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import logging
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from hubq.audit.known.making import engine, transformers
from hubq.audit.known.making.index import INDEX, Index
from hubq.audit.known.making.spans import spans
from hubq.audit.known.versions import Version, readable

TABLES = Path(__file__).resolve().parent.parent / "tables"
#: Packages whose releases are listed with their days, and nothing else.
PACKAGES = (
    *("accelerate", "auto-gptq", "auto-round", "autoawq", "autoawq-kernels", "bitsandbytes"),
    *("compressed-tensors", "datasets", "exllamav2", "flash-attn", "gptqmodel", "hqq"),
    *("huggingface-hub", "llmcompressor", "lm-eval", "mlx-lm", "mlx-vlm", "nvidia-modelopt"),
    *("optimum", "peft", "sglang", "tokenizers", "torch", "torchao", "transformers", "vllm"),
    *("qwen-vl-utils", "xformers", "triton", "safetensors", "sentencepiece", "torchvision"),
)
ENGINES = ("vllm", "sglang")
#: What the engines' releases say of these is kept.
PINNED = ("torch", "transformers", "compressed-tensors")
_NEED = re.compile(r"^Requires-Dist: ([\w.-]+) ?\(?([^;)\n]*)\)?(;.*)?$", re.MULTILINE)
_LOG = logging.getLogger("known")


def main() -> None:
    """Make the tables that are asked for."""
    parser = argparse.ArgumentParser(prog="python -m hubq.audit.known.making", description=__doc__)
    parser.add_argument("--index", default=INDEX, help="a package index (default: %(default)s)")
    parser.add_argument("--output", type=Path, default=TABLES, help="folder for the tables")
    parser.add_argument("--only", nargs="*", default=["packages", "transformers", *ENGINES])
    parser.add_argument(
        "--torch-builds",
        type=Path,
        help="a clone of github.com/replicate/cog; makes the table of CUDA builds of torch",
    )
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    index = Index(options.index)
    makers = {"packages": _packages, "transformers": _transformers}
    makers |= {name: partial(_engine, package=name) for name in ENGINES}
    options.output.mkdir(parents=True, exist_ok=True)
    for name in options.only:
        _write(options.output / f"{name}.json", makers[name](index))
    if options.torch_builds:
        _write(options.output / "torch.json", _torch(options.torch_builds))


def _write(path: Path, table: dict[str, Any]) -> None:
    today = dt.datetime.now(dt.UTC).date().isoformat()
    text = json.dumps({"made": today, **table}, indent=0, sort_keys=False)
    path.write_text(text + "\n")
    _LOG.info("%s: %d bytes", path.name, len(text))


def _numbered(index: Index, package: str) -> dict[str, str]:
    """Return the releases of a package whose versions can be read, in order."""
    found = {one: day for one, day in index.releases(package).items() if readable(one)}
    return dict(sorted(found.items(), key=lambda pair: Version.of(pair[0])))


def _packages(index: Index) -> dict[str, Any]:
    return {
        "source": "upload times of the packages' first files, as the package index gives them",
        "packages": {name: _numbered(index, name) for name in PACKAGES},
    }


def _transformers(index: Index) -> dict[str, Any]:
    oldest = Version.of(transformers.OLDEST)
    releases = [one for one in _numbered(index, "transformers") if Version.of(one) >= oldest]

    def read(release: str) -> transformers.Known | None:
        archive = index.archive("transformers", release, whole=True)
        _LOG.info("transformers %s", release)
        return transformers.known(archive) if archive else None

    found = {one: value for one, value in _each(read, releases) if value is not None}
    listed = frozenset[str]().union(*(value.model_types for value in found.values()))
    types = {one: value.model_types | (value.folders & listed) for one, value in found.items()}
    return {
        "source": "https://pypi.org/project/transformers/#history",
        "oldest": transformers.OLDEST,
        "releases": list(found),
        "model_types": _spans(types),
        "classes": _spans({one: value.classes for one, value in found.items()}),
        "methods": _spans({one: value.methods for one, value in found.items()}),
    }


def _engine(index: Index, package: str) -> dict[str, Any]:
    releases = list(_numbered(index, package))

    def read(release: str) -> tuple[engine.Known, dict[str, str]] | None:
        archive = index.archive(package, release, whole=package == "sglang")
        _LOG.info("%s %s", package, release)
        return (engine.known(archive), _needs(archive.metadata)) if archive else None

    found = {one: value for one, value in _each(read, releases) if value is not None}
    return {
        "source": f"https://pypi.org/project/{package}/#history",
        "oldest": next(iter(found)),
        "releases": list(found),
        "architectures": _spans({one: value[0].architectures for one, value in found.items()}),
        "methods": _spans({one: value[0].methods for one, value in found.items()}),
        "capabilities": _capabilities({one: value[0].methods for one, value in found.items()}),
        "needs": {one: value[1] for one, value in found.items()},
    }


def _each(read: Any, releases: list[str]) -> list[tuple[str, Any]]:
    with ThreadPoolExecutor(4) as pool:
        return list(zip(releases, pool.map(read, releases), strict=True))


def _spans(found: dict[str, Any]) -> dict[str, Any]:
    built: dict[str, Any] = msgspec.to_builtins(spans(found))
    return built


def _capabilities(found: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    """Return method -> release since when -> least compute capability."""
    changes: dict[str, dict[str, int]] = {}
    for release, methods in found.items():
        for method, least in methods.items():
            before = changes.setdefault(method, {})
            if next(reversed(before.values()), None) != least:
                before[release] = least
    return dict(sorted(changes.items()))


def _needs(metadata: str) -> dict[str, str]:
    """Return what a release needs of some packages, as its metadata says it."""
    needs: dict[str, str] = {}
    for name, wanted, condition in _NEED.findall(metadata):
        said = name.lower().replace("_", "-")
        if said in PINNED and "extra" not in condition and wanted.strip():
            needs.setdefault(said, wanted.strip().replace(" ", ""))
    return needs


def _torch(clone: Path) -> dict[str, Any]:
    """Return torch release -> CUDA versions that it was built for."""
    path = "pkg/config/torch_compatibility.json"
    commit = _git(clone, "rev-parse", "HEAD").strip()
    builds: dict[str, set[str]] = {}
    for row in json.loads(_git(clone, "show", f"HEAD:{path}")):
        if row["CUDA"]:
            builds.setdefault(row["Torch"].partition("+")[0], set()).add(row["CUDA"])
    ordered = sorted(builds, key=Version.of)
    return {
        "source": f"https://github.com/replicate/cog/blob/{commit}/{path}",
        "builds": {one: sorted(builds[one], key=Version.of) for one in ordered},
    }


def _git(clone: Path, *words: str) -> str:
    command = ["git", "-C", str(clone), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()
