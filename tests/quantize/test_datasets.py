from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubq.errors import BadInput
from hubq.hub.port import Progress
from hubq.quantize import datasets
from hubq.quantize.datasets import DatasetHub, HubFile
from tests.fakes import write_files

COMMIT = "0123456789abcdef0123456789abcdef01234567"
WORD = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,8}", fullmatch=True)


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUBQ_CACHE", str(tmp_path / "cache"))


class OneDataset(DatasetHub):
    """A hub with one dataset, whose files lie in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[tuple[str, str, str]] = []

    def dataset(
        self, repo: str, revision: str, pattern: str, progress: Progress | None = None
    ) -> Path:
        self.asked.append((repo, revision, pattern))
        return self.folder


@given(WORD, WORD, st.sampled_from([COMMIT, "main", "refs/convert/parquet", "v1.0"]), WORD)
def test_a_hub_reference_is_taken_apart(org: str, name: str, revision: str, file: str) -> None:
    path = f"data/{file}"
    found = datasets.hub_file(f"hub:{org}/{name}@{revision}/{path}")
    assert found == HubFile(repo=f"{org}/{name}", revision=revision, path=path)


@pytest.mark.parametrize(
    "reference",
    [
        "hub:name@main/a.parquet",
        "hub:org/name/a.parquet",
        "hub:org/name@main",
        "hub:org/name@main/../a.parquet",
        "hub:org/name@main/*/a.parquet",
        "hub:",
    ],
)
def test_a_hub_reference_of_another_form_is_refused(reference: str) -> None:
    with pytest.raises(BadInput, match="expected hub:ORG/NAME@REVISION/PATH"):
        datasets.hub_file(reference)


def test_paths_are_no_hub_references() -> None:
    assert datasets.hub_file("data/a.jsonl") is None


def test_files_folders_and_patterns_are_found_in_the_folders_in_turn(tmp_path: Path) -> None:
    write_files(tmp_path, {"a/x.jsonl": b"", "b/x.jsonl": b"", "b/pics/1.png": b""})
    folders = [tmp_path / "a", tmp_path / "b"]
    assert datasets.locate("x.jsonl", folders=folders) == tmp_path / "a/x.jsonl"
    assert datasets.locate("pics", folders=folders) == tmp_path / "b/pics"
    assert datasets.locate("pics/*.png", folders=folders) == tmp_path / "b/pics/*.png"
    assert datasets.locate(str(tmp_path / "a"), folders=()) == tmp_path / "a"
    with pytest.raises(BadInput, match=r"y\.jsonl: no such file or folder \(looked in: .*/a, "):
        datasets.locate("y.jsonl", folders=folders)


def test_bundled_files_are_found() -> None:
    found = datasets.locate("bundled:nano-qwen2-vl/data/calibration.jsonl")
    assert found.is_file()


def test_files_of_a_hub_dataset_are_fetched(tmp_path: Path) -> None:
    hub = OneDataset(write_files(tmp_path, {"data/t-0.parquet": b"", "data/t-1.parquet": b""}))
    found = datasets.locate(f"hub:org/d@{COMMIT}/data/t-*.parquet", hub_for=lambda _: hub)
    assert found == tmp_path / "data/t-*.parquet"
    assert hub.asked == [("org/d", COMMIT, "data/t-*.parquet")]
    with pytest.raises(BadInput, match="the dataset has no such file"):
        datasets.locate("hub:org/d@main/data/u.parquet", hub_for=lambda _: hub)
    with pytest.raises(BadInput, match="not read from a hub here"):
        datasets.locate("hub:org/d@main/data/u.parquet")


def test_the_digest_of_a_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"{}")
    assert datasets.digest(tmp_path / "a.jsonl") == hashlib.sha256(b"{}").hexdigest()


def test_the_digest_of_a_folder_covers_names_and_contents(tmp_path: Path) -> None:
    files = {"a.png": b"A", "sub/b.png": b"B", ".hidden": b"H"}
    first = write_files(tmp_path / "first", files)
    same = write_files(tmp_path / "same", {**files, ".hidden": b"I"})
    renamed = write_files(tmp_path / "renamed", {"a.png": b"A", "sub/c.png": b"B"})
    changed = write_files(tmp_path / "changed", {**files, "a.png": b"C"})
    digests = [datasets.digest(folder) for folder in (first, same, renamed, changed)]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


def test_the_digest_of_a_pattern_covers_the_files_it_names(tmp_path: Path) -> None:
    write_files(tmp_path, {"t-0.jsonl": b"0", "t-1.jsonl": b"1", "other": b""})
    before = datasets.digest(tmp_path / "t-*.jsonl")
    (tmp_path / "other").write_bytes(b"changed")
    assert datasets.digest(tmp_path / "t-*.jsonl") == before
    (tmp_path / "t-2.jsonl").write_bytes(b"2")
    assert datasets.digest(tmp_path / "t-*.jsonl") != before
