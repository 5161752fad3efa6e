"""What is remembered of uploads that were broken off."""

from __future__ import annotations

import stat
from pathlib import Path

from hubq.hub.upload_notes import Notes, Route

HUB = "http://127.0.0.1:1234"
STORE = "https://store.test"
OID = "0" * 64
ROUTE = Route(
    size=10,
    chunk=6,
    parts={1: f"{HUB}/part?1", 2: f"{STORE}/part?2"},
    complete=f"{HUB}/complete",
    verify=f"{HUB}/verify",
)


def test_a_later_run_finds_the_parts_at_the_hub_s_new_address(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "uploads.json"
    notes = Notes(path, HUB)
    notes.begin("acme/x", OID, ROUTE)
    notes.arrived("acme/x", OID, 2, "etag")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]
    known = Notes(path, "http://127.0.0.1:5678").get("acme/x", OID, 10)
    assert known is not None
    assert known.etags == {2: "etag"}
    assert known.route.parts == {1: "http://127.0.0.1:5678/part?1", 2: f"{STORE}/part?2"}
    assert known.route.complete == "http://127.0.0.1:5678/complete"


def test_notes_are_of_one_repo_and_one_content(tmp_path: Path) -> None:
    notes = Notes(tmp_path / "uploads.json", HUB)
    notes.begin("acme/x", OID, ROUTE)
    assert notes.get("acme/y", OID, 10) is None
    assert notes.get("acme/x", "1" * 64, 10) is None
    assert notes.get("acme/x", OID, 11) is None


def test_the_file_goes_with_the_last_content(tmp_path: Path) -> None:
    path = tmp_path / "uploads.json"
    notes = Notes(path, HUB)
    notes.begin("acme/x", OID, ROUTE)
    notes.begin("acme/x", "1" * 64, ROUTE)
    notes.drop("acme/x", OID)
    assert path.exists()
    notes.drop("acme/x", "1" * 64)
    notes.drop("acme/x", "1" * 64)
    assert not path.exists()


def test_without_a_file_nothing_is_written(tmp_path: Path) -> None:
    notes = Notes(None, HUB)
    notes.begin("acme/x", OID, ROUTE)
    notes.arrived("acme/x", OID, 1, "etag")
    assert notes.get("acme/x", OID, 10) is not None
    assert not list(tmp_path.iterdir())


def test_notes_of_another_version_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "uploads.json"
    Notes(path, HUB).begin("acme/x", OID, ROUTE)
    path.write_text(path.read_text().replace('"version":1', '"version":2'))
    assert Notes(path, HUB).get("acme/x", OID, 10) is None
