from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from hubq.hub.addresses import Hosts
from hubq.hub.web import NO_HOST, UNCLEAR, Web
from tests.hub.wires import certificate
from tests.sites import Loopback, Site, serving


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as site:
        yield site


@pytest.fixture
def web() -> Web:
    return Web(Loopback(), pause=0, limit=2)


def test_a_page_is_asked_for_by_head_alone(web: Web, site: Site) -> None:
    assert web.ask(site.url("/a?b=c#d")) == 200
    assert site.lines == ["HEAD /a?b=c"]


def test_nothing_but_the_address_is_sent(
    web: Web, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_" + "a" * 34)
    site.answer("/a", 405, get=200)
    assert web.ask(site.url("/a")) == 200
    assert web.ask(site.url("/a")) == 200
    sent = [headers for *_, headers in site.asked]
    allowed = {"host", "user-agent", "accept", "range"}
    assert all(set(headers) <= allowed for headers in sent)
    assert sent[0]["host"] == f"site.dev:{site.port}"
    assert [headers.get("range") for headers in sent[:2]] == [None, "bytes=0-1023"]


@pytest.mark.parametrize("status", [404, 410, 403, 429, 500, 503])
def test_what_head_is_refused_for_is_asked_with_get(web: Web, site: Site, status: int) -> None:
    site.answer("/a", status)
    assert web.ask(site.url("/a")) == status
    site.answer("/b", status, get=206)
    assert web.ask(site.url("/b")) == 206


def test_redirects_are_followed_to_their_end(web: Web, site: Site) -> None:
    site.answer("/a", 301, "/b")
    site.answer("/b", 302, site.url("/c", "other.dev"))
    site.answer("/c", 404)
    assert web.ask(site.url("/a")) == 404
    site.answer("/loop", 302, "/loop")
    assert web.ask(site.url("/loop")) == UNCLEAR


@pytest.mark.parametrize("onward", ["http://inside.dev/x", "http://gone.dev/x", "ftp://a.dev/x"])
def test_redirects_to_where_nobody_may_go_say_nothing(web: Web, site: Site, onward: str) -> None:
    site.answer("/a", 302, onward)
    assert web.ask(site.url("/a")) == UNCLEAR


@pytest.mark.parametrize(
    "address",
    [
        *("http://inside.dev/", "http://localhost/", "http://127.0.0.1/", "ftp://a.dev/", "a.dev"),
        *("http://me:secret@site.dev/", "http://site.dev:99999999/", "http://[::1/", "http://"),
    ],
)
def test_addresses_that_are_not_asked_say_nothing(web: Web, address: str) -> None:
    assert web.ask(address) == UNCLEAR


def test_the_loopback_is_never_asked_unless_a_test_says_so(site: Site) -> None:
    for host in ("localhost", "127.0.0.1", "[::1]", "localtest.dev"):
        assert Web(Named()).ask(site.url("/", host)) == UNCLEAR
    assert not site.asked


class Named(Hosts):
    """Every name leads to the loopback, as a name server of somebody else may say."""

    def named(self, host: str, port: int) -> bool:
        return True

    def look_up(self, host: str) -> list[str]:
        return ["127.0.0.1"]


def test_a_host_that_does_not_exist_is_said(web: Web) -> None:
    assert web.ask("https://gone.dev/page") == NO_HOST


def test_a_server_that_does_not_listen_or_speak_tls_says_nothing(web: Web, site: Site) -> None:
    assert web.ask("http://site.dev:1/") == UNCLEAR
    assert web.ask(f"https://site.dev:{site.port}/") == UNCLEAR


def test_a_server_that_is_silent_says_nothing(site: Site) -> None:
    site.delay = 0.4
    assert Web(Loopback(), pause=0, limit=0.1).ask(site.url("/a")) == UNCLEAR


def test_two_requests_to_one_host_keep_their_distance(site: Site) -> None:
    waits: list[float] = []
    web = Web(Loopback(), pause=50, sleep=waits.append)
    web.ask(site.url("/a"))
    assert not waits
    web.ask(site.url("/b"))
    web.ask(site.url("/c", "other.dev"))
    assert [round(wait) for wait in waits] == [50]


def test_a_certificate_is_held_against_the_name_and_not_the_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, site: Site
) -> None:
    path = certificate(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(path, path.with_suffix(".key"))
    asked: list[str | None] = []
    tls.sni_callback = lambda _, name, __: asked.append(name)
    site.http.socket = tls.wrap_socket(site.http.socket, server_side=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    web = Web(Local(), pause=0, limit=2)
    assert web.ask(f"https://localhost:{site.port}/a") == 200
    assert web.ask(f"https://site.dev:{site.port}/a") == UNCLEAR
    assert asked == ["localhost", "site.dev"]


class Local(Named):
    """Lets requests to the loopback pass."""

    def open(self, address: str) -> bool:
        return True
