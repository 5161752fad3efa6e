"""Calibration data: the rows a quantizer looks at, read, checked and drawn.

A dataset is a JSONL file; each line is `{"id", "image": base64 or null, "question", "answer"}`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from hubq.errors import BadInput
from hubq.model.codec import digest, pretty
from hubq.model.recipe import Calibration

ROWS = "rows.jsonl"
ABOUT = "calibration.json"
#: How the formats of pictures begin, for a check that needs no decoder.
PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"BM")


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a calibration dataset.

    Attributes:
        id: unique in the dataset.
        image: a PNG, JPEG, GIF, WebP or BMP file in base64, or none.
        question: the user's words.
        answer: the assistant's, or none to leave the turn open.
    """

    id: str
    question: str
    image: str | None = None
    answer: str | None = None

    @property
    def content(self) -> str:
        """The SHA-256 of what the row shows a model, whatever its id."""
        return digest([self.image, self.question, self.answer])


def read(path: Path) -> tuple[Row, ...]:
    """Read a dataset and check every row.

    Raises:
        BadInput: the file is missing or empty, or a row is not well formed; the line is named.
    """
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        raise BadInput(f"{path}: no such file") from None
    rows, seen = [], set()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        row = _decode(line, f"{path}:{number}")
        if row.id in seen:
            raise BadInput(f"{path}:{number}: id {row.id!r} is there twice")
        seen.add(row.id)
        rows.append(row)
    if not rows:
        raise BadInput(f"{path}: there are no calibration rows")
    return tuple(rows)


def _decode(line: bytes, where: str) -> Row:
    try:
        row = msgspec.json.decode(line, type=Row)
    except msgspec.DecodeError as error:
        raise BadInput(f"{where}: {error}") from error
    if not row.question.strip():
        raise BadInput(f"{where}: the question is empty")
    if row.image is not None:
        try:
            start = base64.b64decode(row.image, validate=True)[:12]
        except (binascii.Error, ValueError) as error:
            raise BadInput(f"{where}: the image is not base64: {error}") from error
        if not start.startswith(PICTURES):
            raise BadInput(f"{where}: the image is no PNG, JPEG, GIF, WebP or BMP file")
    return row


def draw(rows: Sequence[Row], calibration: Calibration) -> tuple[Row, ...]:
    """Return the rows that a recipe uses, in the order in which the quantizer sees them.

    The order is that of a hash of seed and content: it depends neither on the order of the file
    nor on a random generator, and a larger draw contains the smaller one.

    Raises:
        BadInput: there are fewer rows than asked for.
    """
    usable = [msgspec.structs.replace(row, image=None) for row in rows]
    if calibration.modality == "image-text":
        usable = list(rows)
    if len(usable) < calibration.samples:
        raise BadInput(
            f"{calibration.dataset}: {calibration.samples} samples asked for, "
            f"there are {len(usable)} rows"
        )
    ordered = sorted(usable, key=lambda row: (_lot(calibration.seed, row), row.id))
    return tuple(ordered[: calibration.samples])


def _lot(seed: int, row: Row) -> str:
    return hashlib.sha256(f"{seed}:{row.content}".encode()).hexdigest()


def prepare(calibration: Calibration, dataset: Path, folder: Path) -> None:
    """Draw a recipe's rows and write them where a quantizer's worker reads them.

    The caller makes the folder appear at once (writes elsewhere, then renames).

    Args:
        calibration: which rows, and whether with their images.
        dataset: the JSONL file.
        folder: gets `rows.jsonl`, and `calibration.json` that says which rows they are.

    Raises:
        BadInput: the dataset is not usable or too small.
    """
    rows = draw(read(dataset), calibration)
    folder.mkdir(parents=True, exist_ok=True)
    lines = [msgspec.json.encode(row) for row in rows]
    (folder / ROWS).write_bytes(b"".join(line + b"\n" for line in lines))
    about = {
        "schema": 1,
        "digest": rows_digest(rows),
        "modality": calibration.modality,
        "rows": [{"id": row.id, "sha256": row.content} for row in rows],
        "seed": calibration.seed,
    }
    (folder / ABOUT).write_text(pretty(about), encoding="utf-8")


def rows_digest(rows: Sequence[Row]) -> str:
    """Return the SHA-256 over the contents of rows in their order."""
    return digest([row.content for row in rows])
