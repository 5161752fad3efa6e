"""Releases: whether a version was ever released, and when."""

from __future__ import annotations

from functools import cache

from hubq.audit.known.tables import packages
from hubq.audit.known.versions import Version, readable


@cache
def _released(package: str) -> dict[Version, tuple[str, str]]:
    """Return version -> how it is written, and the day of its release."""
    listed = packages().packages.get(package, {})
    return {Version.of(one): (one, day) for one, day in listed.items()}


def is_known(package: str) -> bool:
    """Return whether the releases of a package are known."""
    return package in packages().packages


def released(package: str, version: Version) -> str:
    """Return the day of a release, `YYYY-MM-DD`; empty where no such release is known."""
    return _released(package).get(version, ("", ""))[1]


@cache
def newest(package: str) -> Version:
    """Return the newest release of a package that is known."""
    return max(_released(package))


@cache
def oldest(package: str) -> Version:
    """Return the oldest release of a package that is known."""
    return min(_released(package))


def near(package: str, version: Version) -> tuple[str, str]:
    """Return the releases just before and just after a version; empty where there is none."""
    ordered = sorted(one for one in _released(package) if not one.early)
    before = [one for one in ordered if one < version]
    after = [one for one in ordered if one > version]
    return (str(before[-1]) if before else "", str(after[0]) if after else "")


def day_of(package: str, version: str) -> str:
    """Return the day of a release, for sentences; empty where it is not known."""
    return released(package, Version.of(version)) if readable(version) else ""


def page(package: str, version: str = "") -> str:
    """Return the address of a release's page, or of its package's."""
    return f"https://pypi.org/project/{package}/{version}{'/' if version else ''}"
