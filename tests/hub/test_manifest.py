from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from hubq.hub.manifest import MANIFEST, listed, manifest


def test_a_list_is_read_back_as_it_was_written() -> None:
    hashes = {"b.txt": "1" * 64, "a dir/a file.txt": "2" * 64}
    assert listed(manifest(hashes)) == hashes


def test_somebody_elses_list_is_not_ours() -> None:
    assert listed(b"1" * 64 + b"  a.txt\n") == {}
    assert listed(b"") == {}


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="needs sha256sum")
def test_sha256sum_can_check_it(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"content")
    (tmp_path / MANIFEST).write_bytes(manifest({"a.txt": hashlib.sha256(b"content").hexdigest()}))
    command = ["sha256sum", "--strict", "-c", MANIFEST]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "a.txt: OK\n"
