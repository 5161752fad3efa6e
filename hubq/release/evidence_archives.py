"""Archives: zip files with the same bytes whenever they hold the same files."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip file can name; when a file was written is nobody's business here."""
_MODE = 0o100644
_LEVEL = 6
_UNIX = 3


def write_archive(path: Path, entries: Mapping[str, bytes]) -> None:
    """Write a zip file.

    The bytes depend on the names and contents alone, and on the zlib that packs them.

    Args:
        path: of the zip file.
        entries: name -> content; they are written in the order of their names.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as archive:
        for name in sorted(entries):
            about = zipfile.ZipInfo(name, date_time=_EPOCH)
            about.create_system = _UNIX
            about.external_attr = _MODE << 16
            archive.writestr(about, entries[name], zipfile.ZIP_DEFLATED, _LEVEL)


def packed_size(content: bytes) -> int:
    """Return what a content takes in an archive, in bytes, about."""
    return len(zlib.compress(content, _LEVEL))
