"""The environments of this machine, by the name that recipes call them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hubq.errors import BadInput
from hubq.model.environment import Device, EnvironmentSpec, EnvironmentStack
from hubq.workers.describe import describe_hardware
from hubq.workers.environments import Environment, EnvironmentStore, Folder
from hubq.workers.specs import SPECS, spec_for


def list_environments() -> list[dict[str, Any]]:
    """Return every environment that hubq knows, and those folders that no lock asks for now."""
    store = EnvironmentStore()
    found = [
        {
            "name": spec.name,
            "device": spec.device,
            "python": spec.python,
            "digest": store.digest(spec),
            "state": "built" if store.find(spec) else "not built",
            "path": str(store.folder(spec)),
        }
        for spec in SPECS
    ]
    known = {entry["path"] for entry in found}
    return found + [_left(folder) for folder in store.list() if str(folder.path) not in known]


def _left(folder: Folder) -> dict[str, Any]:
    """Describe a folder that no lock asks for now, or whose build did not end."""
    marker = folder.marker
    return {
        "name": marker.name if marker else folder.path.name,
        "device": marker.device if marker else "",
        "python": "",
        "digest": marker.digest if marker else "",
        "state": "outdated" if marker else "unfinished",
        "path": str(folder.path),
    }


def build_environment(
    name: str, device: str, *, offline: bool, progress: Callable[[str], None]
) -> Environment:
    """Build an environment; one that is built is returned as it is."""
    return EnvironmentStore().build(_spec(name, device), offline=offline, progress=progress)


def describe_environment(name: str, device: str) -> EnvironmentStack:
    """Describe a built environment.

    Raises:
        BadInput: it is not built.
    """
    store, spec = EnvironmentStore(), _spec(name, device)
    found = store.find(spec)
    if found is None:
        raise BadInput(
            f"environment {name} ({spec.device}) is not built here",
            remedy=f"Build it: hubq env build {name} --device {spec.device}",
        )
    return store.describe(found)


def check_environment(name: str, device: str) -> tuple[str, ...]:
    """Return what is wrong with an environment; empty when nothing is."""
    return EnvironmentStore().check(_spec(name, device))


def remove_environment(name: str, device: str) -> Path:
    """Remove an environment and return where it was."""
    store = EnvironmentStore()
    folder = store.folder(_spec(name, device))
    store.remove(folder)
    return folder


def _spec(name: str, device: str) -> EnvironmentSpec:
    chosen: Device
    if device == "auto":
        chosen = "cuda" if describe_hardware(Path(sys.executable)).gpus else "cpu"
    else:
        chosen = "cuda" if device == "cuda" else "cpu"
    return spec_for(name, chosen)
