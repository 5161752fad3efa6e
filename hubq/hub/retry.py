"""Trying again: how often, and how long to wait in between."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

import msgspec

from hubq.hub.port import Unavailable

T = TypeVar("T")

_log = logging.getLogger(__name__)


class Retries(msgspec.Struct, frozen=True, kw_only=True):
    """How patient hubq is with a hub that does not answer.

    Attributes:
        attempts: how often a request is sent at most.
        first: seconds before the second attempt; doubled each time.
        longest: the most seconds waited of our own accord.
        patience: the most seconds waited because the hub said so; a longer wait is the user's.
        sleep: what waits.
    """

    attempts: int = 5
    first: float = 1.0
    longest: float = 30.0
    patience: float = 300.0
    sleep: Callable[[float], None] = time.sleep

    def call(self, action: Callable[[], T]) -> T:
        """Return what an action returns, trying again while the hub is unavailable.

        Only for actions that may be repeated without harm.

        Raises:
            Unavailable: the last attempt's.
        """
        attempt = 1
        while True:
            try:
                return action()
            except Unavailable as error:
                self.wait(attempt, error)
                attempt += 1

    def wait(self, attempt: int, error: Unavailable) -> None:
        """Wait after a failed attempt (counted from 1).

        Raises:
            Unavailable: `error`, when there is no further attempt or the wait would be too long.
        """
        if attempt >= self.attempts:
            raise error
        seconds = min(self.longest, self.first * 2 ** (attempt - 1))
        if error.retry_after is not None:
            if error.retry_after > self.patience:
                raise error
            seconds = error.retry_after
        _log.warning("%s; trying again in %.0f s", error.message, seconds)
        self.sleep(seconds)
