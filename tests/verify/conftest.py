from __future__ import annotations

from pathlib import Path

import pytest

from tests.verify.publishing import Repos, Shop, release


@pytest.fixture(scope="session")
def repos(tmp_path_factory: pytest.TempPathFactory) -> Repos:
    """What a small release publishes, by repo."""
    folder = tmp_path_factory.mktemp("published")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUBQ_CACHE", str(folder / "cache"))
        return release(folder)


@pytest.fixture
def shop(repos: Repos, tmp_path: Path) -> Shop:
    """A published family that a test may tamper with."""
    return Shop(repos, tmp_path / "hub")
