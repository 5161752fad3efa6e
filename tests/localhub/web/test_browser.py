from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from huggingface_hub import CommitOperationAdd, HfApi

from hubq.localhub.server import LocalHub

pytestmark = pytest.mark.browser
_SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><rect width="40"/></svg>'
_QUIET = """
--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync
--disable-background-networking --disable-component-update --enable-logging=stderr
""".split()  # noqa: SIM905


def test_a_browser_shows_a_card_with_its_images(
    hub: LocalHub, api: HfApi, repo_id: str, tmp_path: Path
) -> None:
    chromium = shutil.which("chromium")
    assert chromium is not None, "install chromium"
    assert hub.faults is not None
    rules = [CommitOperationAdd(".gitattributes", b"large.svg filter=lfs diff=lfs merge=lfs\n")]
    api.create_commit(repo_id, rules, commit_message="Rules")
    card = b"---\nlicense: mit\n---\n# Card\n\n![a](small.svg) ![b](large.svg)\n"
    files = {"README.md": card, "small.svg": _SVG, "large.svg": _SVG}
    operations = [CommitOperationAdd(path, content) for path, content in files.items()]
    api.create_commit(repo_id, operations, commit_message="Images")
    hub.faults.clear_log()
    picture = tmp_path / "page.png"
    options = [f"--user-data-dir={tmp_path / 'profile'}", f"--screenshot={picture}"]
    command = [chromium, *_QUIET, *options, f"{hub.url}/{repo_id}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert picture.stat().st_size > 5_000
    assert "Content Security Policy" not in done.stderr
    answers = {entry.path.rsplit("/", 1)[-1]: entry.status for entry in hub.faults.log()}
    assert answers["small.svg"] == answers["_blob"] == answers["_style.css"] == 200
    assert answers["large.svg"] == 302
