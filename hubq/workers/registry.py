"""Which script does which kind of stage, and in which environment: a table.

Reading it imports nothing heavy. A program's digest is taken of the files that can change what it
does: `main.py`, the script, and every helper in side/ that they import or name (`"helper.py"` of a
program to start, `"helper.Class"` of what another process is to import), directly or not.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import re
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from hubq.errors import BadInput
from hubq.model.codec import digest as digest_of
from hubq.workers.specs import SIDE

Role: TypeAlias = Literal["quantize", "inference", "vllm", "harness", "bench", "snippets"]

_NAMED = re.compile(r"(\w+)\.(?:py|[A-Z]\w*)")
"""A helper that is named in a string: the program `helper.py`, or `helper.Class`."""


class Worker(msgspec.Struct, frozen=True, kw_only=True):
    """A script that does a kind of stage.

    Attributes:
        kind: of the stage: `quantize`, `certify`, `generate`, `bench`, `card` (its snippets).
        backend: the library that does it.
        environment: the name of the environment it runs in, unless a recipe names another.
        role: processes are shared only within one.
        fresh: whether each job gets a process of its own.
    """

    kind: str
    backend: str
    environment: str
    role: Role
    fresh: bool = False

    @property
    def script(self) -> str:
        """The script's name, `<kind>_<backend>` with underscores: a file in side/."""
        return f"{self.kind}_{self.backend}".replace("-", "_")


WORKERS: tuple[Worker, ...] = (
    Worker(kind="quantize", backend="gptqmodel", environment="gptqmodel", role="quantize"),
    Worker(kind="quantize", backend="optimum", environment="gptqmodel", role="quantize"),
    Worker(kind="quantize", backend="autogptq", environment="legacy", role="quantize"),
    Worker(kind="quantize", backend="autoawq", environment="legacy", role="quantize"),
    Worker(kind="quantize", backend="llmcompressor", environment="llmcompressor", role="quantize"),
    Worker(kind="certify", backend="transformers", environment="gptqmodel", role="inference"),
    Worker(kind="certify", backend="vllm", environment="vllm", role="vllm"),
    Worker(kind="generate", backend="transformers", environment="gptqmodel", role="inference"),
    Worker(kind="generate", backend="fidelity", environment="gptqmodel", role="inference"),
    Worker(kind="generate", backend="vllm", environment="vllm", role="vllm"),
    Worker(kind="generate", backend="lm-eval", environment="lm-eval", role="harness", fresh=True),
    Worker(
        kind="generate", backend="lmms-eval", environment="lmms-eval", role="harness", fresh=True
    ),
    Worker(
        kind="generate",
        backend="vlmevalkit",
        environment="vlmevalkit",
        role="harness",
        fresh=True,
    ),
    Worker(kind="bench", backend="transformers", environment="gptqmodel", role="bench", fresh=True),
    Worker(kind="bench", backend="vllm", environment="vllm", role="bench", fresh=True),
    Worker(kind="card", backend="transformers", environment="gptqmodel", role="snippets"),
    Worker(kind="card", backend="vllm", environment="vllm", role="snippets"),
)


def worker_for(kind: str, backend: str, table: tuple[Worker, ...] = WORKERS) -> Worker:
    """Return the worker for a kind of stage and a backend.

    Raises:
        BadInput: there is none; the message lists the backends of that kind.
    """
    for worker in table:
        if (worker.kind, worker.backend) == (kind, backend):
            return worker
    known = ", ".join(worker.backend for worker in table if worker.kind == kind)
    raise BadInput(f"no worker does {kind} with {backend!r}; backends for {kind}: {known or '-'}")


def program_digest(worker: Worker, side: Path = SIDE) -> str:
    """Return the digest of a worker's program: names and contents of its files, 64 hex digits.

    Raises:
        FileNotFoundError: the script is missing.
    """
    files = program_files(worker, side)
    return digest_of({path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files})


def program_files(worker: Worker, side: Path = SIDE) -> tuple[Path, ...]:
    """Return the files of side/ that a worker's program is made of, sorted by name."""
    found: set[Path] = set()
    ahead = [side / "main.py", side / f"{worker.script}.py"]
    while ahead:
        path = ahead.pop()
        if path not in found:
            found.add(path)
            ahead += [side / f"{name}.py" for name in _imports(path.read_bytes())]
            ahead = [path for path in ahead if path.is_file() or path.stem == worker.script]
    return tuple(sorted(found))


@functools.cache
def _imports(source: bytes) -> frozenset[str]:
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names |= {found[1] for found in [_NAMED.fullmatch(node.value)] if found}
    return frozenset(names)
