from __future__ import annotations

from pathlib import Path

import httpx2
import pytest

from hubq.localhub.limits import Limits, Quota
from hubq.localhub.server import LocalHub

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_each_answer_says_how_many_are_left_and_until_when() -> None:
    clock = Clock()
    limits = Limits({"api": Quota(2, 300)}, clock=clock)
    answered, said = limits.take("/api/models")
    assert answered
    assert said["RateLimit"] == '"api";r=1;t=300'
    assert said["RateLimit-Policy"] == '"fixed window";"api";q=2;w=300'
    clock.now += 10.5
    assert limits.take("/api/models")[1]["RateLimit"] == '"api";r=0;t=289'
    answered, said = limits.take("/api/models")
    assert (answered, said["RateLimit"]) == (False, '"api";r=0;t=289')


def test_a_new_window_begins_when_the_old_one_ends() -> None:
    clock = Clock()
    limits = Limits({"api": Quota(1, 5)}, clock=clock)
    assert limits.take("/api/models")[0]
    assert not limits.take("/api/models")[0]
    clock.now += 5
    assert limits.take("/api/models")[0]


def test_kinds_are_counted_apart() -> None:
    limits = Limits({"api": Quota(1, 5), "resolvers": Quota(1, 5)})
    assert limits.take("/api/models")[0]
    assert limits.take("/acme/x/resolve/main/README.md")[0]
    assert not limits.take("/acme/x/resolve/main/config.json")[0]
    assert limits.take("/acme/x") == (True, {})


@pytest.mark.long
def test_a_server_with_limits_turns_one_too_many_away(tmp_path: Path) -> None:
    limits = Limits({"api": Quota(1, 60)})
    with LocalHub(tmp_path, durable=False, limits=limits) as hub:
        first = httpx2.get(f"{hub.url}/api/models")
        assert (first.status_code, first.headers["RateLimit"][:9]) == (200, '"api";r=0')
        assert httpx2.get(f"{hub.url}/api/models").status_code == 429
