from __future__ import annotations

import json

import pytest

from hubq.cli import output
from hubq.secrets import keep_secret

TOKEN = "hf_" + "aB3" * 12
IN_USE = "said-of-no-shape"


def test_nothing_is_said_with_a_secret_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    keep_secret(IN_USE)
    output.say(f"to stderr {TOKEN} {IN_USE}")
    output.text(f"to stdout {TOKEN} {IN_USE}")
    output.table(["a", "b"], [["x", TOKEN], [IN_USE, "y"]])
    output.facts({"token": TOKEN, "name": IN_USE})
    output.data({"token": TOKEN, "name": IN_USE})
    said = "".join(capsys.readouterr())
    assert TOKEN not in said
    assert IN_USE not in said
    assert said.count("***") == 10
    assert json.loads(said[said.index("{") : said.index("}") + 1])["name"] == "***"


def test_what_a_person_asked_for_is_handed_over(capsys: pytest.CaptureFixture[str]) -> None:
    output.confide("http://127.0.0.1:1/_enter?until=1&signature=abcdef")
    assert capsys.readouterr().err.endswith("signature=abcdef\n")
