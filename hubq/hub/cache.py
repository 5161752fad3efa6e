"""Where hubq keeps what it can fetch or work out again."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path


def cache_folder() -> Path:
    """Return hubq's cache folder: `HUBQ_CACHE`, or the user's cache folder for `hubq`."""
    override = os.environ.get("HUBQ_CACHE")
    if override:
        return Path(override).expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_dir("hubq"))


def sources_folder(endpoint: str) -> Path:
    """Return where sources from one hub are kept, in the layout of the hub's own client."""
    name = hashlib.sha256(endpoint.rstrip("/").encode()).hexdigest()[:16]
    return cache_folder() / "sources" / name
