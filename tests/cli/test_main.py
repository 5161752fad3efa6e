"""The program starts light, says errors in one line, and is documented."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from hubq.cli.main import COMMANDS, cli, main
from hubq.cli.reference import reference

ROOT = Path(__file__).parents[2]


def program(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hubq.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)


def test_help_imports_nothing_third_party_but_click() -> None:
    code = (
        "import sys; sys.argv = ['hubq', '--help']\n"
        "from hubq.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "tops = {name.split('.')[0] for name in sys.modules}\n"
        "print('TOPS', *sorted(tops - set(sys.stdlib_module_names)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    line = next(line for line in done.stdout.splitlines() if line.startswith("TOPS"))
    ours = {n for n in line.split()[1:] if not n.startswith(("_", "distutils", "sitecustomize"))}
    assert ours <= {"click", "hubq", "typing_extensions", "coverage"}


def test_every_command_of_the_table_is_there_and_has_its_help() -> None:
    for name in COMMANDS:
        done = CliRunner().invoke(cli, [name, "--help"])
        assert done.exit_code == 0, name
        assert "Usage" in done.output


def test_the_reference_in_the_docs_is_up_to_date(golden: Callable[[str, str], None]) -> None:
    golden("../../docs/cli.md", reference())


def test_the_version_is_printed() -> None:
    assert CliRunner().invoke(cli, ["--version"]).output.startswith("hubq ")


def test_bad_input_of_the_program_is_one_clear_line_and_exit_code_two(tmp_path: Path) -> None:
    done = program("certify", "nothing", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("Error: nothing: neither a folder nor a Hub id")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["certify", "nothing"], "nothing: neither a folder nor a Hub id"),
        (
            ["recipe", "show", "nope"],
            "unknown recipe 'nope'; there are: llava-onevision, modality, nano",
        ),
        (["plan", "./nowhere"], "no such folder"),
        (["plan", "nonsense"], "neither a folder nor a Hub id"),
        (["env", "show", "nope"], "environment 'nope' for cpu: unknown"),
        (["status", "nope"], "no release 'nope'"),
        (["release", "a/b", "--hub", "ftp://x"], "expected an address"),
        (["release", "a/b", "--hub", "https://me:word@hub.test"], "holds a user or a password"),
        (["release", "a/b", "--interpreter", "x=/nowhere"], "expected ENV=PYTHON"),
    ],
)
def test_bad_input_is_one_clear_line_and_exit_code_two(
    arguments: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["hubq", *arguments])
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 2
    told = capsys.readouterr()
    assert said in told.err
    assert told.err.startswith("Error: ")
    assert not list(tmp_path.glob("hubq-runs"))


@pytest.mark.long
def test_a_folder_that_is_no_model_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = program("release", "./empty", cwd=tmp_path)
    assert done.returncode == 2
    assert "config.json" in done.stderr


@pytest.mark.long
def test_a_recipe_error_names_file_and_place(tmp_path: Path) -> None:
    assert program("recipe", "copy", "nano", "mine.yaml", cwd=tmp_path).returncode == 0
    path = tmp_path / "mine.yaml"
    path.write_text(path.read_text().replace("bits: 8", "bits: 5"))
    done = program("recipe", "check", "mine.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert "mine.yaml: variants[0].bits: expected 2, 3, 4 or 8, got 5" in done.stderr
