"""The one Jinja2 environment: cards, previews, audit pages and the embedded Hub use it.

Undefined names are errors, templates run in Jinja2's immutable sandbox, and rendering reads nothing
but its arguments: no clock, no network, no environment.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from hubq.errors import BadInput

Environment = jinja2.Environment
"""What `environment` returns, by a name that other parts can annotate with."""


def environment(*search_paths: Path, autoescape: bool = False) -> Environment:
    """Return a sandboxed environment that looks templates up in `search_paths`, first match wins.

    Args:
        search_paths: folders of templates; a user's own folder goes before the bundled one.
        autoescape: true for HTML pages, false for Markdown cards.
    """
    return ImmutableSandboxedEnvironment(
        loader=jinja2.FileSystemLoader([str(path) for path in search_paths]),
        undefined=jinja2.StrictUndefined,
        autoescape=autoescape,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render(env: Environment, name: str, values: Mapping[str, Any]) -> str:
    """Render one template.

    Raises:
        BadInput: the template is missing, does not parse, or asks for a name that is not there.
    """
    try:
        return env.get_template(name).render(**values)
    except jinja2.TemplateError as error:
        where = getattr(error, "name", None) or name
        line = getattr(error, "lineno", None)
        place = f"{where}:{line}" if line else where
        raise BadInput(
            f"template {place}: {error.message or type(error).__name__}",
            remedy="Mend the template, or leave out your own template folder.",
        ) from error
