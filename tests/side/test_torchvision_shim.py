from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SHIM = Path(__file__).resolve().parents[2] / "hubq" / "side" / "torchvision_shim.py"

FAKE_TORCH = """
import sys
class _Library:
    def __init__(self, name, kind):
        self.name = name
    def define(self, schema):
        print("defined", self.name, schema.partition("(")[0])
class library:
    Library = _Library
class version:
    cuda = {cuda}
class ops:
    class torchvision:
        pass
"""


def run(folder: Path, code: str, *, cuda: str | None = None) -> str:
    """Run code under the shim with a torch and a torchvision that only say what happens."""
    (folder / "torch.py").write_text(FAKE_TORCH.format(cuda=repr(cuda)), encoding="ascii")
    (folder / "torchvision.py").write_text("print('torchvision runs')\n", encoding="ascii")
    (folder / "shim.py").write_bytes(SHIM.read_bytes())
    start = f"import sys; sys.path.insert(0, {str(folder)!r}); import shim; "
    done = subprocess.run(
        [sys.executable, "-I", "-c", start + code], capture_output=True, text=True, check=True
    )
    return done.stdout


def test_the_operators_are_declared_before_torchvision_runs(tmp_path: Path) -> None:
    said = run(tmp_path, "import torchvision").splitlines()
    expected = ["defined torchvision nms", "defined torchvision qnms", "torchvision runs"]
    assert said == expected


def test_nothing_is_imported_until_torchvision_is(tmp_path: Path) -> None:
    assert run(tmp_path, "print('torch' in sys.modules)") == "False\n"


def test_a_cuda_build_of_torch_is_left_alone(tmp_path: Path) -> None:
    assert run(tmp_path, "import torchvision", cuda="13.0") == "torchvision runs\n"
