from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from hubq.hub.publication import receipt as receipts
from hubq.hub.publication.receipt import Receipt
from tests.fakes import FakeHub
from tests.hub.publication.wishes import AWQ, INT4, Family, card, wish

HUB = "https://hub.test"


def test_a_publication_leaves_what_the_next_one_needs(published: Family, hub: FakeHub) -> None:
    left = published.receipt
    assert left is not None
    assert set(left.repos) == {AWQ, INT4}
    assert left.slug == next(iter(hub.state.shelf))
    assert left.notes == {AWQ: "AWQ of nano", INT4: "Int4 of nano"}
    one = left.repos[AWQ]
    assert (one.commit, one.ours, one.private) == (hub.head(AWQ), True, False)
    assert one.readme == card("AWQ")
    assert set(one.files) == set(hub.files(AWQ)) - {".gitattributes"}


def test_it_is_read_back_as_it_was_written(published: Family, tmp_path: Path) -> None:
    left = published.receipt
    assert left is not None
    receipts.write(tmp_path / "new" / "folder", left)
    assert receipts.read(tmp_path / "new" / "folder", HUB) == left
    assert [one.name for one in (tmp_path / "new" / "folder").iterdir()] == ["receipt.json"]


def test_a_damaged_one_counts_as_none(published: Family) -> None:
    path = published.folder / "receipt.json"
    whole = path.read_bytes()
    for raw in (
        b"",
        whole[:-20],
        b"[]",
        b'{"schema": 1}',
        whole.replace(b'"schema":1', b'"schema":2'),
    ):
        path.write_bytes(raw)
        assert published.receipt is None
    path.write_bytes(whole)
    left = published.receipt
    assert left is not None
    spoiled = msgspec.structs.replace(left.repos[AWQ], readme=b"something else")
    receipts.write(published.folder, msgspec.structs.replace(left, repos={AWQ: spoiled}))
    assert published.receipt is None
    path.unlink()
    assert published.receipt is None
    assert published.plan().empty


def test_one_of_another_hub_counts_as_none(published: Family) -> None:
    assert receipts.read(published.folder, "https://other.test") is None
    assert receipts.read(published.folder, HUB + "/") is not None


def test_an_embedded_hub_is_the_same_whatever_its_port(tmp_path: Path) -> None:
    receipts.write(tmp_path, Receipt(id="x", endpoint="http://127.0.0.1:1234", repos={}))
    assert receipts.read(tmp_path, "http://localhost:4321") is not None
    assert receipts.read(tmp_path, HUB) is None


def test_repos_of_earlier_publications_are_kept(published: Family) -> None:
    published.push(wish(AWQ, 2))
    left = published.receipt
    assert left is not None
    assert set(left.repos) == {AWQ, INT4}
    assert left.repos[AWQ].rendered != left.repos[INT4].rendered


def test_a_repo_whose_files_were_not_sent_is_ours_only_if_it_was(
    published: Family, hub: FakeHub
) -> None:
    hub.add(INT4, {"notes.md": b"mine"})
    published.push(wish(AWQ, 2), wish(INT4))
    left = published.receipt
    assert left is not None
    assert (left.repos[AWQ].ours, left.repos[INT4].ours) == (True, False)
    published.push(wish(AWQ, 3), wish(INT4))
    assert published.one(wish(INT4, 2)).route == "pull-request"


def test_a_write_that_fails_leaves_the_earlier_one(published: Family, tmp_path: Path) -> None:
    left = published.receipt
    assert left is not None
    broken = msgspec.structs.replace(left, notes={"x": object()})
    with pytest.raises(TypeError):
        receipts.write(published.folder, broken)
    assert published.receipt == left
    assert not list(published.folder.glob(".part-*"))
