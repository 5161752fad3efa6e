"""Gathering: what is looked up of a repo, a folder or a README, once and without its weights.

Of a repo: its description with all files (one request), the README and the small files that rules
read (one each), the first bytes of each safetensors file (one, or two for a large header), and when
files were last committed (one). What cannot be read becomes words; only a repo that cannot be seen
at all fails.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from hubq.audit.headers import READ, Header, parse_header
from hubq.audit.subject import CARD, Gathered
from hubq.audit.targets import STDIN, repo_id
from hubq.errors import BadInput
from hubq.hub.hashes import file_sha256
from hubq.hub.port import Hub, RepoInfo, Unavailable
from hubq.markdown import frontmatter
from hubq.quantize.headers import length_of
from hubq.verify.place import FolderPlace, Listed

SMALL = (
    "config.json",
    "quantize_config.json",
    "quant_config.json",
    "hf_quant_config.json",
    "quantization_config.json",
    "recipe.yaml",
    "generation_config.json",
    "preprocessor_config.json",
    "processor_config.json",
    "tokenizer_config.json",
    "adapter_config.json",
    "model.safetensors.index.json",
    "pytorch_model.bin.index.json",
    "hubq.json",
)
"""The files that rules read, besides the README; where a repo has them."""

KIN = ("config.json", "generation_config.json")
"""Those that are read of a base model or a sibling."""

FIRST = 100_000
"""Bytes of a safetensors file that are read at first; most headers are shorter."""

_LARGEST_TEXT = 16 << 20
_LARGEST_CARD = 4 << 20
_MOST_HEADERS = 256
_MOST_DATES = 400
_WEIGHTS = ".safetensors"
_REMEMBERED = (*SMALL, "LICENSE", "model.safetensors")

Read = Callable[[str, int, int | None], bytes]
"""Gives bytes of a file: its path, from where, up to where."""


class _Reader:
    """Reads a place's files and keeps in words what could not be read.

    Args:
        files: every file.
        read: gives bytes of one.
    """

    def __init__(self, files: dict[str, Listed], read: Read) -> None:
        self.files, self._read = files, read
        self.problems: list[str] = []
        self.shut = False

    def text(self, path: str, most: int = _LARGEST_TEXT) -> str | None:
        """Return a file's text, what is no UTF-8 replaced; none where it cannot be read."""
        size = self.files[path].size
        if size > most:
            self.problems.append(f"{path} was not read: {size:,} bytes")
            return None
        raw = self._bytes(path, 0, most)
        return None if raw is None else raw.decode("utf-8", errors="replace")

    def header(self, path: str) -> Header | None:
        """Return a safetensors file's header; none where it cannot be read."""
        size = self.files[path].size
        start = self._bytes(path, 0, min(FIRST, size)) if size else b""
        if start is None:
            return None
        length = length_of(start)
        if len(start) < 8 + length <= min(size, READ + 8):
            rest = self._bytes(path, len(start), 8 + length)
            if rest is None:
                return None
            start += rest
        return parse_header(start, size)

    def _bytes(self, path: str, start: int, stop: int) -> bytes | None:
        """Return bytes of a file; none where they are not given.

        A repo whose terms nobody accepted refuses every file, so it is asked no further.
        """
        if self.shut:
            return None
        try:
            return self._read(path, start, stop)
        except BadInput as error:
            self.problems.append(f"{path} could not be read: {error.message}")
            self.shut = path != CARD and "gated" in error.message
        except (OSError, Unavailable) as error:
            said = error.message if isinstance(error, Unavailable) else error.strerror
            self.problems.append(f"{path} could not be read: {said or type(error).__name__}")
        return None

    def texts(self, paths: Iterable[str]) -> dict[str, str]:
        """Return the texts of those files that are there and can be read."""
        found = {path: self.text(path) for path in paths if path in self.files}
        return {path: text for path, text in found.items() if text is not None}

    def headers(self) -> dict[str, Header]:
        """Return the headers of its safetensors files."""
        paths = sorted(path for path in self.files if path.endswith(_WEIGHTS))
        if len(paths) > _MOST_HEADERS:
            left = len(paths) - _MOST_HEADERS
            self.problems.append(f"the headers of {left} safetensors files were not read")
        found = {path: self.header(path) for path in paths[:_MOST_HEADERS]}
        return {path: header for path, header in found.items() if header is not None}


