from __future__ import annotations

from pathlib import Path

from hubq.localhub.accounts import Accounts
from hubq.localhub.disk import Disk


def test_a_token_leads_to_its_user_only(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / "accounts.json", Disk())
    alice = accounts.add("alice", role="write", orgs=["acme"])
    bob = accounts.add("bob")
    assert accounts.by_token(alice.token) == alice
    assert accounts.by_token(bob.token) == bob
    assert accounts.by_token("hf_wrong") is None
    assert accounts.by_token("ünknown") is None
    assert alice.token != bob.token


def test_roles_decide_who_writes_where(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / "accounts.json", Disk())
    alice = accounts.add("alice", role="write", orgs=["acme"])
    bob = accounts.add("bob", role="read", orgs=["acme"])
    local = accounts.writer()
    places = ["alice", "acme", "other"]
    assert [alice.may_write(place) for place in places] == [True, True, False]
    assert [bob.may_write(place) for place in places] == [False, False, False]
    assert [local.may_write(place) for place in places] == [True, True, True]
    assert bob.belongs_to("acme")
    assert not bob.belongs_to("other")


def test_adding_a_user_again_replaces_it(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / "accounts.json", Disk())
    accounts.add("bob", token="hf_one")
    accounts.add("bob", role="write", token="hf_two")
    assert [(user.name, user.role) for user in accounts.all()] == [("bob", "write")]
    assert accounts.by_token("hf_one") is None
