"""What the tests of side's scripts share."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

SIDE = Path(__file__).resolve().parents[2] / "hubq" / "side"


@pytest.fixture
def side(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return an importer of side's own modules, which are on no package's path."""
    monkeypatch.syspath_prepend(str(SIDE))
    for path in SIDE.glob("*.py"):
        monkeypatch.delitem(sys.modules, path.stem, raising=False)
    return importlib.import_module
