"""What stands between a client and a Hub in tests: TLS with a certificate of its own, proxies."""

from __future__ import annotations

import shutil
import socket
import socketserver
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from hubq.localhub.server import LocalHub


class TlsHub(LocalHub):
    """An embedded Hub that speaks HTTPS.

    Args:
        directory: the Hub's folder.
        certificate: of the server, with its key beside it.
    """

    def __init__(self, directory: Path, certificate: Path) -> None:
        super().__init__(directory, durable=False, faults=True)
        self._settings |= {
            "ssl_certfile": str(certificate),
            "ssl_keyfile": str(certificate.with_suffix(".key")),
        }

    @property
    def url(self) -> str:
        return super().url.replace("http://", "https://")


def certificate(folder: Path) -> Path:
    """Make a certificate for this machine that nobody has signed but itself."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl on this machine")
    made = folder / "self.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
    command += ["-keyout", str(made.with_suffix(".key")), "-out", str(made)]
    subprocess.run(command, check=True, capture_output=True)
    return made


class _Proxy(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, refuses: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.refuses = refuses
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(socketserver.BaseRequestHandler):
    """Serves one connection: opens a tunnel, or passes on what is asked in full."""

    def handle(self) -> None:
        head = self._head()
        if not head:
            return
        server: Any = self.server
        method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ", 2)
        server.asked.append(f"{method} {target}")
        if server.refuses:
            answer = f"HTTP/1.1 {server.refuses}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            self.request.sendall(answer.encode())
            return
        parts = urlsplit(f"//{target}" if method == "CONNECT" else target)
        with socket.create_connection((parts.hostname, parts.port)) as there:
            if method == "CONNECT":
                self.request.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                asked, rest = head.split(b"\r\n", 1)
                origin = f"{parts.scheme}://{parts.netloc}".encode()
                asked = asked.replace(b" " + origin, b" ", 1)
                there.sendall(asked + b"\r\nConnection: close\r\n" + rest)
            back = threading.Thread(target=_pump, args=(there, self.request), daemon=True)
            back.start()
            _pump(self.request, there)
            back.join()

    def _head(self) -> bytes:
        """Return what came with the request's head; a body may follow."""
        seen = b""
        while b"\r\n\r\n" not in seen:
            piece = self.request.recv(65536)
            if not piece:
                return b""
            seen += piece
        return seen


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while piece := source.recv(65536):
            sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        return


@contextmanager
def proxy(refuses: str = "") -> Iterator[_Proxy]:
    """Run a proxy; one that refuses answers everything with that status line."""
    with _Proxy(refuses) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
