"""Files of Hub datasets, through the real client from a server that speaks that part of the API."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from huggingface_hub import constants

from hubq.errors import BadInput
from hubq.hub.huggingface import HuggingFaceHub
from hubq.hub.retry import Retries

pytestmark = pytest.mark.long

COMMIT = "0123456789abcdef0123456789abcdef01234567"
FILES = {
    "README.md": b"# rows\n",
    "data/train-0.parquet": b"first",
    "data/train-1.parquet": b"second",
}


class _Handler(BaseHTTPRequestHandler):
    asked: list[str]

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        self.asked.append(f"{self.command} {self.path}")
        path = self.path.partition("?")[0]
        if path == "/api/datasets/org/rows/revision/main":
            names = [{"rfilename": name} for name in FILES]
            self._send(json.dumps({"id": "org/rows", "sha": COMMIT, "siblings": names}).encode())
            return
        prefix = f"/datasets/org/rows/resolve/{COMMIT}/"
        content = FILES.get(path.removeprefix(prefix)) if path.startswith(prefix) else None
        if content is None:
            code = "EntryNotFound" if path.startswith(prefix) else "RepoNotFound"
            self.send_response(404)
            self.send_header("X-Error-Code", code)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self._send(content, body=body)

    def _send(self, content: bytes, *, body: bool = True) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()
        if body:
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class says so
        """Stay quiet."""


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HuggingFaceHub]:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hf-cache"))
    monkeypatch.setenv("HUBQ_CACHE", str(tmp_path / "cache"))
    _Handler.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{server.server_address[1]}"
    yield HuggingFaceHub(address, token="hf_local", retries=Retries(attempts=1))
    server.shutdown()
    server.server_close()


def test_one_file_is_fetched_and_not_asked_for_again(hub: HuggingFaceHub) -> None:
    folder = hub.dataset("org/rows", "main", "data/train-0.parquet")
    assert (folder / "data/train-0.parquet").read_bytes() == b"first"
    _Handler.asked.clear()
    again = hub.dataset("org/rows", COMMIT, "data/train-0.parquet")
    assert again == folder
    assert _Handler.asked == []


def test_a_pattern_fetches_every_file_that_fits(hub: HuggingFaceHub) -> None:
    folder = hub.dataset("org/rows", "main", "data/train-*.parquet")
    found = sorted(path.name for path in (folder / "data").iterdir())
    assert found == ["train-0.parquet", "train-1.parquet"]
    assert not (folder / "README.md").exists()


def test_a_file_that_is_not_there_is_bad_input(hub: HuggingFaceHub) -> None:
    with pytest.raises(BadInput, match="org/rows"):
        hub.dataset("org/rows", "main", "data/nothing.parquet")
    with pytest.raises(BadInput, match="org/other"):
        hub.dataset("org/other", "main", "x")
