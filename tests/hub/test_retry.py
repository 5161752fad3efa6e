from __future__ import annotations

import pytest

from hubq.errors import BadInput
from hubq.hub.port import Unavailable
from hubq.hub.retry import Retries


class Flaky:
    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


def test_it_doubles_the_wait_each_time(retries: Retries, waits: list[float]) -> None:
    assert retries.call(Flaky(*[Unavailable("busy")] * 4)) == "done"
    assert waits == [1, 2, 4, 8]


def test_it_gives_up_with_the_last_error(retries: Retries, waits: list[float]) -> None:
    flaky = Flaky(*[Unavailable(f"busy {i}") for i in range(9)])
    with pytest.raises(Unavailable, match="busy 4"):
        retries.call(flaky)
    assert flaky.calls == 5
    assert len(waits) == 4


def test_it_waits_as_long_as_the_hub_says(retries: Retries, waits: list[float]) -> None:
    assert retries.call(Flaky(Unavailable("429", retry_after=55))) == "done"
    assert waits == [55]


def test_it_does_not_wait_longer_than_its_patience(retries: Retries, waits: list[float]) -> None:
    with pytest.raises(Unavailable):
        retries.call(Flaky(Unavailable("429", retry_after=3600)))
    assert waits == []


def test_it_does_not_repeat_what_the_user_must_mend(retries: Retries) -> None:
    flaky = Flaky(BadInput("no such model"))
    with pytest.raises(BadInput):
        retries.call(flaky)
    assert flaky.calls == 1
