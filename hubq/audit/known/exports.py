"""Exports: which names packages can be asked for, over all of their releases that were read.

The table is made by `hubq/audit/known/making/exports.py`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec

_TABLE = Path(__file__).resolve().parent / "tables" / "exports.json"


class Module(msgspec.Struct, frozen=True):
    """What a module exports.

    Attributes:
        oldest, newest: releases that were read.
        names: of the newest release, with spaces between.
        gone: last release that had them -> names that are no longer there, with spaces between.
    """

    oldest: str
    newest: str
    names: str
    gone: dict[str, str] = {}


class Table(msgspec.Struct, frozen=True):
    """Every module that was read."""

    made: str
    source: str
    modules: dict[str, Module]


class Exports(msgspec.Struct, frozen=True, kw_only=True):
    """The names of one module.

    Attributes:
        oldest, newest: releases that were read.
        last: name -> the last release that has it.
    """

    oldest: str
    newest: str
    last: dict[str, str]


@cache
def exports_of(module: str) -> Exports | None:
    """Return what a module exports; none where that is not known."""
    found = _table().modules.get(module)
    if found is None:
        return None
    last = dict.fromkeys(found.names.split(), found.newest)
    for release, names in found.gone.items():
        last.update(dict.fromkeys(names.split(), release))
    return Exports(oldest=found.oldest, newest=found.newest, last=last)


@cache
def _table() -> Table:
    return msgspec.json.decode(_TABLE.read_bytes(), type=Table)
