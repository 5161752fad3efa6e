"""Commands on cards are read as hubq would read them, and not done."""

from __future__ import annotations

import json
import subprocess
import sys

from hubq.cli.parsing import problem
from tests.rows import each_row


@each_row(
    "command",
    [
        "hubq release org/x --recipe nano --variant AWQ",
        "hubq show score.AWQ.DocVQA_VAL --variant AWQ",
        "hubq card render org/x",
        "hubq --version",
        "hubq verify --help",
    ],
)
def test_commands_that_hubq_takes_have_no_problem(command: str) -> None:
    assert problem(command.split()) == ""


@each_row(
    ("command", "said"),
    [
        ("hubq relase org/x", "relase"),
        ("hubq release", "SOURCE"),
        ("hubq release org/x --no-such", "--no-such"),
        ("hubq release org/x --limit none", "--limit"),
        ("hubq card", "hubq card: a command is missing"),
    ],
)
def test_commands_that_hubq_does_not_take_say_why(command: str, said: str) -> None:
    assert said in problem(command.split())


def test_a_list_of_commands_is_read_by_a_process_of_its_own() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hubq.cli.parsing"],
        input=json.dumps([["hubq", "--version"], ["hubq", "nothing"]]),
        capture_output=True,
        text=True,
        check=True,
    )
    good, bad = json.loads(done.stdout)
    assert good == ""
    assert "nothing" in bad
