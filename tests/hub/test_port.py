from __future__ import annotations

import pytest

from hubq.errors import BadInput, HubProblem
from hubq.hub.port import Account, Unavailable
from tests.fakes import FakeHub, model_files


def test_an_account_may_write_to_its_own_namespaces_and_single_repos() -> None:
    account = Account(name="bob", writable=("bob", "acme/one"))
    assert account.can_write("bob/anything")
    assert account.can_write("bob")
    assert account.can_write("acme/one")
    assert not account.can_write("acme/two")
    assert not account.can_write("acme")


def test_an_admin_may_write_everywhere() -> None:
    assert Account(name="local", role="admin").can_write("brand-new/repo")


def test_unavailable_is_a_hub_problem_that_knows_how_long_to_wait() -> None:
    error = Unavailable("busy", retry_after=3)
    assert isinstance(error, HubProblem)
    assert error.exit_code == 4
    assert error.retry_after == 3


def test_a_branch_is_pinned_to_its_commit(hub: FakeHub) -> None:
    commit = hub.add("acme/nano", model_files())
    assert hub.pin("acme/nano") == hub.pin("acme/nano", "main") == commit
    assert hub.pin("acme/nano", commit) == commit
    with pytest.raises(BadInput, match="no such branch"):
        hub.pin("acme/nano", "v2")
