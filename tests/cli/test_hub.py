"""The embedded Hub is served from the command line, with planned failures if asked for."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from hubq.cli.main import cli


def test_failures_are_not_for_other_machines() -> None:
    done = CliRunner().invoke(cli, ["hub", "serve", "--faults", "--allow-remote"])
    assert done.exit_code == 2
    assert "others could plan failures" in done.output


@contextmanager
def served(tmp_path: Path, *options: str, **environ: str) -> Iterator[tuple[str, list[str]]]:
    """Serve a Hub in a process of its own; gives its address and, at the end, what it said."""
    command = [sys.executable, "-m", "hubq.cli", "hub", "serve", "--port", "0", *options]
    said: list[str] = []
    with subprocess.Popen(
        [*command, "--dir", str(tmp_path / "hub")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environ},
    ) as server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline().strip(), said
            server.send_signal(signal.SIGTERM)
            said += server.communicate(timeout=10)
        finally:
            server.kill()


def status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@pytest.mark.long
def test_failures_can_be_planned_when_they_are_asked_for(tmp_path: Path) -> None:
    with served(tmp_path) as (url, said):
        assert status(f"{url}/_log") == 404
    assert "_fault" not in "".join(said)
    assert "signature=***" not in "".join(said)
    for options, environ in ((["--faults"], {}), ([], {"HUBQ_HUB_FAULTS": "1"})):
        with served(tmp_path, *options, **environ) as (url, said):
            rule = json.dumps({"match": "GET /api/models", "status": 503}).encode()
            urllib.request.urlopen(f"{url}/_fault", data=rule, timeout=5).close()
            assert [status(f"{url}/api/models") for _ in range(2)] == [503, 200]
            assert status(f"{url}/_log") == 200
        assert f"{url}/_fault" in "".join(said)
