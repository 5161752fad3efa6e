"""Fixtures of the worker tests: a tiny environment to build."""

from __future__ import annotations

from pathlib import Path

import pytest

from hubq.model.environment import EnvironmentSpec
from tests.workers.tiny import PYTHON, Tiny, make_wheel


@pytest.fixture(scope="session")
def uv_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for all tests: looking at an interpreter takes uv most of a tiny build."""
    return tmp_path_factory.mktemp("uv")


@pytest.fixture
def tiny(tmp_path: Path, uv_cache: Path) -> Tiny:
    spec = EnvironmentSpec(
        name="tiny", device="cpu", python=PYTHON, lock="tiny.lock", imports=("tinypack",)
    )
    made = Tiny(
        spec=spec,
        wheels=tmp_path / "wheels",
        locks=tmp_path / "locks",
        root=tmp_path / "environments",
        cache=uv_cache,
    )
    made.lock(make_wheel(made.wheels, "tinypack", "1.0"))
    return made
