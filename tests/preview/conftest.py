from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hubq.preview.server import PreviewServer
from hubq.preview.site import Site
from tests.preview.releases import NAME, TEMPLATES, Pages, write_nano


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a runs folder with the nano release. Do not write to it."""
    folder = tmp_path_factory.mktemp("nano-runs")
    write_nano(folder)
    return folder


@pytest.fixture(scope="session")
def site(runs: Path) -> Iterator[Site]:
    found = Site(runs, NAME, TEMPLATES)
    yield found
    found.close()


@pytest.fixture(scope="session")
def pages(runs: Path) -> Iterator[Pages]:
    with PreviewServer(Site(runs, NAME, TEMPLATES)) as server, Pages(server.url) as found:
        yield found
