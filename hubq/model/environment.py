"""Environments: what is to be installed, what was found installed, and the machine beneath."""

from __future__ import annotations

from typing import Literal

import msgspec

STACK_SCHEMA = 1

Device = Literal["cpu", "cuda"]


class EnvironmentSpec(msgspec.Struct, frozen=True, kw_only=True):
    """An environment as hubq knows how to build it.

    Attributes:
        name: what recipes call it; one name has a spec per device.
        device: what its torch is built for.
        python: the version of Python that its lock was made for, `3.11`.
        lock: the file name of its lock in `hubq/workers/locks/`.
        imports: the modules that must import in it before it counts as good.
        variables: environment variables that workers in it start with.
        overrides: requirements that replace what packages declare, when the lock is remade.
        local_torch: the local version of the torch that is wanted (`cpu`), where the registry's
            default build is another one; empty when the registry's own is right.
        torchvision_shim: whether a CUDA torchvision must be made importable beside a CPU torch.
        disk_bytes: the room that building it takes at most, in bytes.
    """

    name: str
    device: Device
    python: str
    lock: str
    imports: tuple[str, ...] = ()
    variables: dict[str, str] = {}
    overrides: tuple[str, ...] = ()
    local_torch: str = ""
    torchvision_shim: bool = False
    disk_bytes: int = 0


class Package(msgspec.Struct, frozen=True, kw_only=True):
    """An installed package.

    Attributes:
        name: normalised (lower case, single hyphens).
        version: with its local part, `2.13.0+cpu`.
        sha256: over the installed files' own hashes (its RECORD), 64 hex digits; empty without one.
    """

    name: str
    version: str
    sha256: str = ""


class TorchBuild(msgspec.Struct, frozen=True, kw_only=True):
    """Which build of torch: its version, CUDA and HIP versions (empty for none) and git commit."""

    version: str = ""
    cuda: str = ""
    hip: str = ""
    commit: str = ""


class Installed(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a description that belongs to the environment and not to the machine.

    Attributes:
        python: the exact version, `3.11.7`.
        implementation: `CPython`.
        packages: sorted by name.
        torch: its build; empty fields without torch.
        attention: the implementations that transformers can use, `eager` first.
    """

    python: str
    implementation: str
    packages: tuple[Package, ...]
    torch: TorchBuild = TorchBuild()
    attention: tuple[str, ...] = ()

    def version(self, package: str) -> str:
        """Return the version of a package by its normalised name, or "" when it is not there."""
        return next((found.version for found in self.packages if found.name == package), "")


class Gpu(msgspec.Struct, frozen=True, kw_only=True):
    """A GPU: its name, memory in bytes and compute capability (`9.0`)."""

    name: str
    memory_bytes: int
    capability: str = ""


class Hardware(msgspec.Struct, frozen=True, kw_only=True):
    """The machine a stage ran on.

    Attributes:
        os: distribution and release, `Debian GNU/Linux 12 (bookworm)`.
        kernel: `Linux 6.1.0`.
        machine: `x86_64`.
        cpu: the model's name.
        cpu_flags: the instruction sets that decide which kernels are taken.
        cores: physical cores.
        threads: logical processors that the process may use.
        memory_bytes: memory the process may use, in bytes.
        gpus: in the driver's order.
        driver: the NVIDIA driver's version; empty without one.
        driver_cuda: the newest CUDA that the driver supports, `13.0`.
    """

    os: str
    kernel: str
    machine: str
    cpu: str
    cores: int
    threads: int
    memory_bytes: int
    cpu_flags: tuple[str, ...] = ()
    gpus: tuple[Gpu, ...] = ()
    driver: str = ""
    driver_cuda: str = ""


class EnvironmentStack(msgspec.Struct, frozen=True, kw_only=True):
    """The exact description of where a stage ran: the environment stack on a card.

    Attributes:
        name: of the environment.
        device: what its torch is built for.
        digest: of the environment, as in stage keys.
        external: whether the user named the interpreter instead of having hubq build it.
        installed: Python and packages.
        hardware: the machine.
        schema: of this value as JSON.
    """

    name: str
    device: Device
    digest: str
    installed: Installed
    hardware: Hardware
    external: bool = False
    schema: int = STACK_SCHEMA
