"""How one environment is installed: a virtual environment, the lock's packages, the shim."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from hubq.errors import EnvironmentProblem
from hubq.model.environment import EnvironmentSpec, Installed
from hubq.workers.installer import Installer, Progress
from hubq.workers.locking import Pin, local_torch_offered
from hubq.workers.specs import SHIM

SHIM_MODULE = "hubq_torchvision_shim"


def interpreter(folder: Path) -> Path:
    """Return the interpreter of the environment in a folder."""
    return folder / "venv" / "bin" / "python"


def install(
    spec: EnvironmentSpec,
    lock: Sequence[Pin],
    *,
    folder: Path,
    uv: Installer,
    progress: Progress,
    pass_fds: Sequence[int] = (),
) -> None:
    """Install a lock into a fresh virtual environment in a folder.

    What a killed build left is cleared: a package cut off half-way would count as installed, and
    installing again from uv's cache takes seconds.

    Raises:
        EnvironmentProblem: uv failed.
    """
    progress(f"building {folder.name} (Python {spec.python}, {len(lock)} packages)")
    venv = ["venv", "--quiet", "--clear", "--no-project", "--no-config", "--python", spec.python]
    uv.stream([*venv, "venv"], progress=progress, folder=folder, pass_fds=pass_fds)
    for number, (pins, options) in enumerate(steps(spec, lock, uv)):
        requirements = folder / f"requirements-{number}.txt"
        requirements.write_text(requirements_text(pins), encoding="utf-8")
        fixed = ["--python", str(interpreter(folder)), "--no-deps", "--require-hashes"]
        uv.stream(
            ["pip", "install", *fixed, "--compile-bytecode", *options, "-r", requirements.name],
            progress=progress,
            folder=folder,
            pass_fds=pass_fds,
        )
        requirements.unlink()
    if spec.torchvision_shim:
        _install_shim(folder)


def requirements_text(pins: Sequence[Pin]) -> str:
    """Return a requirements file that is met by these very builds and their hashes only."""
    return "".join(pin.line("===") + "\n" for pin in pins)


def steps(
    spec: EnvironmentSpec, lock: Sequence[Pin], uv: Installer
) -> list[tuple[list[Pin], list[str]]]:
    """Return what is installed in which call of uv, with the call's options.

    Where a spec wants a local build of torch, its pin gets the local version: uv checks the hashes
    of a build only under its full version. That build comes from a configured wheel folder or
    index when one offers it; otherwise from PyTorch's own index, in a call of its own, because that
    index offers other builds of other packages too. Other systems have no such local build.
    """
    if not spec.local_torch or not sys.platform.startswith("linux"):
        return [(list(lock), [])]
    local = [
        msgspec.structs.replace(pin, version=f"{pin.version}+{spec.local_torch}")
        for pin in lock
        if pin.name == "torch"
    ]
    others = [pin for pin in lock if pin.name != "torch"]
    if local_torch_offered(spec, uv):
        return [([*local, *others], [])]
    return [(local, ["--torch-backend", spec.local_torch]), (others, [])]


def differences(lock: Sequence[Pin], installed: Installed) -> list[str]:
    """Return how the installed versions differ from a lock's; packages beyond it are ignored."""
    found = {package.name: package.version for package in installed.packages}
    problems = []
    for pin in lock:
        version = found.get(pin.name)
        if version is None:
            problems.append(f"{pin.name} is missing")
        elif pin.version not in (version, version.partition("+")[0]):
            problems.append(f"{pin.name} is {version}, the lock has {pin.version}")
    return problems


def _install_shim(folder: Path) -> None:
    places = list((folder / "venv" / "lib").glob("python3*/site-packages"))
    if len(places) != 1:
        raise EnvironmentProblem(f"{folder}: expected one site-packages, found {len(places)}")
    shutil.copyfile(SHIM, places[0] / f"{SHIM_MODULE}.py")
    (places[0] / f"{SHIM_MODULE}.pth").write_text(f"import {SHIM_MODULE}\n", encoding="ascii")
