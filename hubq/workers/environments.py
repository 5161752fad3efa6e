"""Environments on disk: built by uv from a lock, found by digest, checked, described, removed.

Each lies in `<cache>/environments/<name>-<device>-<digest12>/` with its interpreter in `venv/`. A
virtual environment cannot be moved, so it is built where it stays; `complete.json`, written last,
says that it is whole. One without it is what a killed build left, and is built again from uv's
cache.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from hubq.errors import BadInput, EnvironmentProblem
from hubq.model.codec import digest as digest_of
from hubq.model.codec import pretty
from hubq.model.environment import Device, EnvironmentSpec, EnvironmentStack, Installed
from hubq.resources import cache_folder
from hubq.workers import describe, installation
from hubq.workers.buildlock import build_lock
from hubq.workers.installer import Installer, Progress
from hubq.workers.locking import read_lock
from hubq.workers.specs import LOCKS, install_digest, lock_path, spec_digest

MARKER = "complete.json"
PACKAGES = "packages.json"
FOLDER_DIGITS = 12


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """An environment that workers can run in.

    Attributes:
        name, device: as in its spec.
        digest: what stage keys hold, 64 hex digits.
        interpreter: absolute path of its Python.
        variables: what workers in it start with.
        installed: Python and packages.
        external: whether the user named the interpreter.
    """

    name: str
    device: Device
    digest: str
    interpreter: Path
    installed: Installed
    variables: dict[str, str] = {}
    external: bool = False


class Marker(msgspec.Struct, frozen=True, kw_only=True):
    """What `complete.json` says.

    Attributes:
        name, device: as in the environment's spec.
        digest: of what is installed.
        seconds: how long building took.
        schema: of the file.
    """

    name: str
    device: Device
    digest: str
    seconds: float
    schema: int = 1


class Folder(msgspec.Struct, frozen=True, kw_only=True):
    """An environment's folder: what it holds, or None where no build has finished."""

    path: Path
    marker: Marker | None


def default_root() -> Path:
    """Return where environments are kept, in hubq's cache folder."""
    return cache_folder().absolute() / "environments"


