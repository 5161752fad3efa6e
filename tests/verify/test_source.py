"""The source is looked up at its commit, and must be what the evidence says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hubq.verify.place import RepoPlace
from hubq.verify.verification import Verification, verify
from tests.fakes import FakeHub
from tests.verify.publishing import AWQ, Shop, errors

REPO = "maker/Small"
FILES = {"config.json": b"{}", "model.safetensors": b"weights"}


@pytest.fixture
def original(tmp_path: Path) -> FakeHub:
    """A hub with the source."""
    hub = FakeHub(tmp_path / "original")
    hub.add(REPO, FILES)
    return hub


def verified(shop: Shop, hub: FakeHub, **changes: Any) -> Verification:
    """Verify a variant that says it was made from a repo."""
    told = {
        "repo": REPO,
        "commit": hub.head(REPO),
        "files": {name: len(content) for name, content in FILES.items()},
    }
    shop.edit_json("hubq.json", lambda one: one["source"].update(told | changes))
    shop.forge(reseal=False)
    for repo, files in shop.repos.items():
        hub.add(repo, files)

    return verify(RepoPlace(hub, AWQ), siblings=False)


def test_a_source_as_the_evidence_says_is_good(shop: Shop, original: FakeHub) -> None:
    found = verified(shop, original)
    assert {check.name: check.state for check in found.checks}["source"] == "ok"


def test_a_file_of_another_size_is_named(shop: Shop, original: FakeHub) -> None:
    found = verified(shop, original, files={"config.json": 7, "gone.json": 3})
    text = "\n".join(errors(found))
    assert "says 'config.json 7 bytes', maker/Small@" in text
    assert "has 2 bytes" in text
    assert "says 'gone.json 3 bytes'" in text


def test_a_source_that_is_gone_is_doubtful(shop: Shop, original: FakeHub) -> None:
    found = verified(shop, original, repo="maker/Gone")
    assert [f.rule for f in found.findings if f.severity == "warning"] == ["source-missing"]
    assert {check.name: check.state for check in found.checks}["source"] == "skipped"


def test_another_base_model_is_named(shop: Shop, original: FakeHub) -> None:
    shop.edit("README.md", "---\n", "---\nbase_model: maker/Other\n")
    text = errors(verified(shop, original))
    wrong = f"{AWQ} README.md: says 'base_model: maker/Other', the weights were made from {REPO}"
    assert any(line.startswith(wrong) for line in text)
