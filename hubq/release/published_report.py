"""Reports on published tables: from an import's files to a folder that people read."""

from __future__ import annotations

from pathlib import Path

import msgspec

from hubq.cards.published.rendering import render_published
from hubq.cards.published.sheets import Source
from hubq.errors import BadInput
from hubq.evaluate.published import PublishedTable
from hubq.model.codec import read_json
from hubq.release.importing import ORIGIN, TABLE, Origins, is_import, kept_tables
from hubq.release.options import Options
from hubq.release.scores import release_name
from hubq.store import Store, record_file
from hubq.version import version


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    """The file that holds published tables."""

    tables: tuple[PublishedTable, ...]
    schema: int = 1


def is_published(options: Options) -> bool:
    """Say whether what a person named is an import, and neither a release nor a folder."""
    if Path(options.source).is_dir() or not is_import(options.runs_dir, options.source):
        return False
    return not Store(options.runs_dir).index(release_name(options.source)).is_file()


def write_published(options: Options, out: Path | None) -> tuple[Path, ...]:
    """Write the report on an import's published tables and return its files.

    Args:
        options: `source` names the import; only it, `runs_dir` and `templates` count.
        out: where it goes; none for a folder named after the import.

    Raises:
        BadInput: the import holds no published tables, a file of it is damaged, or a template is
            wrong.
    """
    name = options.source
    sources = published_sources(options.runs_dir, name)
    if not sources:
        raise BadInput(
            f"import {name} holds no published tables",
            remedy=f"hubq import table FILE --into {name}; for results with samples: hubq export",
        )
    folder = out or Path(f"{name}-card")
    folder.mkdir(parents=True, exist_ok=True)
    files = render_published(name, sources, options.template_folders, version())
    for file, content in files.items():
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).write_bytes(content)
    return tuple(folder / file for file in files)


def published_sources(runs_dir: Path, name: str) -> tuple[Source, ...]:
    """Return the published tables of an import, oldest first.

    Of a table that was imported more than once from the same page, the last counts.

    Raises:
        BadInput: a file of it is damaged.
    """
    found: list[Source] = []
    seen: set[tuple[str, int]] = set()
    for folder in reversed(kept_tables(runs_dir, name)):
        origin = read_json(folder / ORIGIN, Origins)
        tables = read_json(folder / TABLE, _Kept).tables
        page = origin.files.get("page", "")
        shown = [n for n, table in enumerate(tables) if (page, table.number) not in seen]
        seen |= {(page, table.number) for table in tables}
        source = Source(
            given=origin.given,
            key=folder.name,
            file=TABLE,
            sha256=record_file(folder / TABLE).sha256,
            page=page,
            imported=origin.imported,
            tables=tables,
            shown=tuple(shown),
        )
        found += [source] if shown else []
    return tuple(reversed(found))
