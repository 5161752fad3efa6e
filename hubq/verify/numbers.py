"""Numbers: two JSON documents held against each other, place by place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from hubq.cards.ledger import escape_pointer
from hubq.verify.checking import close, is_number

_NOTHING = msgspec.UNSET


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A place at which two documents differ.

    Attributes:
        pointer: to it (RFC 6901).
        said: what the published document says.
        found: what was worked out.
    """

    pointer: str
    said: str
    found: str


def differences(
    said: Any, found: Any, pointer: str = "", *, more: bool = False
) -> Iterator[Difference]:
    """Yield where two documents differ; numbers may by the order in which sums were taken.

    Args:
        said: what is published.
        found: what was worked out.
        pointer: to both.
        more: pass over members that only `found` has: a later hubq may work out more.
    """
    if isinstance(said, dict) and isinstance(found, dict):
        for name in sorted(said.keys() if more else said.keys() | found.keys()):
            place = f"{pointer}/{escape_pointer(name)}"
            one, other = said.get(name, _NOTHING), found.get(name, _NOTHING)
            yield from differences(one, other, place, more=more)
    elif isinstance(said, list) and isinstance(found, list):
        for number in range(max(len(said), len(found))):
            one = said[number] if number < len(said) else _NOTHING
            other = found[number] if number < len(found) else _NOTHING
            yield from differences(one, other, f"{pointer}/{number}", more=more)
    elif is_number(said) and is_number(found):
        if not close(said, found):
            yield Difference(pointer=pointer, said=repr(said), found=repr(found))
    elif said != found:
        yield Difference(pointer=pointer, said=_shown(said), found=_shown(found))


def count_numbers(document: Any) -> int:
    """Return how many numbers a document holds."""
    if isinstance(document, dict):
        return sum(count_numbers(value) for value in document.values())
    if isinstance(document, list):
        return sum(count_numbers(value) for value in document)
    return int(is_number(document))


def _shown(value: Any) -> str:
    if value is _NOTHING:
        return "nothing"
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= 60 else f"{text[:57]}..."
