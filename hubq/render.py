"""The one Jinja2 environment: cards, previews, audit pages and the embedded Hub use it.

Undefined names are errors, templates run in Jinja2's immutable sandbox, and rendering reads nothing
but its arguments: no clock, no network, no environment.

A template is looked up in each folder in turn, so one of a user's folder goes before the bundled
one of the same name. `bundled/NAME` is always the last folder's: that is how a template extends, or
includes, the one that it stands in front of.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import jinja2
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from hubq.errors import BadInput

Environment = jinja2.Environment
"""What `environment` returns, by a name that other parts can annotate with."""

BUNDLED = "bundled"
"""The prefix under which the last folder's templates are found, whatever stands before them."""

_LONGEST = 1_000_000
"""Characters or items that one multiplication in a template may make."""
_GREATEST_POWER = 64
_SUFFIX = ".j2"
_FAULTS = (
    jinja2.TemplateError,
    *(TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError),
)
"""What a wrong template can end in; those that are not Jinja2's own may be anybody's bug."""


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja2's sandbox, in which no single multiplication fills the memory either."""

    intercepted_binops = frozenset({"*", "**"})
    home = ""
    """The bundled folder: an error that a template there runs into is a bug, and not a user's."""

    def call_binop(
        self, context: jinja2.runtime.Context, operator: str, left: Any, right: Any
    ) -> Any:
        if operator == "**" and abs(right) > _GREATEST_POWER:
            raise SecurityError(f"powers above {_GREATEST_POWER} are not for templates")
        for one, other in ((left, right), (right, left)) if operator == "*" else ():
            if isinstance(one, int) and hasattr(other, "__len__") and len(other) * one > _LONGEST:
                raise SecurityError(f"{len(other)} * {one} is too long for a template")
        return super().call_binop(context, operator, left, right)


def environment(*search_paths: Path, autoescape: bool = False) -> Environment:
    """Return a sandboxed environment that looks templates up in `search_paths`, first match wins.

    Args:
        search_paths: folders of templates; a user's own folder goes before the bundled one, which
            is also found under `bundled/`.
        autoescape: true for HTML pages, false for Markdown cards.
    """
    folders = [str(path) for path in search_paths]
    env = _Sandbox(
        loader=jinja2.ChoiceLoader(
            [
                jinja2.FileSystemLoader(folders),
                jinja2.PrefixLoader({BUNDLED: jinja2.FileSystemLoader(folders[-1:])}),
            ]
        ),
        undefined=jinja2.StrictUndefined,
        autoescape=autoescape,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    env.home = "".join(folders[-1:])
    return env


def render(env: Environment, name: str, values: Mapping[str, Any]) -> str:
    """Render one template.

    Raises:
        BadInput: the template, or one that it includes, is missing, does not parse, asks for what
            is not there, or does what the sandbox forbids; the message names file and line.
    """
    try:
        return env.get_template(name).render(**values)
    except _FAULTS as error:
        if not isinstance(error, jinja2.TemplateError) and not _is_user_s(env, error):
            raise
        raise BadInput(
            f"template {_place(error, name)}: {_said(error)}",
            remedy="Mend the template, or leave out your own template folder.",
        ) from error


def _said(error: Exception) -> str:
    if isinstance(error, jinja2.TemplatesNotFound):
        return f"no template named {', '.join(str(name) for name in error.templates)}"
    if isinstance(error, jinja2.TemplateNotFound):
        return f"no template named {error.name}"
    said = error.message if isinstance(error, jinja2.TemplateError) else str(error)
    kind = "" if isinstance(error, jinja2.TemplateError) else f"{type(error).__name__}: "
    return f"{kind}{said or type(error).__name__}"


def _place(error: Exception, name: str) -> str:
    """Return the file and the line that an error came from, as far as they are known."""
    if isinstance(error, jinja2.TemplateSyntaxError):
        return f"{error.filename or error.name or name}:{error.lineno}"
    frames = [frame for frame in _frames(error.__traceback__) if frame[0].endswith(_SUFFIX)]
    return f"{frames[-1][0]}:{frames[-1][1]}" if frames else name


def _is_user_s(env: Environment, error: Exception) -> bool:
    """Say whether an error came up in, or beneath, a template that is not a bundled one."""
    home = getattr(env, "home", "")
    files = [file for file, _ in _frames(error.__traceback__) if file.endswith(_SUFFIX)]
    return any(not Path(file).is_relative_to(home) for file in files)


def _frames(traceback: TracebackType | None) -> list[tuple[str, int]]:
    """Return file and line of every frame, the innermost last."""
    found = []
    while traceback is not None:
        found.append((traceback.tb_frame.f_code.co_filename, traceback.tb_lineno))
        traceback = traceback.tb_next
    return found
