"""Addresses of hosts: which a request may go to that somebody else wrote down.

A card may name whatever it likes, also a machine behind the firewall of the one that reads it. So
only addresses of the open internet count, and requests go to the very address that was looked at.
"""

from __future__ import annotations

import ipaddress
import socket

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_UNKNOWN = frozenset({socket.EAI_NONAME})
_NO_SITES = frozenset(
    {"alt", "arpa", "example", "internal", "invalid", "lan", "local", "localhost", "onion", "test"}
)
"""Top names that no site of the open internet has (RFC 6761, 6762, 7686, 9476)."""
_EXAMPLES = frozenset({"example.com", "example.net", "example.org"})


class NoHost(Exception):  # noqa: N818 - reads as a sentence where it is raised
    """There is no host of that name."""


class NotForUs(Exception):  # noqa: N818
    """A host that is not asked: it is inside some network, or could not be looked up."""


class Hosts:
    """Looks the addresses of hosts up."""

    def find(self, host: str, port: int) -> list[str]:
        """Return a host's addresses, those of version 4 first.

        Args:
            host: its name, in ASCII and lower case.
            port: that is meant to be asked.

        Raises:
            NoHost: there is none of that name.
            NotForUs: it may not be asked, or the names are not answered for.
        """
        if not self.named(host, port):
            raise NotForUs(host)
        try:
            found = dict.fromkeys(self.look_up(host))
        except socket.gaierror as error:
            if error.errno in _UNKNOWN:
                raise NoHost(host) from None
            raise NotForUs(host) from None
        except (OSError, UnicodeError):
            raise NotForUs(host) from None
        if not found or not all(self.open(one) for one in found):
            raise NotForUs(host)
        return sorted(found, key=lambda one: ":" in one)

    def named(self, host: str, port: int) -> bool:
        """Say whether a host's name is one of a site, and its port a site's."""
        parts = host.rstrip(".").split(".")
        if len(parts) < 2 or parts[-1] in _NO_SITES or ".".join(parts[-2:]) in _EXAMPLES:
            return False
        return port in (80, 443) and not parts[-1].isdigit() and ":" not in host

    def look_up(self, host: str) -> list[str]:
        """Return every address of a host; its name is whole, so nothing is put behind it.

        Raises:
            OSError: `gaierror`, where it has none.
        """
        rows = socket.getaddrinfo(f"{host.rstrip('.')}.", None, type=socket.SOCK_STREAM)
        return [str(row[4][0]) for row in rows]

    def open(self, address: str) -> bool:
        """Say whether an address is one of the open internet."""
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        if isinstance(found, ipaddress.IPv6Address) and (
            found.ipv4_mapped or found.sixtofour or found.teredo or found in _NAT64
        ):
            return False
        return found.is_global and not found.is_multicast and not found.is_reserved
