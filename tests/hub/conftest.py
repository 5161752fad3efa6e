from __future__ import annotations

import os
from pathlib import Path

import pytest

from hubq.hub.retry import Retries
from tests.fakes import FakeHub, model_files, write_files


@pytest.fixture
def own_cache() -> Path:
    """Where hubq's cache is in this test."""
    return Path(os.environ["HUBQ_CACHE"])


@pytest.fixture
def hub(tmp_path: Path) -> FakeHub:
    return FakeHub(tmp_path / "snapshots")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a small model."""
    return write_files(tmp_path / "nano", model_files())


@pytest.fixture
def waits() -> list[float]:
    """The seconds that `retries` would have waited."""
    return []


@pytest.fixture
def retries(waits: list[float]) -> Retries:
    return Retries(sleep=waits.append)
