from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hubq.errors import BadInput
from hubq.workers.registry import WORKERS, Worker, program_digest, program_files, worker_for
from hubq.workers.specs import SIDE, SPECS

TRIVIAL = Worker(kind="echo", backend="trivial", environment="gptqmodel", role="inference")


@pytest.fixture
def side(tmp_path: Path) -> Path:
    """A side folder of four files, one of which nothing imports."""
    texts = {
        "main.py": "import events\n",
        "events.py": "import json\n",
        "echo_trivial.py": "def run():\n    from helper import x\n",
        "helper.py": "import events, numpy\n",
        "other.py": "",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_every_worker_runs_in_an_environment_that_hubq_can_build() -> None:
    assert {worker.environment for worker in WORKERS} <= {spec.name for spec in SPECS}


def test_a_worker_is_found_by_kind_and_backend() -> None:
    assert worker_for("quantize", "gptqmodel").script == "quantize_gptqmodel"


def test_an_unknown_backend_is_refused_with_the_known_ones() -> None:
    with pytest.raises(BadInput, match=r"'tinygrad'; backends for bench: transformers"):
        worker_for("bench", "tinygrad")


def test_a_helper_that_is_named_counts_as_one_that_is_imported(side: Path) -> None:
    (side / "started.py").write_text("import carried\n")
    (side / "carried.py").write_text("")
    (side / "extension.py").write_text("")
    (side / "other.py").write_text("")
    script = side / f"{TRIVIAL.script}.py"
    told = 'PROGRAM = "started.py"\nOPTION = "extension.Extension"\nSAID = "see other.py, other"\n'
    script.write_text(script.read_text() + told)
    names = {path.name for path in program_files(TRIVIAL, side)}
    assert {"started.py", "carried.py", "extension.py"} <= names
    assert "other.py" not in names


def test_a_program_is_its_script_and_what_that_imports_from_side(side: Path) -> None:
    names = [path.name for path in program_files(TRIVIAL, side)]
    assert names == ["echo_trivial.py", "events.py", "helper.py", "main.py"]


@pytest.mark.parametrize("name", ["main.py", "events.py", "echo_trivial.py", "helper.py"])
def test_a_change_of_any_file_of_a_program_changes_its_digest(side: Path, name: str) -> None:
    before = program_digest(TRIVIAL, side)
    with (side / name).open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    assert program_digest(TRIVIAL, side) != before


def test_a_file_that_a_program_does_not_use_does_not_count(side: Path) -> None:
    before = program_digest(TRIVIAL, side)
    (side / "other.py").write_text("changed = True\n", encoding="utf-8")
    assert program_digest(TRIVIAL, side) == before


def test_a_missing_script_has_no_digest(side: Path) -> None:
    missing = Worker(kind="echo", backend="missing", environment="gptqmodel", role="inference")
    with pytest.raises(FileNotFoundError):
        program_digest(missing, side)


def test_no_file_of_side_has_the_name_of_a_standard_module() -> None:
    assert not {path.stem for path in SIDE.glob("*.py")} & set(sys.stdlib_module_names)


def test_the_real_trivial_worker_has_a_digest() -> None:
    assert len(program_digest(TRIVIAL)) == 64


def test_reading_the_table_imports_nothing_heavy() -> None:
    code = (
        "import sys, hubq.workers.registry\n"
        "print([m for m in ('uv', 'numpy', 'filelock', 'platformdirs') if m in sys.modules])"
    )
    repo = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=repo
    )
    assert done.stdout.strip() == "[]"
