"""Calibration: which rows of a dataset a quantizer looks at, and the files it reads them from."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from hubq.errors import BadInput
from hubq.model.codec import digest, pretty
from hubq.model.recipe import Calibration
from hubq.quantize import pictures
from hubq.quantize.rows import Row, iterate

ROWS = "rows.jsonl"
ABOUT = "calibration.json"


def program_digest() -> str:
    """Return the SHA-256 of the code that decides which rows are used, for the stages' keys."""
    total = hashlib.sha256()
    for name in ("calibration.py", "pictures.py", "rows.py", "tables.py"):
        total.update(Path(__file__).with_name(name).read_bytes())
    return total.hexdigest()


def draw(rows: Iterable[Row], calibration: Calibration) -> tuple[Row, ...]:
    """Return the rows that a recipe uses, in the order in which the quantizer sees them.

    The order is that of a hash of seed and content: it depends neither on the order of the dataset
    nor on a random generator, and a larger draw contains the smaller one. Only the rows drawn so
    far are kept in memory.

    Raises:
        BadInput: there are fewer rows than asked for.
    """
    usable: Iterator[Row] = iter(rows)
    if calibration.modality == "text":
        usable = (msgspec.structs.replace(row, image=None) for row in rows)
    drawn = heapq.nsmallest(
        calibration.samples, usable, key=lambda row: (_lot(calibration.seed, row), row.id)
    )
    if len(drawn) < calibration.samples:
        raise BadInput(
            f"{calibration.dataset}: {calibration.samples} samples asked for, "
            f"there are {len(drawn)} rows"
        )
    return tuple(drawn)


def _lot(seed: int, row: Row) -> str:
    return hashlib.sha256(f"{seed}:{row.content}".encode()).hexdigest()


def prepare(calibration: Calibration, dataset: Path, folder: Path) -> None:
    """Draw a recipe's rows and write them where a quantizer's worker reads them.

    The caller makes the folder appear at once (writes elsewhere, then renames).

    Args:
        calibration: which rows, what their columns are called, and whether with their images.
        dataset: where they are, as `hubq.quantize.datasets.locate` returns it.
        folder: gets `rows.jsonl`, and `calibration.json` that says which rows they are.

    Raises:
        BadInput: the dataset is not usable or too small, or a drawn picture is damaged.
    """
    drawn = draw(iterate(dataset, calibration), calibration)
    for row in drawn:
        _require_whole(row, dataset)
    folder.mkdir(parents=True, exist_ok=True)
    lines = [msgspec.json.encode(row) for row in drawn]
    (folder / ROWS).write_bytes(b"".join(line + b"\n" for line in lines))
    about = {
        "schema": 1,
        "digest": rows_digest(drawn),
        "modality": calibration.modality,
        "rows": [{"id": row.id, "sha256": row.content} for row in drawn],
        "seed": calibration.seed,
    }
    (folder / ABOUT).write_text(pretty(about), encoding="utf-8")


def prepared(folder: Path) -> tuple[Row, ...]:
    """Return the rows that `prepare` wrote into a folder.

    Raises:
        BadInput: there are none, or they are damaged.
    """
    path = folder / ROWS
    try:
        return tuple(msgspec.json.Decoder(Row).decode_lines(path.read_bytes()))
    except (FileNotFoundError, msgspec.DecodeError) as error:
        raise BadInput(f"{path}: {error}", remedy=f"Remove {folder} and run again.") from error


def rows_digest(rows: Sequence[Row]) -> str:
    """Return the SHA-256 over the contents of rows in their order."""
    return digest([row.content for row in rows])


def _require_whole(row: Row, dataset: Path) -> None:
    """Decode a row's picture: only its header has been looked at so far."""
    if row.picture is None:
        return
    try:
        pictures.decode(row.picture)
    except ValueError as error:
        raise BadInput(f"{dataset}: row {row.id!r}: the image: {error}") from error
