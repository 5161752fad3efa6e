from __future__ import annotations

import threading
import time
from collections.abc import Mapping

import pytest

from hubq.hub.pacing import Limit, Pacer, kind_of, limit_in


class World:
    """A server with a quota a window, asked one request after the other, in a time of our own."""

    def __init__(self, quota: int, window: float) -> None:
        self.now, self.waits = 0.0, list[float]()
        self.quota, self.window = quota, window
        self.began, self.used, self.refused = 0.0, 0, 0
        self.pacer = Pacer(self.waits.append, clock=lambda: self.now, sleep=self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.now += seconds

    def ask(self, took: float = 0.0) -> None:
        self.pacer.enter("api")
        self.now += took
        if self.now >= self.began + self.window:
            self.began, self.used = self.now, 0
        self.used += 1
        self.refused += self.used > self.quota
        left = max(0, self.quota - self.used)
        self.pacer.leave("api", Limit(left=left, ends=int(self.began + self.window - self.now)))


@pytest.mark.parametrize("took", [0.0, 0.01, 0.7])
def test_no_request_is_turned_away(took: float) -> None:
    world = World(quota=20, window=5)
    for _ in range(105):
        world.ask(took)
    assert world.refused == 0
    assert world.now < 5 * (5 + 2) + 105 * took


def test_waits_are_told() -> None:
    world = World(quota=2, window=10)
    for _ in range(3):
        world.ask()
    assert world.waits == [11.0]


def test_a_server_without_limits_is_not_waited_for() -> None:
    told: list[float] = []
    pacer = Pacer(told.append)
    for _ in range(50):
        pacer.enter("api")
        pacer.leave("api", None)
    assert not told


def test_one_request_goes_ahead_until_the_first_answer() -> None:
    pacer = Pacer(lambda _: None)
    gone: list[int] = []

    def go(number: int) -> None:
        pacer.enter("api")
        gone.append(number)

    pacer.enter("api")
    threads = [threading.Thread(target=go, args=(n,), daemon=True) for n in range(4)]
    for thread in threads:
        thread.start()
    assert not gone
    pacer.leave("api", Limit(left=3, ends=60))
    until = time.monotonic() + 5
    while len(gone) < 3 and time.monotonic() < until:
        time.sleep(0.005)
    threads[0].join(timeout=0.1)
    assert len(gone) == 3


def test_others_who_use_the_same_account_are_noticed() -> None:
    world = World(quota=100, window=60)
    world.ask()
    world.used += 98
    world.ask()
    world.ask()
    assert world.refused == 0
    assert len(world.waits) == 1


def test_a_request_that_is_lost_does_not_stop_the_rest() -> None:
    now = [0.0]
    pacer = Pacer(
        lambda _: None, clock=lambda: now[0], sleep=lambda s: now.__setitem__(0, now[0] + s)
    )
    pacer.enter("api")
    pacer.enter("api")
    assert now[0] == 30.0


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/api/models", "api"),
        ("/acme/x/resolve/main/README.md", "resolvers"),
        ("/acme/x", "pages"),
    ],
)
def test_requests_are_told_apart_as_the_hub_counts_them(path: str, kind: str) -> None:
    assert kind_of(path) == kind


@pytest.mark.parametrize(
    ("headers", "limit"),
    [
        ({"ratelimit": '"api";r=489;t=55'}, Limit(left=489, ends=55)),
        ({"ratelimit": "nonsense"}, None),
        ({}, None),
    ],
)
def test_headers_are_read(headers: Mapping[str, str], limit: Limit | None) -> None:
    assert limit_in(headers) == limit


def test_a_request_that_failed_makes_room_at_once() -> None:
    waits: list[float] = []
    pacer = Pacer(waits.append, clock=lambda: 0.0, sleep=waits.append)
    pacer.enter("api")
    pacer.lose("api")
    pacer.enter("api")
    assert not waits
