"""What every test gets: state in a folder of its own, no sockets beyond loopback, goldens."""

from __future__ import annotations

import gc
import itertools
import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from tests.release.releases import Releases
    from tests.scheduling import Scheduling

# The Hub's client reads this once, when it is first imported: before any fixture could set it.
os.environ["HF_HOME"] = tempfile.mkdtemp(prefix="hubq-tests-hf-")

# A busy machine is no fault of the code under test.
settings.register_profile("hubq", deadline=None)
settings.register_profile("short", deadline=None, max_examples=30)
settings.load_profile("hubq")

GOLDENS = Path(__file__).parent / "goldens"
STATES = itertools.count()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--update-goldens`, which rewrites the goldens instead of comparing with them."""
    parser.addoption("--update-goldens", action="store_true", help="rewrite tests/goldens")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as `long` what looks at a whole release, which takes seconds to make."""
    for item in items:
        if "finished" in getattr(item, "fixturenames", ()):
            item.add_marker("long")


def pytest_configure(config: pytest.Config) -> None:
    """Draw fewer examples in the default suite; the suite with `long` draws hypothesis's 100."""
    if config.option.markexpr.startswith("not long"):
        settings.load_profile("short")


def pytest_collection_finish() -> None:
    """Keep what was collected out of every later collection of garbage: it stays to the end."""
    gc.collect()
    gc.freeze()


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling:
    """Make what the tests of a file share once, not once a process."""
    from tests.scheduling import Scheduling

    return Scheduling(config, log)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Run the default suite in two processes, and anything else in one.

    What is marked needs the whole machine, and a few files are sooner done than workers start.
    """
    everything = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    marked = config.option.markexpr.startswith("not long")
    return 2 if everything and marked else 0


def is_real(node: pytest.Item) -> bool:
    """Say whether a test runs real engines or asks registries: with the machine's own state."""
    return any(node.get_closest_marker(name) for name in ("backend", "vllm", "network"))


@pytest.fixture(autouse=True)
def _state_of_its_own(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if is_real(request.node):
        return
    # Who needs a folder makes it; most tests never do, and each would cost half a millisecond.
    state = tmp_path_factory.getbasetemp() / f"state-{next(STATES)}"
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(state / name.lower()))
    monkeypatch.setenv("HF_HOME", str(state / "hf"))
    monkeypatch.setenv("HUBQ_CACHE", str(state / "hubq-cache"))
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_ENDPOINT", "HUBQ_DATA_MIRROR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True, scope="session")
def _no_flushing() -> Iterator[None]:
    # Nothing that is written here need outlive a power cut.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


@pytest.fixture(autouse=True)
def _loopback_only(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if is_real(request.node):
        return
    from hubq.localhub.serving import is_loopback

    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not is_loopback(address[0]):
            raise PermissionError(f"a test tried to reach {address[0]}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Return a function that compares a text with a golden file, or rewrites that file."""

    def check(name: str, text: str) -> None:
        path = GOLDENS / name
        if request.config.getoption("--update-goldens"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"{name} is missing: run pytest --update-goldens"
        assert text == path.read_text(encoding="utf-8")

    return check


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Releases:
    """Return a release that has run whole; for tests that only look at it."""
    from tests.release.releases import Releases

    folder = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUBQ_CACHE", str(folder / "cache"))
        found = Releases(folder)
        assert found.run().exit_code == 0
    return found


@pytest.fixture
def releases(tmp_path: Path) -> Releases:
    """Return a runner of releases."""
    from tests.release.releases import Releases

    return Releases(tmp_path)
