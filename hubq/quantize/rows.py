"""Rows: what a quantizer is shown, read from any dataset and checked one by one."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from hubq.errors import BadInput
from hubq.model.codec import digest
from hubq.model.recipe import Calibration
from hubq.quantize import pictures
from hubq.quantize.tables import PICTURE_SUFFIXES, Record, records

#: Our name -> the dataset's columns that are looked for where a recipe names none, in turn.
_USUAL: dict[str, tuple[str, ...]] = {
    "id": ("id",),
    "image": ("image",),
    "question": ("question",),
    "answer": ("answer",),
}
_FILE_NAME = "file_name"
#: How conversations name the sides: OpenAI's and transformers' way, and ShareGPT's.
_ASKING = ("user", "human")
_ANSWERING = ("assistant", "gpt")
#: What stands for the picture in the words of LLaVA's and ShareGPT4V's conversations.
_PLACEHOLDER = "<image>"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One calibration row.

    Attributes:
        id: unique in the dataset.
        question: the user's words.
        image: a PNG, JPEG, GIF, WebP or BMP file in base64, or none.
        answer: the assistant's words, or none to leave the turn open.
    """

    id: str
    question: str
    image: str | None = None
    answer: str | None = None

    @property
    def content(self) -> str:
        """The SHA-256 of what the row shows a model, whatever its id."""
        return digest([self.image, self.question, self.answer])

    @property
    def picture(self) -> bytes | None:
        """The picture's file, or none."""
        return None if self.image is None else base64.b64decode(self.image)


def read(path: Path, calibration: Calibration) -> tuple[Row, ...]:
    """Read every row of a dataset and check it; see `iterate`, which does not keep them."""
    return tuple(iterate(path, calibration))


def iterate(path: Path, calibration: Calibration) -> Iterator[Row]:
    """Yield the rows of a dataset one by one, each of them checked.

    Rows without any content are passed over, as empty lines are. Ids are the dataset's own, or the
    row's place among all where it has none. In text alone, pictures are left unread.

    Args:
        path: a file, a folder, or a pattern for files of one folder.
        calibration: what the columns are called, what is asked where a row has no question, and
            whether pictures are wanted.

    Raises:
        BadInput: there are no rows, or one is not well formed; the message names file and row.
    """
    seen: set[str] = set()
    mapped = _Columns(calibration)
    for place, record in enumerate(records(path, mapped.wanted), start=1):
        row = mapped.row(record, place)
        if row is None:
            continue
        if row.id in seen:
            raise BadInput(
                f"{record.where}: id {row.id!r} is there twice",
                remedy='Name another column in calibration.columns, or none: {id: ""}.',
            )
        seen.add(row.id)
        yield row
    if not seen:
        raise BadInput(f"{path}: there are no calibration rows")
    mapped.require_all(path)


class _Columns:
    """Finds a row in what stands in a dataset, by the recipe's names for its columns."""

    def __init__(self, calibration: Calibration) -> None:
        self.named = {str(name): column for name, column in calibration.columns.items()}
        self.asked = calibration.question
        self.pictures = calibration.modality == "image-text"
        self.wanted = frozenset(self.named.values()).union(*_USUAL.values())
        self.unseen = {column: name for name, column in self.named.items() if column}
        if not self.pictures:
            self.wanted -= {self.named.get("image", "image")}

    def row(self, record: Record, place: int) -> Row | None:
        """Return a record's row, or none when nothing stands in it.

        Raises:
            BadInput: it is not well formed.
        """
        for column in self.unseen.keys() & set(record.columns):
            del self.unseen[column]
        image = self._image(record)
        question, answer = self._words(record)
        if image is None and not question and not answer and self._has_place(record):
            return None
        question = question or self.asked or ""
        if not question.strip():
            raise BadInput(
                f"{record.where}: there is no question (columns: {', '.join(record.columns)})",
                remedy="Name its column (calibration.columns: {question: ...}), or say what is "
                "asked of every row (calibration.question).",
            )
        return Row(id=self._id(record, place), question=question, image=image, answer=answer)

    def require_all(self, path: Path) -> None:
        """Raise BadInput when a column that the recipe names stood in no row."""
        for column, name in self.unseen.items():
            raise BadInput(
                f"{path}: no row has the column {column!r}",
                remedy=f"Mend calibration.columns.{name} in the recipe.",
            )

    def _has_place(self, record: Record) -> bool:
        """Return whether a record has a column for words, be it empty."""
        places = {self.named.get(name, _USUAL[name][0]) for name in ("question", "answer")}
        return bool(record.text) or not places.isdisjoint(record.columns)

    def _cell(self, record: Record, name: str) -> Any:
        """Return what stands in the column that a recipe or custom has for one of our names."""
        if name in self.named:
            return record.cells.get(self.named[name])
        usual = _USUAL[name]
        if record.folder is not None and name == "image":
            usual = (_FILE_NAME, *usual)
        return next((record.cells[c] for c in usual if record.cells.get(c) is not None), None)

    def _id(self, record: Record, place: int) -> str:
        cell = self._cell(record, "id")
        if cell is None or cell == "":
            return f"row-{place:06}"
        if not isinstance(cell, str | int):
            raise BadInput(f"{record.where}: the id is no text and no number: {cell!r:.60}")
        return str(cell)

    def _words(self, record: Record) -> tuple[str, str | None]:
        """Return question and answer; a text without names for columns is one or the other."""
        question, answer = self._cell(record, "question"), self._cell(record, "answer")
        if question is None and answer is None and record.text:
            text = record.cells[record.text]
            question, answer = (None, text) if self.asked or record.folder else (text, None)
        if isinstance(question, list):
            question, reply = _exchange(question, record.where)
            answer = reply if answer is None or "answer" not in self.named else answer
        if isinstance(answer, list):
            answer = answer[0] if answer else None
        asked = _text(question, "question", record.where) or ""
        return asked, _text(answer, "answer", record.where)

    def _image(self, record: Record) -> str | None:
        """Return a row's picture in base64, its header looked at; none without one."""
        if not self.pictures:
            return None
        cell = self._cell(record, "image")
        if isinstance(cell, list):
            if len(cell) > 1:
                raise BadInput(f"{record.where}: {len(cell)} images; a calibration row has one")
            cell = cell[0] if cell else None
        if cell is None or cell == "":
            return None
        try:
            data = _picture(cell, record.folder)
            pictures.check(data)
        except ValueError as error:
            raise BadInput(f"{record.where}: the image: {error}") from error
        return base64.b64encode(data).decode()


