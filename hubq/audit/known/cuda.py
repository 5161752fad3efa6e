"""CUDA: which builds of torch exist, and what GPUs can do."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from hubq.audit.known.tables import torch
from hubq.audit.known.versions import Version

_TAG = re.compile(r"cu(\d{2,3})")
#: Compute capability times ten, https://developer.nvidia.com/cuda-gpus and .../cuda-legacy-gpus.
_CAPABILITIES = {
    "V100": 70,
    "T4": 75,
    "RTX 2080": 75,
    "A100": 80,
    "A30": 80,
    "A10": 86,
    "A40": 86,
    "A6000": 86,
    "RTX 3090": 86,
    "RTX 4090": 89,
    "L4": 89,
    "L40": 89,
    "L40S": 89,
    "H100": 90,
    "H200": 90,
    "P100": 60,
    "P40": 61,
}


def builds(version: Version) -> tuple[str, ...]:
    """Return the CUDA versions that a torch release was built for; empty where not known."""
    return _builds().get(version.base, ())


@cache
def _builds() -> dict[Version, tuple[str, ...]]:
    found: dict[Version, tuple[str, ...]] = {}
    for written, builds_of in torch().builds.items():
        found.setdefault(Version.of(written), builds_of)
    return found


@lru_cache(maxsize=256)
def of_tag(tag: str) -> str:
    """Return the CUDA version of a build: `11.8` of `cu118`; empty for another build."""
    found = _TAG.fullmatch(tag)
    return f"{found[1][:-1]}.{found[1][-1]}" if found else ""


def tag_of(cuda: str) -> str:
    """Return the tag of builds for a CUDA version: `cu118` of `11.8`."""
    major, _, minor = cuda.partition(".")
    return f"cu{major}{minor.partition('.')[0]}"


def capability(gpu: str) -> int:
    """Return a GPU's compute capability times ten; 0 where it is not known."""
    return _CAPABILITIES.get(gpu, 0)


def gpus() -> tuple[str, ...]:
    """Return the names of GPUs whose capability is known."""
    return tuple(_CAPABILITIES)
