"""The demo: the bundled nano model released whole, for real, to an embedded Hub."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hubq.hub.hashes import local_files
from hubq.hub.port import Content
from hubq.release.endpoint import Endpoint, storage_head, storage_tree
from hubq.release.options import Options
from hubq.resources import bundled

SOURCE_REPO = "hubq/nano-qwen2-vl"
NAMESPACE = "demo"


def demo_options(runs_dir: Path) -> Options:
    """Return the options that the demo is a release with."""
    return Options(
        source=SOURCE_REPO, recipe="nano", namespace=NAMESPACE, hub="local", runs_dir=runs_dir
    )


def publish_source(runs_dir: Path, say: Callable[[str], None]) -> None:
    """Put the nano model into the embedded Hub through the real client; nothing if it is there."""
    folder = bundled("examples") / "nano-qwen2-vl" / "model"
    files = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*"))}
    contents: dict[str, Content] = {name: path for name, path in files.items() if path.is_file()}
    endpoint = Endpoint("local", runs_dir)
    if _is_there(endpoint.folder, contents):
        return
    say(f"putting the nano model into the embedded Hub as {SOURCE_REPO}")
    try:
        hub = endpoint.hub
        hub.create(SOURCE_REPO, private=False)
        parent = hub.head(SOURCE_REPO)
        hub.commit(SOURCE_REPO, contents, message="The nano model", parent=parent)
    finally:
        endpoint.close()


def _is_there(folder: Path, contents: dict[str, Content]) -> bool:
    """Say whether the embedded Hub holds exactly these files, read without a server."""
    if not folder.is_dir() or storage_head(folder, SOURCE_REPO, None) is None:
        return False
    there = storage_tree(folder, SOURCE_REPO)
    return all(file.matches(there.get(name)) for name, file in local_files(contents).items())
