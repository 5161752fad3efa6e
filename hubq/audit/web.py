"""Links of cards to the web, asked for on request: each once a sweep, few at a time.

Answers are kept for a day by address, so that a sweep that was broken off goes on where it was. A
host's pages are asked for one after the other, and no further once it turns requests away.
"""

from __future__ import annotations

import hashlib
import os
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from hubq.audit.links import web_address
from hubq.audit.subject import Gathered, Subject
from hubq.hub.publication.telling import Silence, Tell
from hubq.hub.web import NO_HOST, UNCLEAR, Web
from hubq.resources import cache_folder

MOST = 5000
"""Addresses that one sweep asks for."""
MOST_OF_HOST = 500
MOST_OF_CARD = 200
JOBS = 4
"""Hosts that are asked at a time."""

_KEPT_S = 24 * 3600.0
_UNCLEAR_S = 3600.0
_PATIENCE_S = 120.0
"""Seconds without any answer after which the rest is left."""
_TURNED_AWAY = frozenset({403, 429, 503})
_TOO_MANY = 3
"""Requests to one host without an answer to go by, one after the other, that end the asking."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What an address was answered with.

    Attributes:
        address: that was asked for.
        status: of HTTP; `NO_HOST`, or `UNCLEAR`.
        at: when, in seconds since 1970.
    """

    address: str
    status: int
    at: float


class Links:
    """The links of a sweep's cards.

    Args:
        web: asks for one.
        folder: where answers are kept; in hubq's cache folder by default.
        patience: seconds without any answer after which the rest is left.
        now: tells the time.
    """

    def __init__(
        self,
        web: Web | None = None,
        folder: Path | None = None,
        *,
        patience: float = _PATIENCE_S,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._web, self._folder = web or Web(), folder or cache_folder() / "audit" / "web"
        self._patience, self._now = patience, now
        self._known: dict[str, int] = {}

    def look_up(self, addresses: Iterable[str], tell: Tell | None = None) -> None:
        """Ask for what is not known yet.

        Args:
            addresses: as `addresses_of` returns them.
            tell: told how far it is.
        """
        wanted = list(dict.fromkeys(one for one in addresses if one not in self._known))
        kept = {one: answer for one in wanted if (answer := self._kept(one)) is not None}
        self._known |= kept
        hosts: dict[str, list[str]] = {}
        for address in [one for one in wanted if one not in kept][:MOST]:
            hosts.setdefault(_host(address), []).append(address)
        total = sum(len(one[:MOST_OF_HOST]) for one in hosts.values())
        for number, one in enumerate(self._answers(hosts)):
            (tell or Silence()).count(number, total, "links asked for")
            self._known[one.address] = one.status
            self._keep(one)

    def found(self, addresses: Iterable[str]) -> dict[str, int]:
        """Return address -> status of those that were answered.

        Hosts that do not exist count only where more of them answer: without a network none is
        there, and behind a filter only a few are.
        """
        there = {_host(one) for one, status in self._known.items() if status > NO_HOST}
        absent = {_host(one) for one, status in self._known.items() if status == NO_HOST}
        some = len(there) > len(absent)
        found = {one: self._known.get(one, UNCLEAR) for one in addresses}
        return {
            one: status
            for one, status in found.items()
            if status > NO_HOST or (status == NO_HOST and some)
        }

    def _answers(self, hosts: dict[str, list[str]]) -> Iterator[Answer]:
        """Yield answers as they come, until all are there or none comes any more."""
        todo: queue.SimpleQueue[list[str]] = queue.SimpleQueue()
        for host in hosts.values():
            todo.put(host[:MOST_OF_HOST])
        answers: queue.SimpleQueue[Answer | BaseException | None] = queue.SimpleQueue()
        stop = threading.Event()
        left = min(JOBS, len(hosts))
        for _ in range(left):
            threading.Thread(target=self._work, args=(todo, answers, stop), daemon=True).start()
        last = time.monotonic()
        try:
            while left and time.monotonic() - last < self._patience:
                try:
                    answer = answers.get(timeout=0.5)
                except queue.Empty:
                    continue
                last = time.monotonic()
                if isinstance(answer, BaseException):
                    raise answer
                if answer is None:
                    left -= 1
                else:
                    yield answer
        finally:
            stop.set()

    def _work(
        self,
        todo: queue.SimpleQueue[list[str]],
        answers: queue.SimpleQueue[Answer | BaseException | None],
        stop: threading.Event,
    ) -> None:
        """Ask host after host."""
        try:
            while not stop.is_set():
                self._host(todo.get_nowait(), answers, stop)
        except queue.Empty:
            answers.put(None)
        except BaseException as error:  # noqa: BLE001 - the main thread raises what is a bug
            answers.put(error)

    def _host(
        self,
        addresses: list[str],
        answers: queue.SimpleQueue[Answer | BaseException | None],
        stop: threading.Event,
    ) -> None:
        """Ask for the pages of one host, as long as it answers."""
        unclear = 0
        for address in addresses:
            if stop.is_set() or unclear == _TOO_MANY:
                return
            status = self._web.ask(address)
            answers.put(Answer(address=address, status=status, at=self._now()))
            unclear = unclear + 1 if status == UNCLEAR or status in _TURNED_AWAY else 0

    def _place(self, address: str) -> Path:
        name = hashlib.sha256(address.encode("utf-8", errors="replace")).hexdigest()
        return self._folder / name[:2] / f"{name}.json"

    def _kept(self, address: str) -> int | None:
        """Return what an address was answered with lately; none where it was not."""
        try:
            kept = msgspec.json.decode(self._place(address).read_bytes(), type=Answer)
        except (OSError, msgspec.MsgspecError):
            return None
        clear = kept.status >= NO_HOST and kept.status not in _TURNED_AWAY
        age = self._now() - kept.at
        good = kept.address == address and 0 <= age < (_KEPT_S if clear else _UNCLEAR_S)
        return kept.status if good else None

    def _keep(self, answer: Answer) -> None:
        """Write an answer so that a kill leaves the old one or the new one."""
        place = self._place(answer.address)
        place.parent.mkdir(parents=True, exist_ok=True)
        draft = place.with_suffix(f".{os.getpid()}")
        draft.write_bytes(msgspec.json.encode(answer))
        draft.replace(place)


def _host(address: str) -> str:
    return urlsplit(address).netloc.lower()


def addresses_of(gathered: Gathered) -> tuple[str, ...]:
    """Return the addresses of the web that a card links to, in order, each once."""
    if not gathered.card or "//" not in gathered.card:
        return ()
    document = Subject(gathered).document
    said = (document.front.text("license_link"), *(link.target for link in document.links))
    found = dict.fromkeys(address for one in said if (address := web_address(one)))
    return tuple(found)[:MOST_OF_CARD]