def gather_repo(hub: Hub, info: RepoInfo, *, kin: bool = False) -> Gathered:
    """Return what a hub says of a repo at one commit.

    Args:
        hub: that keeps it.
        info: what it says of the repo as a whole.
        kin: whether it is only looked at beside another: no headers of weights, no dates.
    """
    repo = info.repo
    files = {
        path: Listed(
            size=file.size,
            sha256=file.oid if file.lfs else "",
            git="" if file.lfs else file.oid,
        )
        for path, file in sorted(info.files.items())
    }
    reader = _Reader(
        files, lambda path, start, stop: hub.read_range(repo, info.commit, path, start, stop)
    )
    card = reader.text(CARD, _LARGEST_CARD) if CARD in files else None
    texts = reader.texts(KIN if kin else SMALL)
    headers = {} if kin else reader.headers()
    changed = {} if kin else _changed(hub, repo, info.commit, files, reader)
    return Gathered(
        name=repo,
        repo=repo,
        commit=info.commit,
        url=hub.url(repo),
        card=card,
        files=files,
        texts=texts,
        headers=headers,
        changed=changed,
        gated=info.gated,
        problems=tuple(reader.problems),
    )


def _changed(
    hub: Hub, repo: str, commit: str, files: dict[str, Listed], reader: _Reader
) -> dict[str, str]:
    """Return when the card, the weights and what describes them were last committed."""
    paths = [path for path in files if path == CARD or path in _REMEMBERED]
    paths += [path for path in files if path.endswith((_WEIGHTS, ".gguf", ".bin"))]
    if len(paths) < 2:
        return {}
    try:
        return hub.changed(repo, commit, list(dict.fromkeys(paths))[:_MOST_DATES])
    except Unavailable as error:
        reader.problems.append(f"the dates of its files could not be read: {error.message}")
        return {}


def deepened(hub: Hub, gathered: Gathered) -> Gathered:
    """Return what is known of a repo with the hashes of its weights, which are fetched for it.

    Args:
        hub: that keeps it.
        gathered: what was looked up of it.

    Raises:
        HubProblem: the hub does not answer.
    """
    listed = {path: file for path, file in (gathered.files or {}).items() if file.sha256}
    try:
        folder = hub.snapshot(gathered.repo, gathered.commit)
    except BadInput as error:
        said = f"the weights were not fetched: {error.message}"
        return msgspec.structs.replace(gathered, problems=(*gathered.problems, said))
    there = [path for path in listed if (folder / path).is_file()]
    hashes = {path: file_sha256(folder / path) for path in there}
    return msgspec.structs.replace(gathered, hashes=hashes)


def gather_folder(folder: Path, repo: str = "") -> Gathered:
    """Return what a folder with a repo's files holds.

    Args:
        folder: where it is.
        repo: the id, where it is known; otherwise the card may tell.

    Raises:
        BadInput: there is no such folder.
    """
    place = FolderPlace(folder)
    files = place.listing()
    reader = _Reader(files, lambda path, start, stop: _piece(folder / path, start, stop))
    card = reader.text(CARD, _LARGEST_CARD) if CARD in files else None
    return Gathered(
        name=shown(folder),
        repo=repo or _own_id(folder, card or ""),
        card=card,
        files=files,
        texts=reader.texts(SMALL),
        headers=reader.headers(),
        problems=tuple(reader.problems),
    )


def gather_readme(path: str, repo: str = "") -> Gathered:
    """Return what a README says, without anything around it.

    Args:
        path: of the file, or `-` for standard input.
        repo: the id, where it is known; otherwise the text may tell.

    Raises:
        BadInput: it cannot be read.
    """
    try:
        raw = sys.stdin.buffer.read() if path == STDIN else Path(path).read_bytes()
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror or 'cannot be read'}") from None
    card = raw[:_LARGEST_CARD].decode("utf-8", errors="replace")
    cut = (f"only its first {_LARGEST_CARD:,} bytes were read",) if len(raw) > _LARGEST_CARD else ()
    name = "standard input" if path == STDIN else shown(Path(path))
    known = repo or ("" if path == STDIN else _own_id(Path(path), card))
    return Gathered(name=name, repo=known, card=card, card_path=name, problems=cut)


def shown(path: Path) -> str:
    """Return a path as reports name it: from the current folder, where it lies in that."""
    try:
        return path.resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.as_posix()


def _own_id(path: Path, card: str) -> str:
    """Return the id of the repo that a file or folder is of, where the card confirms it."""

    def base() -> str:
        return next(iter(frontmatter.parse(card).items("base_model")), "")

    return repo_id(path.resolve(), card, base)


def _piece(path: Path, start: int, stop: int | None) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        return file.read() if stop is None else file.read(stop - start)
