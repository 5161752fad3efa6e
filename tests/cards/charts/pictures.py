"""Pictures as tests see them: what stands in an SVG, and what two of them share."""

from __future__ import annotations

import re
import struct
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

import pytest

GOLDENS = Path(__file__).parents[2] / "goldens" / "charts"
MADE_WITH = "made-with.txt"
"""The version of matplotlib that the goldens were made with; others place letters otherwise."""

_COMMENT = re.compile(r"<!--(.*?)-->", re.DOTALL)
_SPACE = "{http://www.w3.org/2000/svg}"
_LINK = "{http://www.w3.org/1999/xlink}href"


class Mark(NamedTuple):
    """Where a mark stands, in points, and whether it is filled with its own colour."""

    x: float
    y: float
    filled: bool


def texts(svg: str) -> list[str]:
    """Return the texts in a picture: they are paths, and comments say what they read."""
    return [found.strip() for found in _COMMENT.findall(svg)]


def marks(svg: str) -> list[Mark]:
    """Return the marks of a picture in the order in which they were drawn."""
    found = []
    for use in _tree(svg).iter(f"{_SPACE}use"):
        if "style" in use.attrib and use.attrib[_LINK].startswith("#m"):
            style = dict(re.findall(r"([\w-]+): ([^;]+)", use.attrib["style"]))
            place = float(use.attrib["x"]), float(use.attrib["y"])
            found.append(Mark(*place, style["fill"] == style["stroke"]))
    return found


def size(svg: str) -> tuple[float, float]:
    """Return width and height in points."""
    box = _tree(svg).attrib["viewBox"].split()
    return float(box[2]), float(box[3])


def title(svg: str) -> str:
    """Return the title of a picture."""
    return _tree(svg).findtext(f"{_SPACE}title") or ""


def png_size(data: bytes) -> tuple[int, int]:
    """Return width and height of a PNG in pixels."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def shape(svg: str) -> tuple[list[str], int, int, float]:
    """Return what is the same with each version of matplotlib: texts, marks, shapes and width."""
    lines = sum(path.attrib.get("style", "") != "" for path in _tree(svg).iter(f"{_SPACE}path"))
    return texts(svg), len(marks(svg)), lines, size(svg)[0]


def check_golden(request: pytest.FixtureRequest, name: str, svg: bytes) -> None:
    """Compare a picture with its golden: byte by byte, or by its shape with another matplotlib."""
    path, note = GOLDENS / name, GOLDENS / MADE_WITH
    here = f"matplotlib {version('matplotlib')}\n"
    if request.config.getoption("--update-goldens"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(svg)
        note.write_text(here, encoding="utf-8")
    assert path.exists(), f"{name} is missing: run pytest --update-goldens"
    if note.read_text(encoding="utf-8") == here:
        assert svg == path.read_bytes()
    else:
        assert shape(svg.decode()) == shape(path.read_text(encoding="utf-8"))


def _tree(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 - our own text
