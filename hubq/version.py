"""The version of this installation."""

from __future__ import annotations

from importlib import metadata


def version() -> str:
    """Return hubq's version, `0` when it runs from a folder that was never installed."""
    try:
        return metadata.version("hubq")
    except metadata.PackageNotFoundError:
        return "0"
