"""The formats that a report can be written in, by the name that people ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hubq.audit.formats import github, html, json, junit, markdown, sarif
from hubq.model.audit import Report

FORMATS: Mapping[str, Callable[[Report], str]] = {
    "json": json.render,
    "sarif": sarif.render,
    "github": github.render,
    "markdown": markdown.render,
    "junit": junit.render,
    "html": html.render,
}
"""Name -> function that returns the whole text; `terminal.render` stands aside, since it asks for
colours and a width."""
