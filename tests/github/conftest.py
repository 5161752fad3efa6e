from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.github.runner import Action


class Artifacts:
    """What jobs uploaded, by name, and what every other action was asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[tuple[str, dict[str, str]]] = []

    def upload(self, inputs: Mapping[str, str], _workspace: Path) -> dict[str, str]:
        """Stand in for actions/upload-artifact."""
        path = Path(inputs["path"])
        target = self.folder / inputs["name"]
        if path.is_dir():
            shutil.copytree(path, target)
        elif path.is_file():
            target.mkdir(parents=True)
            shutil.copy(path, target)
        return {}

    def actions(self) -> dict[str, Action]:
        """Return the stand-ins of everything that the workflows use."""
        return {
            "actions/checkout": self._noted("actions/checkout"),
            "actions/setup-python": self._noted("actions/setup-python"),
            "actions/upload-artifact": self.upload,
            "github/codeql-action/upload-sarif": self._noted("upload-sarif"),
        }

    def _noted(self, name: str) -> Action:
        def noted(inputs: Mapping[str, str], _workspace: Path) -> dict[str, str]:
            self.asked.append((name, dict(inputs)))
            return {}

        return noted


@pytest.fixture
def artifacts(tmp_path: Path) -> Artifacts:
    return Artifacts(tmp_path / "artifacts")
