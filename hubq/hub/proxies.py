"""Which proxy stands between this machine and a server, as the environment says."""

from __future__ import annotations

import urllib.request
from urllib.parse import urlsplit


def proxy_for(address: str) -> str:
    """Return the proxy that requests to an address go through, without its password.

    Empty when they go straight there: no variable names a proxy, or `NO_PROXY` excepts the host.
    """
    parts = urlsplit(address)
    proxies = urllib.request.getproxies()
    found = proxies.get(parts.scheme) or proxies.get("all") or ""
    if not found or urllib.request.proxy_bypass(parts.netloc.rpartition("@")[2]):
        return ""
    named = urlsplit(found if "://" in found else f"http://{found}")
    return f"{named.scheme}://{named.netloc.rpartition('@')[2]}"
