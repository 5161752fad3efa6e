"""Text: a template filled with facts, with the filters that all templates of cards have."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from cmarkgfm.cmark import Options

from hubq import render
from hubq.cards.charts.inlining import inlined
from hubq.cards.footnotes import cell_text
from hubq.cards.prose.wording import listed
from hubq.markdown import escaping
from hubq.markdown.attributes import attribute
from hubq.markdown.cmark import github_html


def filled(templates: tuple[Path, ...], name: str, values: Mapping[str, Any]) -> str:
    """Return a template filled with values; claims in the text are marked (`hubq.model.marks`).

    Args:
        templates: folders of templates; a user's own goes before the bundled one.
        name: of the template.
        values: what it may say.

    Raises:
        BadInput: a template is wrong.
    """
    return _tidy(render.render(_environment(templates, _names(templates)), name, values))


def page_of(
    templates: tuple[Path, ...], title: str, text: str, pictures: Mapping[str, bytes]
) -> bytes:
    """Return a report's Markdown as one HTML page that holds its pictures.

    Raises:
        BadInput: a template is wrong.
    """
    body = github_html(text, Options.CMARK_OPT_UNSAFE)
    env = render.environment(*templates, autoescape=True)
    values = {"title": title, "body": inlined(body, pictures)}
    return render.render(env, "report.html.j2", values).encode()


def _names(templates: tuple[Path, ...]) -> tuple[str, ...]:
    """Return the template files there are: a new one may go before one that is compiled already."""
    return tuple(str(path) for folder in templates for path in sorted(folder.rglob("*.j2")))


@lru_cache(maxsize=8)
def _environment(templates: tuple[Path, ...], names: tuple[str, ...]) -> Any:
    """Return the environment for some folders; it keeps templates compiled until they change."""
    del names
    env = render.environment(*templates)
    env.filters.update(
        attribute=attribute,
        cell=cell_text,
        escape=escaping.escape,
        code=escaping.code,
        quoted=escaping.quoted,
        address=escaping.address,
        listed=listed,
    )
    return env


def _tidy(text: str) -> str:
    """Return text with at most one empty line in a row outside fenced code, and one at its end."""
    lines: list[str] = []
    fenced = False
    for line in text.split("\n"):
        fenced ^= line.startswith("```")
        if line.strip() or fenced or (lines and lines[-1]):
            lines.append(line if line.strip() else "")
    return "\n".join(lines).rstrip("\n") + "\n"
