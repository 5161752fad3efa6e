"""Archives: the files of results inside the ZIP files of a repo, read without trusting them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator

import msgspec

from hubq.model.finding import Finding
from hubq.verify.checking import UNUSABLE, why

_MOST_BYTES = 4 << 30
"""An archive that unpacks to more than this is no evidence of ours."""


class Unpacked(msgspec.Struct, frozen=True, kw_only=True):
    """What an archive holds.

    Attributes:
        files: name -> content, of those that could be read.
        findings: what could not.
    """

    files: dict[str, bytes]
    findings: tuple[Finding, ...] = ()


def unpack(path: str, raw: bytes) -> Unpacked:
    """Return the files of an archive; what cannot be read is a finding.

    Args:
        path: of the archive, for findings.
        raw: its bytes.
    """
    files: dict[str, bytes] = {}
    findings: list[Finding] = []
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            for entry, problem in _entries(archive):
                if problem:
                    findings.append(_broken(f"{path}:{entry.filename}", problem))
                    continue
                try:
                    files[entry.filename] = archive.read(entry)
                except (*UNUSABLE, RuntimeError) as error:
                    findings.append(_broken(f"{path}:{entry.filename}", why(error)))
    except UNUSABLE as error:
        findings.append(_broken(path, f"cannot be opened: {why(error)}"))
    return Unpacked(files=files, findings=tuple(findings))


def _entries(archive: zipfile.ZipFile) -> Iterator[tuple[zipfile.ZipInfo, str]]:
    """Yield each file of an archive and why it is not read; empty where it is."""
    total, seen = 0, set()
    for entry in archive.infolist():
        if entry.is_dir():
            continue
        total += entry.file_size
        parts = entry.filename.split("/")
        if total > _MOST_BYTES:
            yield entry, f"not read: the archive unpacks to more than {_MOST_BYTES >> 30} GB"
        elif ".." in parts or "" in parts or "\\" in entry.filename:
            yield entry, "not read: no name of a file of a result"
        elif entry.filename in seen:
            yield entry, "is there twice; the first was read"
        else:
            yield entry, ""
        seen.add(entry.filename)


def _broken(path: str, problem: str) -> Finding:
    return Finding(rule="archive-broken", path=path, found=problem)
