from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import httpx2
import pytest
from click.testing import CliRunner

from hubq.cli.main import cli
from hubq.errors import BadInput
from tests import programs

pytestmark = pytest.mark.long


def test_the_command_serves_until_it_is_interrupted_and_frees_the_port(runs: Path) -> None:
    command = programs.command("preview", "--runs-dir", str(runs), "--port", "0")
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        ended = threading.Timer(60, process.kill)
        ended.start()
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", url)
        answer = httpx2.get(url + "/_static/preview.css")
        assert answer.headers["content-type"].startswith("text/css")
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        assert process.stdout.read() == ""
        ended.cancel()
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        free.bind(("127.0.0.1", int(url.rpartition(":")[2])))


def test_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith(("starlette", "hubq.preview"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "starlette", None)
    found = CliRunner().invoke(cli, ["preview", "x.md"])
    assert isinstance(found.exception, BadInput)
    assert "starlette" in found.exception.message
    assert found.exception.remedy == 'Install it: pip install "hubq[local]"'


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing.md"], "no such file"),
        (["--runs-dir", "empty"], "holds no release"),
        (["--release", "x", "--runs-dir", "empty"], "no release 'x'"),
    ],
)
def test_what_cannot_be_shown_is_refused(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = CliRunner().invoke(cli, ["preview", *arguments])
    assert isinstance(found.exception, BadInput)
    assert said in found.exception.message
