"""Whether pages of the web are there: one address asked at a time, and nothing of it read.

No cookie, token or password is sent, no proxy asked, and every step of a redirect is looked at as
the first one is: see `hubq/hub/addresses.py`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hubq.hub.addresses import Hosts, NoHost, NotForUs
from hubq.version import version

if TYPE_CHECKING:
    import httpx2

NO_HOST = 0
"""What is answered for a host that does not exist."""
UNCLEAR = -1
"""What is answered where nothing is known: no answer, a broken one, or a host that is not asked."""

_HOPS = 8
_TRIED = 2
"""Addresses of one host that are tried."""
_LIMIT_S = 10.0
_PAUSE_S = 1.0
_FIRST = "bytes=0-1023"
_PORTS = {"http": 80, "https": 443}


class Web:
    """Asks sites whether pages are there.

    Args:
        hosts: says where a request goes.
        pause: seconds between two requests to one host.
        limit: seconds to wait for a connection, and for each piece of an answer.
        sleep, clock: wait, and tell the time.
    """

    def __init__(
        self,
        hosts: Hosts | None = None,
        *,
        pause: float = _PAUSE_S,
        limit: float = _LIMIT_S,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._hosts = hosts or Hosts()
        self._pause, self._limit = pause, limit
        self._sleep, self._clock = sleep, clock
        self._lock = threading.Lock()
        self._turns: dict[str, threading.Lock] = {}
        self._last: dict[str, float] = {}
        self._transport: httpx2.HTTPTransport | None = None

    def ask(self, address: str) -> int:
        """Return the status that an address is answered with in the end.

        `NO_HOST` only for the host that is named itself, not for one that it sends on to; `UNCLEAR`
        where there is no answer to go by. What HEAD is refused for is asked for with GET, too: many
        servers know HEAD badly. Of that answer nothing but the status is read.

        Args:
            address: of a page, `http://` or `https://`.
        """
        status = self._followed("HEAD", address)
        return status if status in (NO_HOST, UNCLEAR) or status < 400 else self._get(address)

    def _get(self, address: str) -> int:
        status = self._followed("GET", address)
        return UNCLEAR if status == NO_HOST else status

    def _followed(self, method: str, address: str) -> int:
        """Return the status at the end of all redirects."""
        import httpx2

        try:
            url = httpx2.URL(address)
            for hop in range(_HOPS):
                status, onward = self._sent(method, url, hop)
                if not onward:
                    return status
                url = url.join(onward)
        except (httpx2.HTTPError, httpx2.InvalidURL, NotForUs, OSError, ValueError):
            return UNCLEAR
        return UNCLEAR

    def _sent(self, method: str, url: httpx2.URL, hop: int) -> tuple[int, str]:
        """Send one request; return the status, and where it sends on to (empty for nowhere).

        Raises:
            NotForUs: it may not be sent.
            HTTPError: it is not answered.
        """
        host = url.raw_host.decode("ascii")
        port = url.port or _PORTS.get(url.scheme, 0)
        if url.scheme not in _PORTS or url.userinfo:
            raise NotForUs(host)
        try:
            places = self._hosts.find(host, port)
        except NoHost:
            return (UNCLEAR if hop else NO_HOST), ""
        with self._turn(host):
            return self._tried(method, url, places[:_TRIED])

    def _tried(self, method: str, url: httpx2.URL, places: list[str]) -> tuple[int, str]:
        """Send a request to the first of a host's addresses that takes it."""
        import httpx2

        for place in places[:-1]:
            try:
                return self._at(method, url, place)
            except httpx2.ConnectError:
                continue
        return self._at(method, url, places[-1])

    def _at(self, method: str, url: httpx2.URL, place: str) -> tuple[int, str]:
        import httpx2

        headers = {"Host": url.netloc.decode("ascii"), "User-Agent": f"hubq/{version()}"}
        headers |= {"Accept": "*/*"} | ({"Range": _FIRST} if method == "GET" else {})
        limits = dict.fromkeys(("connect", "read", "write", "pool"), self._limit)
        name = url.raw_host.decode("ascii")
        request = httpx2.Request(
            method,
            url.copy_with(host=place, fragment=None),
            headers=headers,
            extensions={"timeout": limits, "sni_hostname": name},
        )
        answer = self._opened().handle_request(request)
        try:
            onward = answer.headers.get("location", "") if answer.is_redirect else ""
            return answer.status_code, onward
        finally:
            answer.close()

    def _opened(self) -> httpx2.HTTPTransport:
        """Return what sends: without a client around it, it knows no cookies, proxies or logins.

        A connection serves one request, since it is told by its address alone whose it is.
        """
        import httpx2

        with self._lock:
            if self._transport is None:
                once = httpx2.Limits(max_keepalive_connections=0)
                self._transport = httpx2.HTTPTransport(limits=once)
            return self._transport

    @contextmanager
    def _turn(self, host: str) -> Iterator[None]:
        """Wait until a host may be asked, and keep others from it meanwhile."""
        with self._lock:
            turn = self._turns.setdefault(host, threading.Lock())
        with turn:
            wait = self._last.get(host, -self._pause) + self._pause - self._clock()
            if wait > 0:
                self._sleep(min(wait, self._pause))
            try:
                yield
            finally:
                self._last[host] = self._clock()
