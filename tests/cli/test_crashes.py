"""Nothing that the program writes when something goes wrong holds a secret; no option takes one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from hubq.cli.main import cli
from tests.rows import each_row

SECRET = "planted-of-no-shape-1"
SHAPED = "hf_" + "aB3" * 12


def fails(code: str, tmp_path: Path) -> str:
    """Return what a program with the secret in its environment writes when it runs some code."""
    start = "import os\nfrom hubq.cli.crashes import guard\nguard()\n"
    start += f"SECRET = os.environ['HF_TOKEN']\nSHAPED = {SHAPED!r}\n"
    environ = {**os.environ, "HF_TOKEN": SECRET, "HF_HOME": str(tmp_path), "PYTHONPATH": "."}
    done = subprocess.run(
        [sys.executable, "-c", start + code],
        capture_output=True,
        text=True,
        env=environ,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    said = done.stdout + done.stderr
    assert SECRET not in said
    assert SHAPED not in said
    return said


def test_a_bug_keeps_its_traceback_without_secrets(tmp_path: Path) -> None:
    code = """
def deep(token):
    try:
        raise ValueError("sent " + token)
    except ValueError as error:
        raise RuntimeError(f"with {SHAPED}") from error
deep(SECRET)
"""
    said = fails(code, tmp_path)
    assert "ValueError: sent ***" in said
    assert "RuntimeError: with hf***" in said
    assert "in deep" in said


@pytest.mark.long
def test_a_thread_that_dies_says_no_secret(tmp_path: Path) -> None:
    code = """
import threading
def work():
    raise RuntimeError(SECRET + " " + SHAPED)
thread = threading.Thread(target=work, name="worker")
thread.start()
thread.join()
"""
    assert "Exception in thread worker:" in fails(code, tmp_path)


@pytest.mark.long
def test_an_exception_that_nobody_can_catch_says_no_secret(tmp_path: Path) -> None:
    code = """
class Leaving:
    def __del__(self):
        raise RuntimeError(SECRET + SHAPED)
Leaving()
"""
    assert "RuntimeError: ***" in fails(code, tmp_path)


@pytest.mark.long
def test_log_records_and_warnings_hold_no_secret(tmp_path: Path) -> None:
    code = """
import logging, sys, warnings
logging.basicConfig(format="%(message)s", level=logging.DEBUG)
log = logging.getLogger("some.library")
log.info("sent %s to %s", SECRET, "there")
log.warning("wrong number of values %s", SECRET, SHAPED)
try:
    raise ValueError(SHAPED)
except ValueError:
    log.exception("failed with %s", {"authorization": "Bearer " + SECRET})
warnings.warn("careful with " + SECRET)
logging.getLogger("other").addHandler(logging.StreamHandler(sys.stdout))
logging.getLogger("other").error(SECRET)
"""
    said = fails(code, tmp_path)
    assert "sent *** to there" in said
    assert "ValueError: hf***" in said
    assert "UserWarning: careful with ***" in said


@pytest.mark.long
def test_a_token_on_the_command_line_is_not_repeated(tmp_path: Path) -> None:
    environ = {**os.environ, "HF_HOME": str(tmp_path)}
    for words in (["plan", "x", SHAPED], ["push", f"--token={SHAPED}", "x"], [SHAPED]):
        done = subprocess.run(
            [sys.executable, "-m", "hubq.cli", *words],
            capture_output=True,
            text=True,
            env=environ,
            check=False,
        )
        assert done.returncode == 2
        assert "Error" in done.stderr
        assert SHAPED not in done.stdout + done.stderr


def commands(group: click.Group, path: str = "hubq") -> Iterator[tuple[str, click.Command]]:
    """Yield every command under a group with the words that call it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")


@each_row("word", ["token", "password", "secret", "passphrase", "api-key", "api_key"])
def test_no_command_takes_a_secret_as_an_option(word: str) -> None:
    for path, command in commands(cli):
        for parameter in command.params:
            names = [*parameter.opts, *parameter.secondary_opts, parameter.name or ""]
            # An option may name a file or a variable that holds one, but for tokens.
            named = isinstance(parameter.type, click.Path) and word != "token"
            assert named or not any(word in name for name in names), f"{path} {names}"
            assert not getattr(parameter, "hide_input", False), path
