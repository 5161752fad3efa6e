from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hubq.errors import BadInput
from hubq.preview.readme import Readme
from hubq.preview.server import PreviewServer, open_preview
from tests.preview.releases import Pages

TEXT = """---
license: nonsense-1.0
base_model: a/b
base_model_relation: quantized
tags: [one, '<script>alert(1)</script>']
---
# Mine

![chart](charts/a.png) ![away](../secret.png) <script>alert(1)</script>
<img src=x onerror=alert(1)> [run](javascript:alert(1))
"""
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def readme(tmp_path: Path) -> Path:
    folder = tmp_path / "repo"
    (folder / "charts").mkdir(parents=True)
    (folder / "charts" / "a.png").write_bytes(PNG)
    (folder / "notes.txt").write_text("secret")
    (tmp_path / "secret.png").write_bytes(PNG)
    (folder / "charts" / "link.png").symlink_to(tmp_path / "secret.png")
    path = folder / "README.md"
    path.write_text(TEXT)
    return path


@pytest.fixture
def pages(readme: Path) -> Iterator[Pages]:
    with PreviewServer(Readme(readme)) as server, Pages(server.url) as found:
        yield found


def test_any_readme_is_shown_with_what_the_linter_finds(pages: Pages) -> None:
    html = pages.text("/")
    assert "<h1" in html
    assert "Errors: " in html
    assert "nonsense-1.0" in html
    assert '<a rel="noopener nofollow" href="https://huggingface.co/a/b">a/b</a>' in html


def test_hostile_content_is_shown_as_text(pages: Pages) -> None:
    html = pages.text("/")
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)" in html
    assert "onerror" not in html.partition("<main")[2].replace("&lt;", "")
    assert "javascript:" not in html


def test_only_pictures_of_its_folder_are_served(pages: Pages) -> None:
    assert pages.get("/file/resolve/main/charts/a.png").content == PNG
    for path in ("notes.txt", "%2e%2e/secret.png", "charts/link.png", "README.md", "none.png"):
        assert pages.get(f"/file/resolve/main/{path}").status_code == 404, path


def test_a_change_of_the_file_is_seen(readme: Path) -> None:
    shown = Readme(readme)
    state = shown.state
    readme.write_text(TEXT + "more\n")
    assert shown.state != state


def test_a_path_is_told_from_a_release(readme: Path, tmp_path: Path) -> None:
    assert isinstance(open_preview(str(readme), runs_dir=tmp_path), Readme)
    with pytest.raises(BadInput, match="no such file"):
        open_preview("nothing.md", runs_dir=tmp_path)
    with pytest.raises(BadInput, match="no release 'nothing'"):
        open_preview("nothing", runs_dir=tmp_path)
