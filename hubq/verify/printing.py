"""Printing: the numbers in a card's blocks, held against the claims that they are said to be."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher

import msgspec

from hubq.cards.ledger import MINUS
from hubq.model.card import Claim

_NUMBER = re.compile(rf"[+{MINUS}<]?(?<![\d])\d(?:[\d,]*\d)?(?:\.\d+)?")
_TOKEN = re.compile(rf"[+{MINUS}<]?\d(?:[\d,]*\d)?(?:\.\d+)?|[^\W\d_]+|\s+|.", re.DOTALL)
_SIGNS = f"+{MINUS}"
Places = Sequence[tuple[int, str]]


class Misprint(msgspec.Struct, frozen=True, kw_only=True):
    """A number that does not stand there as it was written.

    Attributes:
        offset: in the block's text as it stands.
        said: the characters there.
        wrote: those that hubq wrote; empty where none were.
        claim: the id of the claim that is printed there; empty where it is none.
    """

    offset: int
    said: str
    wrote: str
    claim: str = ""


def misprinted(text: str, places: Places, claims: Mapping[str, Claim]) -> list[Misprint]:
    """Return the claims that a block does not print where, or at least in the order, it should.

    Where characters were put in or taken out all later places are off, and the order tells more.
    """
    found = list(_at_places(text, places, claims))
    if len(found) <= 1:
        return found
    return min(found, list(_in_order(text, places, claims)), key=len)


def all_stand(text: str, places: Places, claims: Mapping[str, Claim]) -> bool:
    """Say whether a block prints each claim at its very place."""
    return not any(_at_places(text, places, claims))


def _at_places(text: str, places: Places, claims: Mapping[str, Claim]) -> Iterator[Misprint]:
    """Yield the places of a block at which other characters stand than the claim shows."""
    for offset, name in places:
        claim = claims.get(name)
        if claim is None:
            yield Misprint(offset=offset, said=_there(text, offset), wrote="", claim=name)
        elif not _stands(text, offset, claim.shown):
            yield Misprint(offset=offset, said=_there(text, offset), wrote=claim.shown, claim=name)


def against(text: str, wrote: str, places: Places) -> list[Misprint]:
    """Return the numbers of a block that are others than hubq wrote, claims or not."""
    before, after = _tokens(wrote), _tokens(text)
    old, new = [word for _, word in before], [word for _, word in after]
    found = []
    starts = dict(places)
    for kind, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        numbers = [token for token in before[i1:i2] if _is_number(token[1])]
        others = [token for token in after[j1:j2] if _is_number(token[1])]
        at = after[j1][0] if j1 < len(after) else len(text)
        for place in range(max(len(numbers), len(others))):
            was = numbers[place] if place < len(numbers) else None
            now = others[place] if place < len(others) else None
            found.append(
                Misprint(
                    offset=now[0] if now else at,
                    said=now[1] if now else "",
                    wrote=was[1] if was else "",
                    claim=_claim(was, starts) if was else "",
                )
            )
    return found


def _in_order(text: str, places: Places, claims: Mapping[str, Claim]) -> Iterator[Misprint]:
    """Yield the claims of an edited block that do not stand there in their order.

    For blocks of which only the hash is known: numbers that are no claims may stand in between.
    """
    known = [claims[name] for _, name in places if name in claims]
    wanted = [claim.shown.lstrip(_SIGNS) for claim in known]
    there = [(m.start(), m[0]) for m in _NUMBER.finditer(text)]
    shown = [word.lstrip(_SIGNS) for _, word in there]
    for kind, i1, i2, j1, j2 in SequenceMatcher(None, wanted, shown, autojunk=False).get_opcodes():
        if kind not in ("replace", "delete"):
            continue
        for place in range(i2 - i1):
            now = there[j1 + place] if place < j2 - j1 else None
            end = there[j1][0] if j1 < len(there) else len(text)
            yield Misprint(
                offset=now[0] if now else end,
                said=now[1] if now else "",
                wrote=known[i1 + place].shown,
                claim=known[i1 + place].id,
            )


def count_numbers(text: str) -> int:
    """Return how many numbers a text holds, those in names and code among them."""
    return sum(1 for _ in _NUMBER.finditer(text))


def _stands(text: str, offset: int, shown: str) -> bool:
    """Say whether a claim's characters stand at a place, whole: no digit before or after them."""
    for form in (shown, shown.lstrip(_SIGNS)):
        if text.startswith(form, offset):
            end = offset + len(form)
            after = text[end : end + 2]
            longer = after[:1].isdecimal() or (after[:1] in (".", ",") and after[1:].isdecimal())
            return not longer and not text[max(0, offset - 1) : offset].isdecimal()
    return False


def _there(text: str, offset: int) -> str:
    """Return the number that stands at a place, or the first characters that do."""
    found = _NUMBER.match(text, offset)
    return found[0] if found else text[offset : offset + 8].split("\n", maxsplit=1)[0]


def _tokens(text: str) -> list[tuple[int, str]]:
    return [(found.start(), found[0]) for found in _TOKEN.finditer(text)]


def _is_number(word: str) -> bool:
    return any(character.isdecimal() for character in word)


def _claim(token: tuple[int, str], starts: Mapping[int, str]) -> str:
    """Return the claim printed by a token; a sign before a number may be no part of it."""
    offset, word = token
    return next((starts[n] for n in range(offset, offset + len(word)) if n in starts), "")
