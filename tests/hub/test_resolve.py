from __future__ import annotations

from pathlib import Path

import pytest

from hubq.errors import BadInput
from hubq.hub.resolve import (
    download,
    front_matter,
    is_folder,
    pin_source,
    resolve_folder,
)
from tests.fakes import FakeHub, model_files, write_files
from tests.rows import each_row


def test_a_folder_becomes_a_source(folder: Path) -> None:
    source = resolve_folder(folder)
    assert source.name == "nano"
    assert source.path == str(folder)
    assert source.model_type == "qwen2_vl"
    assert source.card == {"license": "apache-2.0", "language": ["en"]}
    assert set(source.files) == set(model_files())
    assert source.repo is source.commit is None
    assert source.label == "nano"


def test_the_digest_follows_the_bytes_and_not_the_place(folder: Path, tmp_path: Path) -> None:
    first = resolve_folder(folder).digest
    copy = write_files(tmp_path / "elsewhere", {**model_files(), ".git/HEAD": b"x", "x.gguf": b"y"})
    assert resolve_folder(copy).digest == first
    write_files(copy, {"model.safetensors": model_files(seed=1)["model.safetensors"]})
    assert resolve_folder(copy).digest != first


def test_a_folder_of_links_is_read_like_any_other(folder: Path, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    linked.mkdir()
    for file in folder.iterdir():
        (linked / file.name).symlink_to(file)
    assert resolve_folder(linked).digest == resolve_folder(folder).digest


def test_a_folder_that_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"is not a model: no config\.json"):
        resolve_folder(tmp_path)
    with pytest.raises(BadInput, match="no such folder"):
        resolve_folder(tmp_path / "nowhere")


def test_a_broken_config_is_refused(folder: Path) -> None:
    (folder / "config.json").write_text("{")
    with pytest.raises(BadInput, match=r"config\.json is not JSON"):
        resolve_folder(folder)
    (folder / "config.json").write_text("[]")
    with pytest.raises(BadInput, match="not a JSON object"):
        resolve_folder(folder)


def test_a_repo_is_pinned_without_downloading_its_weights(hub: FakeHub) -> None:
    commit = hub.add("acme/nano", {**model_files(), "pytorch_model.bin": b"x"})
    source = pin_source(hub, "acme/nano")
    assert (source.repo, source.commit, source.digest) == ("acme/nano", commit, commit)
    assert source.path == ""
    assert source.endpoint == "https://hub.test"
    assert source.card["license"] == "apache-2.0"
    assert "pytorch_model.bin" not in source.files
    assert "read acme/nano model.safetensors" not in hub.asked


def test_a_download_fills_in_the_path(hub: FakeHub) -> None:
    hub.add("acme/nano", model_files())
    told: list[tuple[int, int]] = []
    pinned = pin_source(hub, "acme/nano")
    source = download(hub, pinned, lambda done, total: told.append((done, total)))
    assert (Path(source.path) / "model.safetensors").read_bytes() == (
        model_files()["model.safetensors"]
    )
    assert told[-1] == (sum(pinned.files.values()),) * 2


def test_a_folder_needs_no_download(hub: FakeHub, folder: Path) -> None:
    source = resolve_folder(folder)
    assert download(hub, source) is source


def test_a_revision_is_pinned(hub: FakeHub) -> None:
    first = hub.add("acme/nano", model_files())
    hub.add("acme/nano", model_files(seed=1))
    assert pin_source(hub, f"acme/nano@{first}").commit == first
    with pytest.raises(BadInput, match="acme/nano@v9: no such branch"):
        pin_source(hub, "acme/nano@v9")


def test_an_unknown_or_gated_or_pickled_repo_is_refused_before_any_download(hub: FakeHub) -> None:
    hub.add("Qwen/gated", model_files(), gated=True)
    hub.add("acme/pickled", {"config.json": b"{}", "pytorch_model.bin": b"x"})
    for reference, why in [
        ("Qwen/Nope", "Qwen/Nope: no such model on https://hub.test"),
        ("Qwen/gated", "gated"),
        ("acme/pickled", "only pickled weights"),
    ]:
        with pytest.raises(BadInput, match=why):
            pin_source(hub, reference)
    assert not any(line.startswith("snapshot") for line in hub.asked)


def test_what_looks_like_a_path_is_a_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    assert is_folder("nano")
    assert is_folder("./nowhere")
    assert not is_folder("acme/nano")


@each_row(
    "readme",
    ["", "# Title", "---\nlicense: mit\n", "---\n- a list\n---\n", "---\na: [\n---\n"],
)
def test_a_readme_without_a_usable_front_matter_has_none(readme: str) -> None:
    assert front_matter(readme.encode()) == {}


def test_a_front_matter_is_read_with_any_line_ends_and_a_byte_order_mark() -> None:
    assert front_matter(b"\xef\xbb\xbf---\r\nlicense: mit\r\n---\r\ntext") == {"license": "mit"}
