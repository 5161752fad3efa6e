"""Leaks: names of this machine in files that are about to be published. There must be none.

Everything hubq writes into a result is to be free of paths, but recipes and workers' messages are
not hubq's, so a find refuses the publication and names the file.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable
from pathlib import Path

import msgspec

from hubq.errors import Refused

_SHORTEST_HOST = 5
_FEWEST_PARTS = 3
_ORDINARY = frozenset({"localhost", "localhost.localdomain"})
_OWN = re.compile(r"[0-9.-]")


class MachineNamed(Refused):
    """A file that is about to be published names a folder of this machine, or the machine."""

    def __init__(self, name: str, what: str) -> None:
        super().__init__(
            f"{name} would be published and names {what}",
            remedy="Nothing was sent. It came from a recipe, from a worker's message, or from hubq "
            "itself; in the last case please report it.",
        )


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """What must not be published.

    Attributes:
        folders: of this machine, and files.
        sure: those of them that nobody writes by chance, not even a model.
        host: this machine's name; empty where it is an ordinary word.
    """

    folders: tuple[str, ...]
    sure: tuple[str, ...]
    host: str = ""


def names_of(sure: Iterable[Path], others: Iterable[Path] = ()) -> Names:
    """Return the names to look for; the user's home folder is one of them.

    A folder right below the root, such as `/data`, is none: other things are called so.

    Args:
        sure: folders whose names nobody writes by chance.
        others: folders and files that a model or a data set could speak of.
    """
    ours = _forms(sure)
    home = _forms([Path.home()], fewest=2)
    host = socket.gethostname()
    # A plain word may stand anywhere; a name with a digit, a hyphen or a dot does not.
    told = len(host) >= _SHORTEST_HOST and host not in _ORDINARY and _OWN.search(host)
    return Names(
        folders=tuple(sorted(ours | home | _forms(others))),
        sure=tuple(sorted(ours)),
        host=host if told else "",
    )


def _forms(paths: Iterable[Path], fewest: int = _FEWEST_PARTS) -> set[str]:
    """Return paths as they may be written, without those of few parts."""
    forms = {form for path in paths for form in (path.absolute(), path.resolve())}
    return {str(form) for form in forms if len(form.parts) >= fewest}


def check(name: str, content: bytes, names: Names, *, answers: bool = False) -> None:
    """Make sure that a file names neither this machine nor a folder of it.

    Args:
        name: of the file, for the message.
        content: of the file.
        names: what to look for.
        answers: whether it holds what models or data sets say, which may name any home folder.

    Raises:
        MachineNamed: says which name and where.
    """
    for folder in names.sure if answers else names.folders:
        if re.search(re.escape(folder).encode() + rb"(?![\w.-])", content):
            raise MachineNamed(name, folder)
    host = rb"(?<![\w.-])" + re.escape(names.host).encode() + rb"(?![\w-])"
    if names.host and not answers and re.search(host, content):
        raise MachineNamed(name, f"this machine, {names.host}")
