"""Resolving a source: a repo pinned to a commit, or a folder pinned by its content.

For a repo there are two steps. `pin_source` is cheap (a few small requests) and refuses what cannot
work before anything expensive is done; `download` fetches the files when a stage needs them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import yaml

from hubq.errors import BadInput
from hubq.hub.hashes import HashCache
from hubq.hub.port import Hub, Progress
from hubq.hub.weights import CONFIG, check_complete, needed
from hubq.model.codec import digest
from hubq.model.source import Source, split_reference

README = "README.md"
_FENCE = "---"


def is_folder(reference: str) -> bool:
    """Return whether a SOURCE on the command line means a folder rather than a repo.

    A folder that exists is one; so is everything that is written like a path.
    """
    return Path(reference).expanduser().is_dir() or reference.startswith((".", "/", "~"))


def resolve_folder(path: str | Path) -> Source:
    """Return the source that a folder holds.

    Its digest covers the path, size and SHA-256 of every file of the model; hashes are remembered
    while size and modification time stand.

    Raises:
        BadInput: no such folder, or it is not a whole model in safetensors.
    """
    folder = Path(path).expanduser()
    if not folder.is_dir():
        raise BadInput(f"{path}: no such folder", remedy="Check the path.")
    folder = folder.resolve()
    found = {file.relative_to(folder).as_posix(): file for file in _files(folder)}
    check_complete(found, lambda name: found[name].read_bytes(), str(path))
    names = needed(found)
    hashes = HashCache(folder)
    listing = [(name, found[name].stat().st_size, hashes.sha256(found[name])) for name in names]
    hashes.save()
    return Source(
        name=folder.name,
        digest=digest(listing),
        path=str(folder),
        config=_config(found[CONFIG].read_bytes(), str(path)),
        card=front_matter(found[README].read_bytes()) if README in found else {},
        files={name: size for name, size, _ in listing},
    )


def pin_source(hub: Hub, reference: str) -> Source:
    """Return the source that a reference (`org/name`, `org/name@revision`) stands for now.

    Its `path` is empty until `download`; its `files` are those that `download` fetches.

    Raises:
        BadInput: no such repo or revision, no access, or not a whole model in safetensors.
        Unavailable: the hub does not answer.
    """
    repo, revision = split_reference(reference)
    info = hub.info(repo, revision) if revision else hub.info(repo)
    where = f"{repo}@{info.commit[:7]}"

    def read(name: str) -> bytes:
        return hub.read(repo, info.commit, name)

    check_complete(info.files, read, where)
    return Source(
        name=repo.rpartition("/")[2],
        digest=info.commit,
        path="",
        config=_config(read(CONFIG), where),
        repo=repo,
        commit=info.commit,
        endpoint=hub.endpoint,
        card=front_matter(read(README)) if README in info.files else {},
        files={name: info.files[name].size for name in needed(info.files)},
    )


def download(hub: Hub, source: Source, progress: Progress | None = None) -> Source:
    """Return a pinned source with its files on this machine; a folder is returned as it is.

    Raises:
        BadInput: no access, or the repo is no whole model.
        Unavailable: the hub does not answer.
    """
    if source.repo is None or source.commit is None:
        return source
    path = hub.snapshot(source.repo, source.commit, progress)
    return msgspec.structs.replace(source, path=str(path))


def front_matter(readme: bytes) -> dict[str, Any]:
    """Return the YAML between the fences at the top of a README; empty when there is none.

    A front matter that is not YAML counts as none: the source is not ours to mend.
    """
    lines = readme.decode("utf-8-sig", errors="replace").splitlines()
    if not lines or lines[0].rstrip() != _FENCE:
        return {}
    end = next((i for i, line in enumerate(lines[1:], 1) if line.rstrip() == _FENCE), None)
    if end is None:
        return {}
    try:
        data = yaml.safe_load("\n".join(lines[1:end]))
    except (yaml.YAMLError, ValueError):
        return {}
    return {str(key): value for key, value in data.items()} if isinstance(data, dict) else {}


def _config(raw: bytes, where: str) -> dict[str, Any]:
    try:
        config = msgspec.json.decode(raw)
    except msgspec.DecodeError as error:
        raise BadInput(f"{where}: {CONFIG} is not JSON: {error}") from error
    if not isinstance(config, dict):
        raise BadInput(f"{where}: {CONFIG} is not a JSON object")
    return config


def _files(folder: Path) -> list[Path]:
    """Return the files under a folder, hidden ones and what lies in hidden folders left out."""
    return [
        path
        for path in folder.rglob("*")
        if path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
