"""Claims read again where they came from, and the file around the number, as a page shows it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from hubq.cards.ledger import COMPARISON_FILE, SELF, escape_pointer
from hubq.cards.show import Trace, trace
from hubq.model.card import Claim, Evidence
from hubq.preview.cards import Card
from hubq.preview.opening import Opened

_NEAR = 12
_SHOWN_BYTES = 32 << 20
_KEY = re.compile(r"[0-9a-f]{64}|self")


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A file that claims rest on.

    Attributes:
        key: of the result, or `self` for the card's own file.
        file: its path in the result.
        stage: of the result; `card` for the card's own.
        path: where it is; none for a file that was worked out just now and is on no disk.
    """

    key: str
    file: str
    stage: str
    path: Path | None


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a JSON document.

    Attributes:
        depth: how far it is indented.
        name: of the member, with its colon, or empty.
        value: what stands there.
        pointed: whether it is the number that was asked for.
        folded: whether the value stands for something left out.
    """

    depth: int
    name: str
    value: str
    pointed: bool = False
    folded: bool = False


def retrace(card: Card, claim_id: str, opened: Opened, scratch: Path) -> Trace:
    """Read a claim's number again.

    Args:
        card: that prints it.
        claim_id: which.
        opened: the release.
        scratch: a folder for the card's own file of derived numbers, where no card of the release
            holds the same one.

    Raises:
        BadInput: the card has no such claim.
    """
    return trace(_evidence(card, opened), claim_id, _folder_of(card, opened, scratch))


def retrace_all(card: Card, opened: Opened, scratch: Path) -> dict[str, Trace]:
    """Read every number of a card again; returns claim id -> what was found."""
    told, folder_of = _evidence(card, opened), _folder_of(card, opened, scratch)
    return {claim: trace(told, claim, folder_of) for claim in card.claims}


def place_of(card: Card, key: str, file: str, opened: Opened, scratch: Path) -> Place | None:
    """Return a file, if a claim of the card rests on it; none for every other file there is."""
    if not _KEY.fullmatch(key):
        return None
    if not any(claim.key == key and claim.file == file for claim in card.claims.values()):
        return None
    folder = _folder_of(card, opened, scratch)(key)
    stage = "card" if key == SELF else _stages(opened).get(key, "")
    return Place(key=key, file=file, stage=stage, path=folder / file if folder else None)


def read_place(place: Place) -> Any:
    """Return a file's JSON; none where it is missing, too large to show, or no JSON.

    A file of lines is a list.
    """
    if place.path is None:
        return None
    try:
        if place.path.stat().st_size > _SHOWN_BYTES:
            return None
        raw = place.path.read_bytes()
        if place.file.endswith(".jsonl"):
            return [msgspec.json.decode(line) for line in raw.splitlines() if line]
        return msgspec.json.decode(raw)
    except (OSError, msgspec.DecodeError):
        return None


def rows(document: Any, pointer: str) -> tuple[Row, ...]:
    """Return a document around a JSON pointer: what leads to it, what stands beside, no more."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    return tuple(_rows(document, steps, 0, "", last=True))


def _stages(opened: Opened) -> dict[str, str]:
    return {result.key: stage for stage, result in opened.family.results.items()}


def _evidence(card: Card, opened: Opened) -> Evidence:
    """Return the parts of a card's evidence that a trace looks at."""
    results = {key: {"stage": stage} for key, stage in _stages(opened).items()}
    claims = tuple(card.claims.values())
    return Evidence(
        hubq="",
        repo=card.repo,
        variant=card.variant,
        source={},
        recipe={},
        claims=claims,
        results=results,
    )


def _folder_of(card: Card, opened: Opened, scratch: Path) -> Callable[[str], Path | None]:
    family = opened.family
    places = {result.key: family.folders[stage] for stage, result in family.results.items()}

    def folder_of(key: str) -> Path | None:
        return _own_folder(card, opened, scratch) if key == SELF else places.get(key)

    return folder_of


def _own_folder(card: Card, opened: Opened, scratch: Path) -> Path:
    """Return the folder that holds the card's derived numbers: the release's, or one made now."""
    content = card.comparison
    kept = opened.cards.get(card.variant)
    if kept is not None and _holds(kept / COMPARISON_FILE, content):
        return kept
    folder = scratch / (f"card-{escape_pointer(card.variant)}" if card.variant else "report")
    if not _holds(folder / COMPARISON_FILE, content):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / COMPARISON_FILE).write_bytes(content)
    return folder


def _holds(path: Path, content: bytes) -> bool:
    try:
        return path.read_bytes() == content
    except OSError:
        return False


def _rows(value: Any, steps: list[str], depth: int, name: str, *, last: bool) -> Iterator[Row]:
    comma = "" if last else ","
    if not steps or not isinstance(value, dict | list):
        text, folded = _short(value)
        yield Row(depth=depth, name=name, value=text + comma, pointed=not steps, folded=folded)
        return
    is_list = isinstance(value, list)
    members: list[tuple[Any, Any]] = (
        list(enumerate(value)) if isinstance(value, list) else list(value.items())
    )
    yield Row(depth=depth, name=name, value="[" if is_list else "{")
    at = next((n for n, (key, _) in enumerate(members) if str(key) == steps[0]), 0)
    begun, ended = max(0, at - _NEAR), min(len(members), at + _NEAR + 1)
    if begun:
        yield Row(depth=depth + 1, name="", value=f"… {begun} more before", folded=True)
    for number in range(begun, ended):
        key, member = members[number]
        label = f"{number}:" if is_list else f"{msgspec.json.encode(key).decode()}:"
        path = steps[1:] if number == at and str(key) == steps[0] else None
        is_last = number == len(members) - 1
        if path is None:
            text, folded = _short(member)
            value_text = text + ("" if is_last else ",")
            yield Row(depth=depth + 1, name=label, value=value_text, folded=folded)
        else:
            yield from _rows(member, path, depth + 1, label, last=is_last)
    if ended < len(members):
        more = f"… {len(members) - ended} more after"
        yield Row(depth=depth + 1, name="", value=more, folded=True)
    yield Row(depth=depth, name="", value=("]" if is_list else "}") + comma)


def _short(value: Any) -> tuple[str, bool]:
    """Return a value on one line, and whether something in it was left out."""
    if isinstance(value, dict) and value:
        return f"{{ … {len(value)} }}", True
    if isinstance(value, list) and value:
        return f"[ … {len(value)} ]", True
    text = msgspec.json.encode(value).decode()
    return (text, False) if len(text) <= 200 else (f"{text[:200]}…", True)


def claim_path(claim: Claim) -> str:
    """Return where a claim's file is in a runs folder."""
    if claim.key == SELF:
        return claim.file
    return f"results/{claim.key[:2]}/{claim.key}/{claim.file}"
