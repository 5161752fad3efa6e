"""Reading pieces of files from servers that do it in their own way."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from hubq.errors import BadInput
from hubq.hub.huggingface import HuggingFaceHub
from hubq.hub.port import Unavailable
from hubq.hub.retry import Retries
from tests.fakes import WRITER

CONTENT = bytes(range(256)) * 40_000
ADDRESS = ("acme/nano", "1" * 40, "model.safetensors")


class Server:
    """Answers every GET the same; keeps the headers of what was asked."""

    def __init__(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.asked: list[dict[str, str]] = []
        self.sent = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append({k.lower(): v for k, v in self.headers.items()})
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                try:
                    for start in range(0, len(body), 1 << 16):
                        outer.sent += self.wfile.write(body[start : start + (1 << 16)])
                except ConnectionError:
                    pass

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def port(self) -> int:
        return int(self.http.server_address[1])


@contextmanager
def serving(
    status: int = 200, body: bytes = CONTENT, headers: dict[str, str] | None = None
) -> Iterator[Server]:
    server = Server(status, body, headers or {})
    thread = threading.Thread(target=server.http.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.http.shutdown()
        server.http.server_close()
        thread.join()


def hub_of(server: Server, **more: object) -> HuggingFaceHub:
    return HuggingFaceHub(f"http://127.0.0.1:{server.port}", WRITER, **more)  # type: ignore[arg-type]


def test_a_server_that_knows_no_ranges_is_read_no_further_than_asked() -> None:
    with serving() as server:
        hub = hub_of(server)
        assert hub.read_range(*ADDRESS, 10, 300) == CONTENT[10:300]
        assert server.asked[0]["range"] == "bytes=10-299"
        assert server.asked[0]["accept-encoding"] == "identity"
    assert server.sent < len(CONTENT)


def test_the_token_goes_to_the_hub_and_to_nobody_else() -> None:
    with serving() as cdn:
        there = {"Location": f"http://localhost:{cdn.port}/blob"}
        with serving(302, b"", there) as server:
            assert hub_of(server).read_range(*ADDRESS, 0, 5) == CONTENT[:5]
            assert WRITER in server.asked[0]["authorization"]
        assert "authorization" not in cdn.asked[0]
        assert cdn.asked[0]["range"] == "bytes=0-4"


@pytest.mark.parametrize(
    ("status", "headers", "error"),
    [
        (404, {"X-Error-Code": "EntryNotFound"}, BadInput),
        (403, {"X-Error-Code": "GatedRepo"}, BadInput),
        (503, {}, Unavailable),
    ],
)
def test_refusals_are_said_as_everywhere(
    status: int, headers: dict[str, str], error: type[Exception]
) -> None:
    retries = Retries(attempts=1)
    with serving(status, b"no", headers) as server, pytest.raises(error):
        hub_of(server, retries=retries).read_range(*ADDRESS)


def test_beyond_the_end_there_is_nothing() -> None:
    with serving(416, b"") as server:
        assert hub_of(server).read_range(*ADDRESS, 10, 20) == b""
