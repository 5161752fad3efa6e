"""The wheel holds what it needs: installed in a clean environment it lists recipes and renders."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.network

ROOT = Path(__file__).parents[1]
RENDER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from hubq.resources import bundled
assert "site-packages" in str(bundled("card_templates")), bundled("card_templates")
assert (bundled("examples") / "nano-qwen2-vl" / "model" / "config.json").is_file()
from hubq.cards.rendering import render_card
from tests.cards.factory import Factory
family = Factory(Path(sys.argv[2])).everything().family()
text = render_card(family, "AWQ", (bundled("card_templates"),))["README.md"].decode()
assert "base_model_relation: quantized" in text
print("rendered", len(text))
"""


def run(*command: str, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def test_the_installed_wheel_renders_a_card(tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    run(
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "-w",
        str(wheels),
        str(ROOT),
        cwd=ROOT,
    )
    (wheel,) = wheels.glob("hubq-*.whl")
    run(sys.executable, "-m", "venv", str(tmp_path / "venv"), cwd=tmp_path)
    python = str(tmp_path / "venv" / "bin" / "python")
    run(python, "-m", "pip", "install", "-q", str(wheel), cwd=tmp_path)
    names = run(str(tmp_path / "venv" / "bin" / "hubq"), "recipe", "list", cwd=tmp_path)
    assert "qwen2-vl" in names
    tests = tmp_path / "tests"
    tests.mkdir()
    (tests / "cards").symlink_to(ROOT / "tests" / "cards")
    script = tmp_path / "render.py"
    script.write_text(RENDER)
    said = run(python, str(script), str(tmp_path), str(tmp_path / "runs"), cwd=tmp_path)
    assert said.startswith("rendered ")