class EnvironmentStore:
    """The environments of this machine.

    Args:
        root: the folder they lie in.
        locks: the folder of the lock files.
        installer: makes the `Installer` for a build; given whether to stay offline.
    """

    def __init__(
        self,
        root: Path | None = None,
        *,
        locks: Path = LOCKS,
        installer: Callable[[bool], Installer] = lambda offline: Installer(offline=offline),
    ) -> None:
        self.root = default_root() if root is None else root.absolute()
        self.locks = locks
        self._installer = installer

    def digest(self, spec: EnvironmentSpec) -> str:
        """Return a spec's digest for stage keys, known before anything is built."""
        return spec_digest(spec, self.locks)

    def folder(self, spec: EnvironmentSpec) -> Path:
        """Return the folder a spec's environment lies in or will lie in."""
        digest = install_digest(spec, self.locks)
        return self.root / f"{spec.name}-{spec.device}-{digest[:FOLDER_DIGITS]}"

    def find(self, spec: EnvironmentSpec) -> Environment | None:
        """Return a spec's environment, or None when it has not been built."""
        folder = self.folder(spec)
        if _marker(folder) is None:
            return None
        return Environment(
            name=spec.name,
            device=spec.device,
            digest=self.digest(spec),
            interpreter=installation.interpreter(folder),
            installed=msgspec.json.decode((folder / PACKAGES).read_bytes(), type=Installed),
            variables=spec.variables,
        )

    def build(
        self, spec: EnvironmentSpec, *, offline: bool = False, progress: Progress | None = None
    ) -> Environment:
        """Return a spec's environment, building it first where it is missing.

        Args:
            spec: what to build.
            offline: use only uv's cache and local folders.
            progress: called with a line for each step, uv's own lines among them.

        Raises:
            EnvironmentProblem: it cannot be built; uv's last lines and what to do about it.
        """
        tell = progress or (lambda _line: None)
        if (found := self.find(spec)) is not None:
            return found
        folder = self.folder(spec)
        self._require_room(spec)

        def waiting(who: str) -> None:
            tell(f"waiting for {who}, who is building {folder.name}")

        try:
            with build_lock(self._lock(folder), waiting=waiting) as descriptor:
                if (found := self.find(spec)) is None:
                    self._build(spec, folder, self._installer(offline), tell, descriptor)
        except OSError as error:
            raise EnvironmentProblem(
                f"{folder}: cannot be written: {error.strerror}",
                remedy="Free some disk space, or set HUBQ_CACHE to another folder.",
            ) from error
        found = self.find(spec)
        assert found is not None  # noqa: S101 - it has just been built
        return found

    def _build(
        self, spec: EnvironmentSpec, folder: Path, uv: Installer, tell: Progress, descriptor: int
    ) -> None:
        started = time.monotonic()
        folder.mkdir(parents=True, exist_ok=True)
        lock = read_lock(lock_path(spec, self.locks).read_text(encoding="utf-8"))
        installation.install(
            spec, lock, folder=folder, uv=uv, progress=tell, pass_fds=(descriptor,)
        )
        installed = describe.describe_installed(installation.interpreter(folder))
        if problems := installation.differences(lock, installed):
            raise EnvironmentProblem(
                f"{folder.name}: not what its lock says: {'; '.join(problems)}",
                remedy=f"Run `hubq env remove {spec.name}` and build it again.",
            )
        marker = Marker(
            name=spec.name,
            device=spec.device,
            digest=install_digest(spec, self.locks),
            seconds=round(time.monotonic() - started, 1),
        )
        (folder / PACKAGES).write_text(pretty(installed), encoding="utf-8")
        temporary = folder / f".{MARKER}"
        temporary.write_text(pretty(marker), encoding="utf-8")
        temporary.replace(folder / MARKER)
        tell(f"built {folder.name} in {marker.seconds:.0f} s")

    def check(self, spec: EnvironmentSpec, *, imports: bool = True) -> tuple[str, ...]:
        """Return what is wrong with a spec's environment; empty when nothing is.

        Args:
            spec: which one.
            imports: also import its main modules, which takes some seconds.
        """
        folder = self.folder(spec)
        if _marker(folder) is None:
            return ("not built",)
        interpreter = installation.interpreter(folder)
        try:
            installed = describe.describe_installed(interpreter)
            lock = read_lock(lock_path(spec, self.locks).read_text(encoding="utf-8"))
            problems = installation.differences(lock, installed)
            if imports and not problems:
                failing = describe.failing_imports(interpreter, spec.imports, spec.variables)
                problems = [f"import {name}: {why}" for name, why in failing.items()]
        except EnvironmentProblem as problem:
            return (problem.message,)
        return tuple(problems)

    def describe(self, environment: Environment) -> EnvironmentStack:
        """Return the exact description of an environment on this machine, read now."""
        return EnvironmentStack(
            name=environment.name,
            device=environment.device,
            digest=environment.digest,
            external=environment.external,
            installed=environment.installed,
            hardware=describe.describe_hardware(environment.interpreter),
        )

    def list(self) -> tuple[Folder, ...]:
        """Return every environment's folder on this machine, unfinished and outdated ones too."""
        if not self.root.is_dir():
            return ()
        folders = sorted(path for path in self.root.iterdir() if path.is_dir())
        return tuple(Folder(path=path, marker=_marker(path)) for path in folders)

    def remove(self, folder: Path) -> None:
        """Remove an environment's folder.

        Raises:
            BadInput: it is no environment of this store.
            EnvironmentProblem: it is being built.
        """
        if folder.parent != self.root or not folder.is_dir():
            raise BadInput(f"{folder}: not an environment of hubq's")
        try:
            with build_lock(self._lock(folder), timeout_s=0):
                (folder / MARKER).unlink(missing_ok=True)
                shutil.rmtree(folder)
        except TimeoutError as error:
            raise EnvironmentProblem(
                f"{folder.name}: in use: {error}", remedy="Wait until it is built, or stop that."
            ) from error

    def external(
        self,
        interpreter: Path,
        *,
        name: str,
        device: Device,
        variables: dict[str, str] | None = None,
    ) -> Environment:
        """Return an interpreter of the user's own as an environment.

        Its digest is taken of Python's version, the packages with their hashes and the variables.

        Raises:
            EnvironmentProblem: it does not run.
        """
        path = interpreter.expanduser().absolute()
        installed = describe.describe_installed(path)
        return Environment(
            name=name,
            device=device,
            digest=digest_of(
                {"device": device, "installed": installed, "variables": variables or {}}
            ),
            interpreter=path,
            installed=installed,
            variables=variables or {},
            external=True,
        )

    def _lock(self, folder: Path) -> Path:
        return self.root / f"{folder.name}.lock"

    def _require_room(self, spec: EnvironmentSpec) -> None:
        place = self.root
        while not place.exists():
            place = place.parent
        free = shutil.disk_usage(place).free
        if free < spec.disk_bytes:
            raise EnvironmentProblem(
                f"{self.root}: building {spec.name} for {spec.device} needs up to "
                f"{spec.disk_bytes / 1e9:.1f} GB, {free / 1e9:.1f} GB are free",
                remedy="Free some disk space, or set HUBQ_CACHE to a folder on another disk.",
            )


def _marker(folder: Path) -> Marker | None:
    try:
        return msgspec.json.decode((folder / MARKER).read_bytes(), type=Marker)
    except (OSError, msgspec.DecodeError):
        return None
