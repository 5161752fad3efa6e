from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest
from huggingface_hub import HfApi, constants
from huggingface_hub.utils.tqdm import disable_progress_bars

from hubq.localhub import Storage
from hubq.localhub.server import LocalHub

_NUMBERS = itertools.count(1)
PART_BYTES = 4 << 20
PAGE_SIZE = 5


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Pass over a warning that the client's own upload code causes in its HTTP library."""
    own = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(own)


@pytest.fixture(autouse=True)
def _plain_client(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hf-cache"))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", True)
    disable_progress_bars()


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    folder = tmp_path_factory.mktemp("localhub")
    with LocalHub(
        folder, faults=True, part_bytes=PART_BYTES, page_size=PAGE_SIZE, durable=False
    ) as hub:
        hub.storage.accounts.add("alice", role="write", orgs=["acme"])
        hub.storage.accounts.add("bob", role="read")
        yield hub


@pytest.fixture(scope="session")
def http() -> Iterator[httpx2.Client]:
    """A client for plain requests; one for all, because each reads the certificates anew."""
    with httpx2.Client() as client:
        yield client


@pytest.fixture
def hub(served: LocalHub) -> Iterator[LocalHub]:
    """A running Hub, shared by all tests; its planned failures and log are each test's own."""
    assert served.faults is not None
    served.faults.clear()
    served.faults.clear_log()
    yield served
    served.faults.clear()


@pytest.fixture
def api(hub: LocalHub) -> HfApi:
    """The real client with the token of the user `local`."""
    return HfApi(endpoint=hub.url, token=hub.token)


@pytest.fixture
def client(hub: LocalHub) -> Callable[[str], HfApi]:
    """The real client as `alice` (writes to acme), `bob` (may only read) or nobody."""

    def make(name: str) -> HfApi:
        account = hub.storage.accounts.by_name(name)
        return HfApi(endpoint=hub.url, token=account.token if account else False)

    return make


@pytest.fixture
def repo_id(hub: LocalHub) -> str:
    """A fresh model repo with a card and a config."""
    repo = hub.storage.create_repo(f"acme/model-{next(_NUMBERS)}", author="local")
    files = {
        "README.md": b"---\nlicense: mit\n---\n# A model\n",
        "config.json": b'{"model_type": "qwen2_vl"}',
    }
    entries = {path: hub.storage.store_file(content) for path, content in files.items()}
    repo.advance("main", entries, author="local", title="First files")
    return repo.id


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(tmp_path / "hub", durable=False)
