"""Tables: the rows that stand in a dataset, in whatever form it was published.

JSONL, JSON, CSV, Parquet, plain text, and folders: pictures with captions, pictures with a
`metadata` table as the Hub's imagefolder has it, or several tables of one form. What the columns
mean is not decided here.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from hubq.errors import BadInput

PICTURE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp"})
TEXT_SUFFIXES = frozenset({".txt", ".text", ".md"})
METADATA = ("metadata.jsonl", "metadata.json", "metadata.csv", "metadata.parquet")
"""The table of a folder of pictures; the first that is there counts."""

#: Rows of a Parquet file that are in memory at a time: with pictures a row is about a megabyte.
_BATCH = 32
_LARGEST_CELL = 1 << 30
_WILD = re.compile(r"[*?\[]")

Cells = Mapping[str, Any]


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One row as it stands in a dataset.

    Attributes:
        where: the file and the row in it, for messages.
        cells: column -> value; a picture may be bytes, base64, or `{bytes, path}`.
        columns: every column of the dataset, also those left unread.
        text: the column that holds nothing but text, in forms that have no names for columns.
        folder: where the pictures lie that cells name by path; none when they hold them.
    """

    where: str
    cells: Cells
    columns: tuple[str, ...]
    text: str = ""
    folder: Path | None = None


def records(path: Path, columns: frozenset[str] | None = None) -> Iterator[Record]:
    """Yield the rows of a dataset one by one; only one batch is ever in memory.

    Args:
        path: a file, a folder, or a pattern for files of one folder (`data/train-*.parquet`).
        columns: those wanted, where the form allows to leave others unread; none for all.

    Raises:
        BadInput: there is nothing, the form is not known, or a row cannot be read; it is named.
    """
    found = sorted(files(path))
    if not path.is_dir():
        for file in found:
            yield from _records(file, columns)
        return
    table = next((path / name for name in METADATA if (path / name).is_file()), None)
    pictures = [file for file in found if file.suffix.lower() in PICTURE_SUFFIXES]
    if table is not None:
        for record in _records(table, None):
            yield msgspec.structs.replace(record, folder=path)
    elif pictures:
        yield from _captioned(path, pictures)
    else:
        known = [file for file in found if file.suffix.lower() in _READERS]
        # Beside tables lies a README as a rule.
        tables = [file for file in known if file.suffix.lower() not in TEXT_SUFFIXES] or known
        if not tables or len({file.suffix.lower() for file in tables}) > 1:
            raise BadInput(
                f"{path}: neither pictures nor tables of one form",
                remedy=f"A folder holds pictures with captions, or {_known()} files.",
            )
        for file in tables:
            yield from _records(file, columns)


def files(path: Path) -> list[Path]:
    """Return every file that belongs to a dataset, in no certain order; hidden ones do not.

    Args:
        path: a file, a folder, or a pattern for files of one folder.

    Raises:
        BadInput: there is none.
    """
    if path.is_file():
        return [path]
    if path.is_dir():
        found = [file for file in path.rglob("*") if file.is_file() and _shown(file, path)]
    elif is_pattern(path) and path.parent.is_dir():
        found = [file for file in path.parent.glob(path.name) if file.is_file()]
    else:
        raise BadInput(f"{path}: no such file")
    if not found:
        raise BadInput(f"{path}: there are no files")
    return found


def is_pattern(path: Path) -> bool:
    """Return whether a path is a pattern for several files (`train-*.parquet`)."""
    return bool(_WILD.search(path.name)) and not path.exists()


def _shown(file: Path, folder: Path) -> bool:
    return not any(part.startswith(".") for part in file.relative_to(folder).parts)


def _records(file: Path, columns: frozenset[str] | None) -> Iterator[Record]:
    suffix = file.suffix.lower()
    if suffix not in _READERS:
        raise BadInput(f"{file}: of no form that can be read", remedy=f"Known are {_known()}.")
    yield from _READERS[suffix](file, columns)


def _jsonl(file: Path, _: frozenset[str] | None) -> Iterator[Record]:
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                where = f"{file}:{number}"
                try:
                    cells = msgspec.json.decode(line, type=dict[str, Any])
                except (msgspec.DecodeError, UnicodeDecodeError) as error:
                    raise BadInput(f"{where}: not a JSON object: {error}") from error
                yield _named(where, cells)


