from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec

from hubq.model.environment import Hardware, Installed

SIDE = Path(__file__).resolve().parents[2] / "hubq" / "side"


def ask(*arguments: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-I", str(SIDE / "describe.py"), *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_packages_are_described_with_versions_and_hashes() -> None:
    installed = msgspec.convert(ask("packages"), Installed)
    assert installed.python == ".".join(str(part) for part in sys.version_info[:3])
    assert installed.version("msgspec") == msgspec.__version__
    names = [package.name for package in installed.packages]
    assert names == sorted(set(names))
    (described,) = [package for package in installed.packages if package.name == "msgspec"]
    assert len(described.sha256) == 64


def test_the_machine_is_described() -> None:
    hardware = msgspec.convert(ask("hardware"), Hardware)
    assert hardware.cores >= 1
    assert hardware.threads >= 1
    assert hardware.memory_bytes > 1 << 28
    assert hardware.cpu
    assert hardware.kernel.split()[0] in {"Linux", "Darwin"}


def test_what_does_not_import_is_said_with_its_reason() -> None:
    found = ask("imports", "json", "no_such_module")
    assert found["json"]
    assert found["no_such_module"].startswith("error: ModuleNotFoundError: ")


def test_wrong_use_has_status_2() -> None:
    command = [sys.executable, "-I", str(SIDE / "describe.py"), "everything"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 2
