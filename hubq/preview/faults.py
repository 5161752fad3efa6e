"""Errors in templates, told so that they can be mended: file, line, message, the lines around."""

from __future__ import annotations

import traceback
from pathlib import Path
from types import TracebackType

import msgspec

from hubq.errors import BadInput, UserError

_AROUND = 3
TEMPLATE_ERRORS = (
    *(UserError, TypeError, ValueError, AttributeError, LookupError, ArithmeticError, OSError),
    *(RecursionError, NotImplementedError),
)
"""What filling in a template raises while somebody is editing it."""


class TemplateFault(msgspec.Struct, frozen=True, kw_only=True):
    """Why a template could not be filled in.

    Attributes:
        message: what is wrong.
        file: the template.
        line: of it, from 1; 0 where it is not known.
        excerpt: numbered lines around it.
    """

    message: str
    file: str
    line: int
    excerpt: tuple[tuple[int, str], ...] = ()


def template_fault(error: BaseException, folders: tuple[Path, ...]) -> TemplateFault | None:
    """Return where in the templates an error came from; none when it came from elsewhere.

    Jinja2 puts frames with a template's own file and line into an error's traceback.
    """
    root = error.__cause__ if isinstance(error, BadInput) and error.__cause__ else error
    place = _syntax(root, folders) or _deepest(root.__traceback__, folders)
    message = str(getattr(root, "message", "") or root) or type(root).__name__
    if isinstance(root, TypeError | ValueError | AttributeError | LookupError | ArithmeticError):
        message = f"{type(root).__name__}: {message}"
    if place is not None:
        path, line = place
        return TemplateFault(
            message=message, file=_shown(path, folders), line=line, excerpt=_excerpt(path, line)
        )
    if isinstance(error, BadInput) and error.message.startswith("template "):
        return TemplateFault(message=error.message, file="", line=0)
    return None


def _syntax(error: BaseException, folders: tuple[Path, ...]) -> tuple[Path, int] | None:
    """Return the place that an error in a template's syntax names."""
    file, line = getattr(error, "filename", None), getattr(error, "lineno", None)
    if isinstance(file, str) and isinstance(line, int) and _within(Path(file), folders):
        return Path(file), line
    return None


def _deepest(trace: TracebackType | None, folders: tuple[Path, ...]) -> tuple[Path, int] | None:
    """Return the innermost frame of a traceback that is in a template."""
    for frame in reversed(traceback.extract_tb(trace)):
        path = Path(frame.filename)
        if _within(path, folders):
            return path, frame.lineno or 0
    return None


def _within(path: Path, folders: tuple[Path, ...]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)


def _shown(path: Path, folders: tuple[Path, ...]) -> str:
    """Return a template by the name that other templates know it by, with its folder's name."""
    folder = next(folder for folder in folders if path.is_relative_to(folder))
    return f"{folder.name}/{path.relative_to(folder).as_posix()}"


def _excerpt(path: Path, line: int) -> tuple[tuple[int, str], ...]:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ()
    first = max(1, line - _AROUND)
    return tuple(enumerate(lines[first - 1 : line + _AROUND], first))
