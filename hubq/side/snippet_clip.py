"""A short film for snippets that read one, drawn with what the environment has for it: OpenCV.

    python -I side/snippet_clip.py FILE

It runs as a program of its own, so that the worker imports nothing.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

SIDE, FRAMES, RATE = 112, 8, 4
LIMIT_S = 120


def make(path: Path) -> str:
    """Write a film; return why it cannot be, in words, empty when it is there."""
    if importlib.util.find_spec("cv2") is None:
        return "no film can be made here: OpenCV is not installed"
    command = [sys.executable, "-I", __file__, str(path)]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        return "no film can be made here: OpenCV does not come to an end"
    if done.returncode or not path.is_file():
        return "no film can be made here: OpenCV wrote none"
    return ""


def main(arguments: Sequence[str]) -> int:
    """Write a square that moves across the picture; return the exit status."""
    import cv2
    import numpy as np

    writer = cv2.VideoWriter(arguments[0], cv2.VideoWriter_fourcc(*"mp4v"), RATE, (SIDE, SIDE))
    for number in range(FRAMES):
        frame = np.full((SIDE, SIDE, 3), 255, dtype=np.uint8)
        left = number * (SIDE - 28) // (FRAMES - 1)
        frame[42:70, left : left + 28] = (30, 30, 220)
        writer.write(frame)
    opened = writer.isOpened()
    writer.release()
    return 0 if opened else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
