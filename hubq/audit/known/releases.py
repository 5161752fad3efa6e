"""Releases: whether a version was ever released, and when."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
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


@cache
def _ordered(package: str) -> list[Version]:
    return sorted(one for one in _released(package) if not one.early)


def near(package: str, version: Version) -> tuple[str, str]:
    """Return the releases just before and just after a version; empty where there is none."""
    ordered = _ordered(package)
    before, after = bisect_left(ordered, version) - 1, bisect_right(ordered, version)
    return (
        str(ordered[before]) if before >= 0 else "",
        str(ordered[after]) if after < len(ordered) else "",
    )


def day_of(package: str, version: str) -> str:
    """Return the day of a release, for sentences; empty where it is not known."""
    return released(package, Version.of(version)) if readable(version) else ""


def page(package: str, version: str = "") -> str:
    """Return the address of a release's page, or of its package's."""
    return f"https://pypi.org/project/{package}/{version}{'/' if version else ''}"
