"""A package small enough to install in a test, and a store that knows how to build it."""

from __future__ import annotations

import base64
import hashlib
import os
import sys
import zipfile
from pathlib import Path

import msgspec

from hubq.model.environment import EnvironmentSpec
from hubq.workers.environments import EnvironmentStore
from hubq.workers.installer import Installer

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


def make_wheel(folder: Path, name: str, version: str, code: str = "") -> Path:
    """Write a wheel with one module of that name."""
    folder.mkdir(parents=True, exist_ok=True)
    information = f"{name}-{version}.dist-info"
    files = {
        f"{name}/__init__.py": f"__version__ = {version!r}\n{code}",
        f"{information}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{information}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
        record += f"{path},sha256={digest.decode()},{len(text.encode())}\n"
    files[f"{information}/RECORD"] = record + f"{information}/RECORD,,\n"
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return wheel


class Tiny(msgspec.Struct, frozen=True):
    """A tiny environment: its spec, where its wheels lie, and the folders around it."""

    spec: EnvironmentSpec
    wheels: Path
    locks: Path
    root: Path
    cache: Path

    def installer(self, offline: bool = True) -> Installer:
        environ = {
            "PATH": f"{Path(sys.executable).resolve().parent}:/usr/bin:/bin",
            "HOME": os.environ.get("HOME", "/"),
            "UV_CACHE_DIR": str(self.cache),
            "UV_FIND_LINKS": str(self.wheels),
        }
        return Installer(offline=offline, environ=environ, pip_config={})

    def store(self) -> EnvironmentStore:
        return EnvironmentStore(
            self.root, locks=self.locks, installer=lambda _offline: self.installer()
        )

    def lock(self, *wheels: Path) -> None:
        """Write a lock of these wheels."""
        text = ""
        for wheel in wheels:
            name, version = wheel.name.split("-")[:2]
            text += f"{name}=={version} \\\n    --hash=sha256:"
            text += hashlib.sha256(wheel.read_bytes()).hexdigest() + "\n"
        self.locks.mkdir(parents=True, exist_ok=True)
        (self.locks / self.spec.lock).write_text(text, encoding="utf-8")
