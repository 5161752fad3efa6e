"""Packages that our statistics are checked against, imported when a test first asks for them."""

from __future__ import annotations

import importlib
from typing import Any


class Reference:
    """A module that is imported when something of it is used: these take seconds to import."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("_") or attribute == "pytestmark":
            raise AttributeError(attribute)  # what pytest asks of everything in a module
        return getattr(importlib.import_module(self._name), attribute)
