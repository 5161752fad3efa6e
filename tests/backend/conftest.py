"""The real thing: `hubq demo` as a user runs it, once for all tests here."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

PROGRAM = [sys.executable, "-m", "hubq.cli"]
ROOT = Path(__file__).parents[2]


class Demo(msgspec.Struct, frozen=True):
    """A finished demo: its runs folder and what it printed."""

    runs: Path
    stdout: str
    stderr: str


def hubq(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the program in a folder, without any token of the user's."""
    environment = {k: v for k, v in os.environ.items() if "TOKEN" not in k}
    environment["PYTHONPATH"] = str(ROOT)
    return subprocess.run(
        [*PROGRAM, *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """Return a finished demo."""
    folder = tmp_path_factory.mktemp("demo")
    done = hubq("demo", cwd=folder)
    assert done.returncode == 0, done.stderr[-3000:]
    return Demo(folder / "hubq-demo", done.stdout, done.stderr)
