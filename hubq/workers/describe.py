"""What an interpreter holds and what machine it runs on, asked of `side/describe.py` in it."""

from __future__ import annotations

import functools
import os
import subprocess
import tempfile
from pathlib import Path

import msgspec

from hubq.errors import EnvironmentProblem
from hubq.model.environment import Hardware, Installed
from hubq.workers.specs import SIDE
from hubq.workers.variables import worker_environ

SCRIPT = SIDE / "describe.py"
#: How long an interpreter may take to import everything, in seconds.
TIMEOUT_S = 600


def describe_installed(interpreter: Path) -> Installed:
    """Return the Python and packages of an interpreter; nothing installed is imported.

    It is asked again when a package came or went since.

    Raises:
        EnvironmentProblem: it does not run.
    """
    folders = interpreter.parent.parent.glob("lib/python*/site-packages")
    stamps = tuple(sorted((str(path), path.stat().st_mtime_ns) for path in folders))
    ask = _installed if stamps else _installed.__wrapped__
    return ask(interpreter, stamps)


@functools.lru_cache(maxsize=32)
def _installed(interpreter: Path, _stamps: tuple[tuple[str, int], ...]) -> Installed:
    return msgspec.json.decode(_ask(interpreter, "packages"), type=Installed)


@functools.lru_cache(maxsize=32)
def describe_hardware(interpreter: Path) -> Hardware:
    """Return the machine that an interpreter runs on; it is asked once.

    Raises:
        EnvironmentProblem: the interpreter does not run.
    """
    return msgspec.json.decode(_ask(interpreter, "hardware"), type=Hardware)


def failing_imports(
    interpreter: Path, modules: tuple[str, ...], variables: dict[str, str]
) -> dict[str, str]:
    """Import modules in an interpreter and return why those that do not import fail.

    Raises:
        EnvironmentProblem: the interpreter does not run or dies on the way.
    """
    said = _ask(interpreter, "imports", *modules, variables=variables)
    found = msgspec.json.decode(said, type=dict[str, str])
    return {name: why[7:] for name, why in found.items() if why.startswith("error: ")}


def _ask(interpreter: Path, *arguments: str, variables: dict[str, str] | None = None) -> str:
    command = [str(interpreter), "-I", str(SCRIPT), *arguments]
    with tempfile.TemporaryDirectory(prefix="hubq-") as scratch:
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                cwd=scratch,
                env=worker_environ(variables or {}, scratch=Path(scratch), base=os.environ),
                timeout=TIMEOUT_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise EnvironmentProblem(
                f"{interpreter}: does not run as a Python interpreter: {error}",
                remedy="Build the environment again (`hubq env build`), or name another one.",
            ) from error
    if done.returncode != 0 or not done.stdout.strip():
        tail = "\n".join(f"  {line}" for line in done.stderr.splitlines()[-8:])
        raise EnvironmentProblem(
            f"{interpreter}: failed to describe itself (exit status {done.returncode}):\n{tail}",
            remedy="Build the environment again with `hubq env build`.",
        )
    return done.stdout.strip().splitlines()[-1]
