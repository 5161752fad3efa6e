"""Weight files: how large a checkpoint's may be, as its source's are."""

from __future__ import annotations

from pathlib import Path

import checkpoint_files


def largest(source: Path) -> int:
    """Return the size in bytes that no weight file of a checkpoint should exceed.

    It is that of the source's largest file, so that a checkpoint, which is smaller, is in one file
    where its source is.
    """
    return max(path.stat().st_size for path in checkpoint_files.weight_files(source))
