"""Pairing: which line of a block another one is held against."""

from __future__ import annotations

import re

from hubq.cards.published import roles
from hubq.cards.published.sheets import Block
from hubq.evaluate.formats.remembering import remembered

_SIZE = re.compile(r"(?<![\w.])(\d{1,4}(?:\.\d{1,2})?)\s?b(?![a-z0-9])", re.IGNORECASE)
_AFTER_NAME = re.compile(r"(?<=[-_ /])(\d{1,4}(?:\.\d{1,2})?)\s?b(?![a-z0-9])", re.IGNORECASE)
#: In blocks of more lines than this nobody's lines are looked for.
_MOST = 200


def base_of(block: Block, name: str) -> str:
    """Return the baseline of a line: of its own model, where a block has several.

    Columns `7B / BF16`, `7B / AWQ`, `13B / BF16` and `13B / AWQ` are two models, and so are rows
    that differ in the size within their names. Empty for a baseline itself, and where none can be
    told.
    """
    if not block.baseline:
        return ""
    found = block.bases.get(name)
    if found is None:
        found = block.bases[name] = _base_of(block, name)
    return found


def _base_of(block: Block, name: str) -> str:
    first = block.baseline
    if name == first or roles.is_baseline(name.rpartition(" / ")[2]):
        return ""
    family, sizes, other = _family(name), _sizes(name), _sizes(first)
    if family == _family(first) and sizes in ((), other):
        return first
    if not other and " / " not in first:
        return first
    own = [
        line.name
        for line in block.variants[:_MOST]
        if line.name != name
        and roles.is_baseline(line.name.rpartition(" / ")[2])
        and _family(line.name) == family
        and _sizes(line.name) == sizes
    ]
    return own[0] if len(own) == 1 else ""


def _family(name: str) -> str:
    return name.rpartition(" / ")[0]


@remembered
def _sizes(name: str) -> tuple[str, ...]:
    found = {*_SIZE.findall(name), *_AFTER_NAME.findall(name)}
    return tuple(sorted(found))
