from __future__ import annotations

from pathlib import Path

import pytest

from tests.release.releases import Releases
from tests.verify.publishing import Repos, Shop, published


@pytest.fixture(scope="session")
def repos(finished: Releases) -> Repos:
    """What a small release published, by repo."""
    return published(finished.folder / "runs" / "hub")


@pytest.fixture
def shop(repos: Repos, tmp_path: Path) -> Shop:
    """A published family that a test may tamper with."""
    return Shop(repos, tmp_path / "hub")