def _json(file: Path, _: frozenset[str] | None) -> Iterator[Record]:
    try:
        rows = msgspec.json.decode(file.read_bytes(), type=list[dict[str, Any]])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{file}: not a JSON list of objects: {error}") from error
    for number, cells in enumerate(rows, start=1):
        yield _named(f"{file}: row {number}", cells)


def _csv(file: Path, _: frozenset[str] | None) -> Iterator[Record]:
    csv.field_size_limit(_LARGEST_CELL)
    with file.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream, strict=True)
        try:
            for number, cells in enumerate(reader, start=1):
                if None in cells or None in cells.values():
                    raise BadInput(f"{file}: row {number}: wrong number of columns")
                yield _named(f"{file}: row {number}", cells)
        except (csv.Error, UnicodeDecodeError) as error:
            raise BadInput(f"{file}: not CSV in UTF-8: {error}") from error


def _text(file: Path, _: frozenset[str] | None) -> Iterator[Record]:
    """Yield the paragraphs of a text; its lines when no empty line parts it."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{file}: not text in UTF-8: {error.reason}") from error
    parts = re.split(r"\n[^\S\n]*\n", text)
    name = "paragraph" if len(parts) > 1 else "line"
    parts = parts if len(parts) > 1 else text.split("\n")
    for number, part in enumerate(parts, start=1):
        if part.strip():
            where, cells = f"{file}: {name} {number}", {"text": part.strip()}
            yield Record(where=where, cells=cells, columns=("text",), text="text")


def _parquet(file: Path, columns: frozenset[str] | None) -> Iterator[Record]:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ModuleNotFoundError as error:
        raise BadInput(
            f"{file}: reading Parquet needs pyarrow, which is not installed",
            remedy='Install it: pip install "hubq[parquet]"',
        ) from error
    try:
        with parquet.ParquetFile(file) as table:
            names = tuple(table.schema_arrow.names)
            wanted = [name for name in names if columns is None or name in columns]
            number = 0
            for batch in table.iter_batches(batch_size=_BATCH, columns=wanted):
                for cells in batch.to_pylist():
                    number += 1
                    yield Record(where=f"{file}: row {number}", cells=cells, columns=names)
    except (pa.ArrowException, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise BadInput(f"{file}: not a Parquet file that can be read: {reason}") from error


_READERS: dict[str, Callable[[Path, frozenset[str] | None], Iterator[Record]]] = {
    ".jsonl": _jsonl,
    ".ndjson": _jsonl,
    ".json": _json,
    ".csv": _csv,
    ".parquet": _parquet,
    **dict.fromkeys(sorted(TEXT_SUFFIXES), _text),
}


def _named(where: str, cells: Cells) -> Record:
    return Record(where=where, cells=cells, columns=tuple(cells))


def _known() -> str:
    return ", ".join(sorted(_READERS))


def _captioned(folder: Path, pictures: list[Path]) -> Iterator[Record]:
    """Yield pictures, each with the caption that the text file of the same name holds.

    Raises:
        BadInput: a picture has no caption, or two pictures share one.
    """
    stems = Counter(picture.with_suffix("") for picture in pictures)
    for picture in pictures:
        stem = picture.with_suffix("")
        captions = [file for end in sorted(TEXT_SUFFIXES) if (file := _beside(stem, end)).is_file()]
        if len(captions) != 1 or stems[stem] > 1:
            raise BadInput(
                f"{picture}: {'no caption' if not captions else 'not the only one of its name'}",
                remedy=f"Put it into {stem.name}.txt, or all captions into {METADATA[0]}.",
            )
        try:
            caption = captions[0].read_text(encoding="utf-8-sig").strip()
        except UnicodeDecodeError as error:
            raise BadInput(f"{captions[0]}: not text in UTF-8: {error.reason}") from error
        name = picture.relative_to(folder)
        cells = {"id": str(name.with_suffix("")), "file_name": str(name), "text": caption}
        yield Record(
            where=str(picture), cells=cells, columns=tuple(cells), text="text", folder=folder
        )


def _beside(stem: Path, suffix: str) -> Path:
    return stem.with_name(stem.name + suffix)
