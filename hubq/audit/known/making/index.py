"""Indexes: which files of a package were released when, and single files within those.

A wheel is a zip archive, whose directory stands at its end: with range requests a file of a
500 MB wheel costs as much as the file.
"""

from __future__ import annotations

import io
import re
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from urllib.request import Request, urlopen

import msgspec

INDEX = "https://pypi.org/simple"
_JSON = "application/vnd.pypi.simple.v1+json"
_CHUNK = 1 << 18
_VERSION = re.compile(r"-(\d[\w.!+]*?)(?:\.tar\.gz|\.zip|-.*\.whl)$")


class File(msgspec.Struct, frozen=True, kw_only=True, rename="kebab"):
    """A released file.

    Attributes:
        filename, url: of it.
        size: in bytes.
        upload_time: ISO 8601; empty where the index does not say.
    """

    filename: str
    url: str
    size: int = 0
    upload_time: str = ""

    @property
    def version(self) -> str:
        """The version in its name; empty where none can be read."""
        found = _VERSION.search(self.filename)
        return found[1] if found else ""

    @property
    def date(self) -> str:
        """The day of its upload, `YYYY-MM-DD`."""
        return self.upload_time[:10]


class _Page(msgspec.Struct, frozen=True):
    files: tuple[File, ...] = ()


def fetch(url: str, headers: dict[str, str]) -> bytes:
    """Return what lies at an https address.

    Raises:
        OSError: it is none, or the server does not answer.
    """
    if not url.startswith("https://"):
        raise OSError(f"{url}: not an https address")
    request = Request(url, headers=headers)  # noqa: S310 - https, checked above
    with urlopen(request, timeout=180) as answer:  # noqa: S310
        data: bytes = answer.read()
    return data


Get = Callable[[str, dict[str, str]], bytes]


class Index:
    """A package index that speaks the JSON form of the simple API (PEP 691, PEP 700).

    Args:
        url: of its `/simple` page.
        get: returns what lies at an address, given headers to send.
    """

    def __init__(self, url: str = INDEX, get: Get = fetch) -> None:
        self.url, self._get = url.rstrip("/"), get
        self._pages: dict[str, tuple[File, ...]] = {}

    def files(self, package: str) -> tuple[File, ...]:
        """Return every file of a package, those of withdrawn releases too.

        Raises:
            OSError: the index does not answer.
        """
        if package not in self._pages:
            page = self._get(f"{self.url}/{package}/", {"Accept": _JSON})
            self._pages[package] = msgspec.json.decode(page, type=_Page).files
        return self._pages[package]

    def releases(self, package: str) -> dict[str, str]:
        """Return version -> day of its first file, the oldest first."""
        found: dict[str, str] = {}
        for file in sorted(self.files(package), key=lambda one: one.upload_time):
            if file.version:
                found.setdefault(file.version, file.date)
        return found

    def archive(self, package: str, version: str, *, whole: bool = False) -> Archive | None:
        """Return a release's wheel for Linux or any machine, or its source; none without either.

        Args:
            package: its name.
            version: of it.
            whole: whether most of it will be read.
        """
        files = [file for file in self.files(package) if file.version == version]
        names = ("-none-any.whl", "x86_64.whl", ".tar.gz")
        for ending in names:
            for file in files:
                if file.filename.endswith(ending) and "macosx" not in file.filename:
                    return Archive(file, self._get, whole=whole)
        return None


class Archive:
    """The files within a wheel or a source release.

    Args:
        file: the archive.
        get: returns what lies at an address.
        whole: whether to fetch all of it at once.
    """

    def __init__(self, file: File, get: Get = fetch, *, whole: bool = False) -> None:
        self._zip: zipfile.ZipFile | None = None
        self._sources: dict[str, str] = {}
        if file.filename.endswith(".whl"):
            near = io.BytesIO(get(file.url, {})) if whole else None
            self._zip = zipfile.ZipFile(near or io.BufferedReader(Remote(file, get), _CHUNK))
        else:
            self._sources = dict(_sources(get(file.url, {})))

    @property
    def names(self) -> list[str]:
        """The paths in it, as they are when it is installed."""
        return self._zip.namelist() if self._zip else list(self._sources)

    @property
    def metadata(self) -> str:
        """What the release says of itself; empty where it says nothing."""
        names = ("METADATA", "PKG-INFO")
        path = next((one for one in self.names if one.rpartition("/")[2] in names), "")
        return self.text(path)

    def text(self, path: str) -> str:
        """Return a file; empty where it is not there."""
        if self._zip is None:
            return self._sources.get(path, "")
        try:
            return self._zip.read(path).decode(errors="replace")
        except KeyError:
            return ""


class Remote(io.RawIOBase):
    """A file on a server that answers range requests.

    Args:
        file: it; its size must be known.
        get: returns what lies at an address.
    """

    def __init__(self, file: File, get: Get = fetch) -> None:
        super().__init__()
        self._get = get
        self._url, self._size, self._at = file.url, file.size, 0

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def seekable(self) -> bool:
        """Return that it can be read from anywhere."""
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a place, from the start, from here or from the end."""
        self._at = (0, self._at, self._size)[whence] + offset
        return self._at

    def tell(self) -> int:
        """Return the place."""
        return self._at

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill a buffer from here on; return how many bytes came."""
        stop = min(self._at + len(buffer), self._size)
        if stop <= self._at:
            return 0
        data = self._get(self._url, {"Range": f"bytes={self._at}-{stop - 1}"})
        if len(data) > stop - self._at:
            raise OSError(f"{self._url}: the server does not answer range requests")
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def _sources(data: bytes) -> Iterator[tuple[str, str]]:
    """Yield the Python files and the metadata of a source archive, without its top folder."""
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for member in archive:
            path = member.name.partition("/")[2].removeprefix("src/")
            if not member.isfile() or not path.endswith((".py", "PKG-INFO")):
                continue
            content = archive.extractfile(member)
            if content is not None:
                yield path, content.read().decode(errors="replace")
