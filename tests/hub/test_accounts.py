from __future__ import annotations

from typing import Any

import pytest

from hubq.errors import HubProblem
from hubq.hub.accounts import account

ORGS = [
    {"type": "org", "name": "acme", "roleInOrg": "write"},
    {"type": "org", "name": "seen", "roleInOrg": "read"},
]


def _who(token: dict[str, Any] | None) -> dict[str, Any]:
    auth = {"type": "access_token", "accessToken": token} if token else {"type": "oauth"}
    return {"type": "user", "name": "alice", "orgs": ORGS, "auth": auth, "isPro": False}


def test_a_write_token_may_write_where_the_user_may() -> None:
    found = account(_who({"role": "write", "fineGrained": None}), "hub")
    assert found.orgs == ("acme", "seen")
    assert found.writable == ("alice", "acme")


def test_a_read_token_may_write_nowhere() -> None:
    assert account(_who({"role": "read"}), "hub").writable == ()


def test_a_fine_grained_token_may_write_where_it_says() -> None:
    scoped = [
        {"entity": {"type": "org", "name": "acme"}, "permissions": ["repo.write"]},
        {"entity": {"type": "user", "name": "alice"}, "permissions": ["repo.content.read"]},
        {"entity": {"type": "model", "name": "alice/one"}, "permissions": ["repo.write"]},
    ]
    found = account(_who({"role": "fineGrained", "fineGrained": {"scoped": scoped}}), "hub")
    assert found.writable == ("acme", "alice/one")
    assert not found.can_write("alice/two")


def test_a_token_without_a_role_is_left_to_the_hub_to_refuse() -> None:
    assert account(_who(None), "hub").can_write("acme/x")


def test_an_answer_of_another_form_is_the_hubs_problem() -> None:
    with pytest.raises(HubProblem, match=r"^https://hub\.test says"):
        account(["no"], "https://hub.test")