def _picture(cell: Any, folder: Path | None) -> bytes:
    """Return the file of a picture from what stands in a cell.

    Raises:
        ValueError: there is none.
    """
    if isinstance(cell, Mapping):
        inside, path = cell.get("bytes"), cell.get("path")
        return _picture(inside if inside is not None else path, folder)
    if isinstance(cell, bytes):
        return cell
    if not isinstance(cell, str):
        raise ValueError(f"neither bytes nor text: {cell!r:.60}")  # noqa: TRY004 - one kind
    if folder is not None:
        return _beside(folder, cell)
    text = cell.partition(";base64,")[2] if cell.startswith("data:image/") else cell
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        if Path(cell).suffix.lower() in PICTURE_SUFFIXES:
            raise ValueError(
                f"{cell} lies in another file; pictures named by path are read from a folder that "
                "holds them and metadata.jsonl"
            ) from None
        raise ValueError(f"not base64: {error}") from error


def _beside(folder: Path, name: str) -> bytes:
    """Return a file of a folder, which a table in it names; nothing outside is read."""
    file = (folder / name).resolve()
    if not file.is_relative_to(folder.resolve()):
        raise ValueError(f"{name} lies outside of the folder")
    try:
        return file.read_bytes()
    except (FileNotFoundError, IsADirectoryError):
        raise ValueError(f"{name} is not there") from None


def _exchange(turns: Sequence[Any], where: str) -> tuple[str, str | None]:
    """Return a conversation's first question and the answer to it; none when it has none.

    Turns are `{role, content}` or `{from, value}`; content is text, or parts of which the text
    counts.
    """
    said: list[tuple[str, str]] = []
    for turn in turns:
        if not isinstance(turn, Mapping):
            raise BadInput(f"{where}: a turn of the conversation is no object: {turn!r:.60}")
        side = str(turn.get("role", turn.get("from", "")))
        content = turn.get("content", turn.get("value"))
        if isinstance(content, list):
            content = "\n".join(part["text"] for part in content if _is_text(part))
        text = _text(content, "conversation", where) or ""
        said.append((side, text.replace(_PLACEHOLDER, "").strip()))
    first = next((k for k, (side, _) in enumerate(said) if side in _ASKING), None)
    if first is None:
        raise BadInput(f"{where}: nobody asks in the conversation (sides: {[s for s, _ in said]})")
    reply = said[first + 1] if first + 1 < len(said) else ("", "")
    return said[first][1], reply[1] if reply[0] in _ANSWERING else None


def _is_text(part: Any) -> bool:
    return isinstance(part, Mapping) and isinstance(part.get("text"), str)


def _text(cell: Any, name: str, where: str) -> str | None:
    """Return a cell's text; none where nothing stands in it."""
    if isinstance(cell, bool) or not (cell is None or isinstance(cell, str | int | float)):
        raise BadInput(f"{where}: the {name} is no text: {cell!r:.60}")
    text = "" if cell is None else str(cell)
    return text if text.strip() else None
