"""Tables as they lie in the package, each read when it is first asked for."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec

from hubq.audit.known.versions import Version

_FOLDER = Path(__file__).resolve().parent / "tables"


class Span(msgspec.Struct, frozen=True, omit_defaults=True):
    """The releases that know something.

    Attributes:
        first: the oldest one.
        last: the newest one; empty where the newest release that was read still knows it.
    """

    first: str
    last: str = ""

    def before(self, version: Version) -> bool:
        """Return whether a version is older than the first release, and no preview of it."""
        return version < Version.of(self.first) and version.base != Version.of(self.first).base


class Packages(msgspec.Struct, frozen=True):
    """When packages were released: package -> version -> day, `YYYY-MM-DD`."""

    made: str
    source: str
    packages: dict[str, dict[str, str]]


class Transformers(msgspec.Struct, frozen=True):
    """What releases of transformers know; see `making/transformers.py`."""

    made: str
    source: str
    oldest: str
    releases: tuple[str, ...]
    model_types: dict[str, Span]
    classes: dict[str, Span]
    methods: dict[str, Span]


class Engine(msgspec.Struct, frozen=True):
    """What releases of an engine know and need; see `making/engine.py`."""

    made: str
    source: str
    oldest: str
    releases: tuple[str, ...]
    architectures: dict[str, Span]
    methods: dict[str, Span]
    capabilities: dict[str, dict[str, int]]
    needs: dict[str, dict[str, str]]


class Torch(msgspec.Struct, frozen=True):
    """CUDA versions that releases of torch were built for: release -> `11.8`, `12.1`."""

    made: str
    source: str
    builds: dict[str, tuple[str, ...]]


@cache
def packages() -> Packages:
    """Return when packages were released."""
    return msgspec.json.decode((_FOLDER / "packages.json").read_bytes(), type=Packages)


@cache
def transformers() -> Transformers:
    """Return what releases of transformers know."""
    return msgspec.json.decode((_FOLDER / "transformers.json").read_bytes(), type=Transformers)


@cache
def engine(name: str) -> Engine:
    """Return what releases of an engine know and need.

    Args:
        name: `vllm` or `sglang`.
    """
    return msgspec.json.decode((_FOLDER / f"{name}.json").read_bytes(), type=Engine)


@cache
def torch() -> Torch:
    """Return what torch was built for."""
    return msgspec.json.decode((_FOLDER / "torch.json").read_bytes(), type=Torch)
