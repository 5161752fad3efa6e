"""Run the code of several fences as one program, in turn: what a reader who pastes them does.

    python side/snippet_driver.py SPEC.json

The spec: `program`, the file that holds all of it; `fences`, for each one `code`, `line` (how many
lines of the program stand above it), `out` and `err` (the files that its output goes to); `reply`,
the file that gets a line of JSON as each one begins and ends. The code runs as `__main__`, in one
set of names. What fails ends the program, as it would for a reader.

Libraries write to the same output. What the code itself prints is told apart by who calls `print`.
"""

from __future__ import annotations

import builtins
import contextlib
import ctypes
import json
import os
import sys
import time
import traceback
import types
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

FAILED = 1
#: So much of what a fence prints is told, in characters.
MOST_TOLD = 2000


def main(arguments: Sequence[str]) -> int:
    """Run the fences; return the exit status."""
    spec = json.loads(Path(arguments[0]).read_bytes())
    program = Path(spec["program"])
    module = types.ModuleType("__main__")
    module.__file__ = str(program)
    sys.modules["__main__"] = module
    sys.argv = [program.name]
    sys.path[0] = str(program.parent)
    reply = Path(spec["reply"])
    heard = listen(module)
    for number, fence in enumerate(spec["fences"]):
        _redirect(fence)
        _say(reply, {"fence": number, "state": "began"})
        began = time.monotonic()
        said = attempt(fence["code"], fence["line"], program.name, module)
        _flush()
        seconds = round(time.monotonic() - began, 3)
        printed = "".join(heard)[:MOST_TOLD]
        heard.clear()
        _say(reply, {"fence": number, "seconds": seconds, "printed": printed, **said})
        if said["state"] != "ran" or said.get("left"):
            return FAILED if said["state"] != "ran" else 0
    return 0


def attempt(code: str, line: int, name: str, module: types.ModuleType) -> dict[str, Any]:
    """Run some code in a module's names; return what became of it.

    Args:
        code: the code.
        line: how many lines of the program stand above it.
        name: of the program.
        module: whose names it sees and makes.
    """
    try:
        compiled = compile("\n" * line + code, name, "exec", dont_inherit=True)
        exec(compiled, module.__dict__)  # noqa: S102 - that is what is asked for
    except SystemExit as left:
        if left.code in (None, 0):
            return {"state": "ran", "left": True}
        return {"state": "failed", "error": f"it left with {left.code!r}"}
    except BaseException as error:
        _explain(error)
        return {"state": "failed", "error": _words(error)}
    return {"state": "ran"}


def listen(module: types.ModuleType) -> list[str]:
    """Return a list that gets what code of a module prints to the standard output."""
    heard: list[str] = []
    write: Callable[..., None] = builtins.print

    def print_(*values: object, sep: str | None = " ", end: str | None = "\n", **more: Any) -> None:
        write(*values, sep=sep, end=end, **more)
        if sys._getframe(1).f_globals is module.__dict__ and more.get("file") is None:  # noqa: SLF001
            between = " " if sep is None else sep
            heard.append(between.join(map(str, values)) + ("\n" if end is None else end))

    builtins.print = print_
    return heard


def _explain(error: BaseException) -> None:
    """Write the traceback as a reader would see it, without this program's part."""
    trace = error.__traceback__
    traceback.print_exception(type(error), error, trace.tb_next if trace else None)


def _words(error: BaseException) -> str:
    first = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    name = type(error).__name__
    if isinstance(error, MemoryError) or "out of memory" in first.lower():
        return f"memory ran out: {first or name}"
    return f"{name}: {first}" if first else name


def _redirect(fence: Mapping[str, Any]) -> None:
    _flush()
    for number, path in ((1, fence["out"]), (2, fence["err"])):
        target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(target, number)
        os.close(target)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):  # a snippet may have closed or replaced it
            stream.flush()
    ctypes.CDLL(None).fflush(None)


def _say(path: Path, said: Mapping[str, Any]) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(said) + "\n")


if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.exit(status)
