"""`hubq card lint` names files and lines, and fails on errors alone."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner, Result

from hubq.cli.main import cli
from hubq.errors import BadInput

GOOD = "---\nlicense: mit\nlibrary_name: transformers\npipeline_tag: text-generation\n---\n# T\n"


def lint(*arguments: str, given: str = "") -> Result:
    return CliRunner().invoke(cli, ["card", "lint", *arguments], input=given)


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_a_good_card_passes(tmp_path: Path) -> None:
    done = lint(str(write(tmp_path / "README.md", GOOD)))
    assert (done.exit_code, done.stdout) == (0, "")
    assert "1 files, 0 findings, 0 of them errors" in done.stderr


def test_errors_are_named_by_file_and_line_and_end_with_1(tmp_path: Path) -> None:
    path = write(tmp_path / "card.md", GOOD.replace("mit", "my-own"))
    done = lint(str(path))
    assert done.exit_code == 1
    assert done.stdout.startswith(f'{path}:2: error license: "license" must be one of')
    assert done.stdout.splitlines()[1].startswith("    ")


def test_warnings_alone_end_with_0() -> None:
    done = lint("-", given="# T\n")
    assert done.exit_code == 0
    assert done.stdout.startswith("-:1: warning front-matter: ")


def test_what_is_only_worth_knowing_is_called_a_hint_as_it_always_was(tmp_path: Path) -> None:
    path = write(tmp_path / "card.md", GOOD.replace("license", "licence: x\nlicense"))
    said = "nobody reads a key 'licence'"
    assert lint(str(path)).stdout.startswith(f"{path}:2: hint key: {said}\n    Did you mean")
    (found,) = json.loads(lint(str(path), "--format", "json").stdout)
    assert found["findings"] == [
        {
            "level": "hint",
            "rule": "key",
            "line": 2,
            "message": said,
            "fix": "Did you mean license?",
        }
    ]


def test_folders_are_searched_and_links_looked_up_in_repos(tmp_path: Path) -> None:
    write(tmp_path / "one" / "README.md", GOOD + "[a](gone.md)\n")
    write(tmp_path / "two" / "README.md", GOOD + "[a](gone.md)\n")
    write(tmp_path / "two" / "config.json", "{}")
    write(tmp_path / "three" / "notes.md", GOOD)
    done = lint(str(tmp_path), str(tmp_path / "three"), "--format", "json")
    found = {Path(one["file"]).parent.name: one["findings"] for one in json.loads(done.stdout)}
    assert set(found) == {"one", "two", "three"}
    assert [one["rule"] for one in found["two"]] == ["missing-file"]
    assert found["one"] == found["three"] == []
    assert done.exit_code == 1


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    for path, words in ((tmp_path / "no.md", "no such file"), (tmp_path, "no README.md")):
        done = lint(str(path))
        assert isinstance(done.exception, BadInput)
        assert words in str(done.exception)
