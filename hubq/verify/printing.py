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
    if all(_begins(text, one.offset) for one in found):
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
    wanted = [claims[name] for _, name in places if name in claims]
    there = [(found.start(), found[0]) for found in _NUMBER.finditer(text)]
    pairs = _subsequence(
        [claim.shown.lstrip(_SIGNS) for claim in wanted],
        [word.lstrip(_SIGNS) for _, word in there],
    )
    after = -1
    for number, claim in enumerate(wanted):
        if number in pairs:
            after = pairs[number]
            continue
        end = next((pairs[later] for later in range(number, len(wanted)) if later in pairs), None)
        now = there[after + 1] if after + 1 < (len(there) if end is None else end) else None
        yield Misprint(
            offset=now[0] if now else _end(text, there, after),
            said=now[1] if now else "",
            wrote=claim.shown,
            claim=claim.id,
        )
        after += now is not None


def _subsequence(wanted: Sequence[str], there: Sequence[str]) -> dict[int, int]:
    """Return which of some words stand among others, as many as can be in their order."""
    most = [[0] * (len(there) + 1) for _ in range(len(wanted) + 1)]
    for i in range(len(wanted) - 1, -1, -1):
        for j in range(len(there) - 1, -1, -1):
            alike = wanted[i] == there[j]
            most[i][j] = most[i + 1][j + 1] + 1 if alike else max(most[i + 1][j], most[i][j + 1])
    pairs, i, j = {}, 0, 0
    while i < len(wanted) and j < len(there):
        if wanted[i] == there[j]:
            pairs[i] = j
            i, j = i + 1, j + 1
        elif most[i + 1][j] > most[i][j + 1]:
            i += 1
        else:
            j += 1
    return pairs


def _end(text: str, there: Sequence[tuple[int, str]], number: int) -> int:
    """Return where a number ends; the text's start before the first."""
    return min(len(text), there[number][0] + len(there[number][1])) if number >= 0 else 0


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


def _begins(text: str, offset: int) -> bool:
    """Say whether a number begins at a place, so that it is another one and not moved."""
    before = text[max(0, offset - 2) : offset]
    inside = before[-1:].isdecimal() or (before[-1:] in (".", ",") and before[:1].isdecimal())
    return bool(_NUMBER.match(text, offset)) and not inside


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
