"""What was published is computed again, and a number that somebody changed is named."""

from __future__ import annotations

from typing import Any

import pytest

from hubq.model.card import CARD_FILE
from hubq.release.endpoint import Endpoint
from hubq.release.status import load_release
from hubq.store import Store
from tests.release.releases import Releases

pytestmark = pytest.mark.long

REPO = "acme/Small-AWQ"


def verified(releases: Releases) -> dict[str, Any]:
    """Return what the release's last verification remembers of each repo."""
    runs = releases.folder / "runs"
    facts = Store(runs).load(load_release(runs, "Small").keys["verify"]).facts
    found: dict[str, Any] = facts["repos"]
    return found


def change(releases: Releases, before: str, after: str) -> None:
    """Let a person change the published README."""
    endpoint = Endpoint("local", releases.folder / "runs")
    try:
        commit = endpoint.hub.head(REPO)
        assert commit is not None
        text = endpoint.hub.read(REPO, commit, CARD_FILE).decode()
        assert before in text
        edited = text.replace(before, after, 1).encode()
        endpoint.hub.commit(REPO, {CARD_FILE: edited}, message="By hand", parent=commit)
    finally:
        endpoint.close()


def test_every_number_of_the_family_is_computed_again(finished: Releases) -> None:
    found = verified(finished)
    assert set(found) == {"acme/Small-AWQ", "acme/Small-GPTQ-Int8"}
    for one in found.values():
        assert one["claims"] > 50
        assert one["recomputed"] >= one["claims"]
        assert one["samples"] > 0


def test_what_was_checked_is_not_checked_again(releases: Releases) -> None:
    releases.run()
    first = [event.text for event in releases.events if event.stage == "verify"]
    assert any("computing its numbers again" in text for text in first)
    releases.run()
    again = [event.text for event in releases.events if event.stage == "verify"]
    assert not any("computing" in text for text in again)


def test_a_number_that_a_person_changed_is_named(releases: Releases) -> None:
    releases.run()
    change(releases, "| 83.33 |", "| 93.33 |")
    report = releases.run()
    gap = report.gaps["verify"]
    assert report.exit_code == 1
    assert REPO in gap.reason
    assert "93.33" in gap.reason
    assert "83.33" in gap.reason
