from __future__ import annotations

import socket

import pytest

from hubq.hub.addresses import Hosts, NoHost, NotForUs
from tests.rows import each_row


class Book(Hosts):
    """Hosts whose addresses stand in a dict."""

    def __init__(self, **book: list[str] | OSError) -> None:
        self.book = book

    def look_up(self, host: str) -> list[str]:
        found = self.book[host.partition(".")[0]]
        if isinstance(found, OSError):
            raise found
        return found


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_addresses_of_the_open_internet_may_be_asked(address: str) -> None:
    assert Book(a=[address]).find("a.dev", 443) == [address]


@each_row(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
        *("0.0.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "::1", "::"),
        *("fe80::1%eth0", "fe80::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1"),
        *("64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:1::", "2001:db8::1", "nonsense"),
    ],
)
def test_addresses_inside_networks_are_refused(address: str) -> None:
    with pytest.raises(NotForUs):
        Book(a=[address]).find("a.dev", 443)
    with pytest.raises(NotForUs):
        Book(a=["93.184.215.14", address]).find("a.dev", 443)


@each_row(
    "host",
    [
        *("localhost", "intranet", "a.local", "a.internal", "a.localhost", "a.test", "a.invalid"),
        *("example.com", "a.example.org", "127.0.0.1", "0x7f.1", "2130706433", "::1", "", "."),
    ],
)
def test_names_that_no_site_has_are_not_looked_up(host: str) -> None:
    with pytest.raises(NotForUs):
        Book().find(host, 80)


def test_other_ports_are_not_asked() -> None:
    with pytest.raises(NotForUs):
        Book(a=["93.184.215.14"]).find("a.dev", 22)


def test_a_host_that_does_not_exist_is_told_from_one_that_is_not_answered_for() -> None:
    book = Book(
        none=socket.gaierror(socket.EAI_NONAME, ""), again=socket.gaierror(socket.EAI_AGAIN, "")
    )
    with pytest.raises(NoHost):
        book.find("none.dev", 443)
    with pytest.raises(NotForUs):
        book.find("again.dev", 443)


def test_labels_that_are_too_long_are_no_fault() -> None:
    with pytest.raises(NotForUs):
        Hosts().find("a" * 70 + ".dev", 443)
