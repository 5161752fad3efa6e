"""Where sources fetched from a hub are kept."""

from __future__ import annotations

import hashlib
from pathlib import Path

from hubq.resources import cache_folder


def sources_folder(endpoint: str) -> Path:
    """Return where sources from one hub are kept, in the layout of the hub's own client."""
    name = hashlib.sha256(endpoint.rstrip("/").encode()).hexdigest()[:16]
    return cache_folder() / "sources" / name
