"""How values are read and written: strict decoding with the path of the error, canonical JSON.

Canonical JSON (sorted keys, no spaces, no NaN) is what digests are taken of, so that equal values
have equal digests whatever order they were built in.
"""

from __future__ import annotations

import hashlib
import re
import typing
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from hubq.errors import BadInput

T = TypeVar("T")

_AT = re.compile(r"^(?P<what>.*?)(?: - at `\$(?P<path>.*)`)?$", re.DOTALL)
_STEP = re.compile(r"\[(\d+)\]|\.([^.\[\]]+)|\[\.\.\.\]")


def canonical(value: object) -> bytes:
    """Return the canonical JSON of a value made of Structs, mappings, sequences and scalars."""
    return msgspec.json.encode(value, order="sorted")


def digest(value: object) -> str:
    """Return the SHA-256 of a value's canonical JSON, as 64 hex digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


def pretty(value: object) -> str:
    """Return indented JSON with sorted keys and a final newline, for files that people read."""
    raw = msgspec.json.encode(value, order="sorted", enc_hook=_path_as_text)
    return msgspec.json.format(raw, indent=2).decode() + "\n"


def _path_as_text(value: object) -> str:
    """Write a path as its text; only where people read it, never in what a digest is taken of."""
    if isinstance(value, Path):
        return str(value)
    raise NotImplementedError(f"{type(value).__name__} has no JSON form")


def read_json(path: Path, kind: type[T]) -> T:
    """Read a JSON file into a value.

    Raises:
        BadInput: the file is missing, is no JSON, or does not fit; the message names the place.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise BadInput(f"{path}: no such file") from None
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        raise BadInput(f"{path}: {explain(error, msgspec.json.decode(raw), kind)}") from error
    except msgspec.DecodeError as error:
        raise BadInput(f"{path}: not JSON: {error}") from error


def from_builtins(data: object, kind: type[T], where: str) -> T:
    """Turn plain data (from YAML or JSON) into a value, strictly.

    Args:
        data: mappings, sequences and scalars.
        kind: the Struct to make.
        where: what to call the data in an error, usually a path.

    Raises:
        BadInput: `where: variants[1].bits: expected 2, 3, 4 or 8, got 5`.
    """
    try:
        return msgspec.convert(data, kind, strict=True)
    except msgspec.ValidationError as error:
        raise BadInput(f"{where}: {explain(error, data, kind)}") from error


def read_yaml(path: Path) -> Any:
    """Read a YAML file with the safe loader.

    Raises:
        BadInput: the file is missing or is no YAML; the message names line and column.
    """
    import yaml

    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInput(f"{path}: no such file") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "not a text file"
        raise BadInput(f"{path}{place}: not YAML: {problem}") from error


def explain(error: msgspec.ValidationError, data: object, kind: type[Any]) -> str:
    """Say a decoding error as `path: expected this, got that`."""
    match = _AT.match(str(error))
    assert match is not None  # noqa: S101 - the pattern matches every string
    what, path = match["what"], (match["path"] or "").lstrip(".")
    got = _value_at(data, match["path"] or "")
    if what.startswith("Object contains unknown field"):
        name = what.split("`")[1]
        place = f"{path}.{name}" if path else name
        known = ", ".join(_fields(_type_at(kind, match["path"] or "")))
        return f"{place}: unknown key; known: {known}" if known else f"{place}: unknown key"
    if what.startswith("Object missing required field"):
        name = what.split("`")[1]
        return f"{path}.{name}: missing" if path else f"{name}: missing"
    allowed = _allowed(_type_at(kind, match["path"] or ""))
    if what.startswith("Invalid enum value") and allowed:
        return f"{path}: expected {_either(allowed)}, got {_short(got)}"
    said = what.replace("Expected", "expected").replace("`", "").split(", got")[0]
    return f"{path or 'the file'}: {said}, got {_short(got)}"


def _value_at(data: object, path: str) -> object:
    for index, name in _STEP.findall(path):
        try:
            data = data[int(index)] if index else data[name] if name else None  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def _type_at(kind: Any, path: str) -> Any:
    for index, name in _STEP.findall(path):
        kind = _strip_optional(kind)
        if index or not name:
            arguments = typing.get_args(kind)
            kind = arguments[-1] if arguments and arguments[-1] is not ... else arguments[:1]
            kind = kind[0] if isinstance(kind, tuple) and kind else kind
        elif isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            kind = typing.get_type_hints(kind, include_extras=True).get(name, object)
        else:
            arguments = typing.get_args(kind)
            kind = arguments[-1] if arguments else object
    return _strip_optional(kind)


def _strip_optional(kind: Any) -> Any:
    arguments = [a for a in typing.get_args(kind) if a is not type(None)]
    if type(None) in typing.get_args(kind) and len(arguments) == 1:
        return arguments[0]
    return kind


def _fields(kind: Any) -> list[str]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return [field.encode_name for field in msgspec.structs.fields(kind)]
    return []


def _allowed(kind: Any) -> list[object]:
    return list(typing.get_args(kind)) if typing.get_origin(kind) is typing.Literal else []


def _either(values: list[object]) -> str:
    words = [str(value) for value in values]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _short(value: object) -> str:
    text = msgspec.json.encode(value).decode() if not isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
