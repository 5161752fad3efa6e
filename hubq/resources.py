"""Where the bundled files are: recipes, card templates and the nano model.

In a wheel they lie under `hubq/_bundled/`; in a checkout they are the top-level folders. `_bundled`
is looked up from this package and never by name in site-packages, where another project may own
a folder called `recipes`.
"""

from __future__ import annotations

from pathlib import Path

from hubq.errors import BadInput

_PACKAGE = Path(__file__).resolve().parent


def bundled(kind: str) -> Path:
    """Return the folder of one kind of bundled files.

    Args:
        kind: `recipes`, `card_templates` or `examples`.

    Raises:
        FileNotFoundError: the installation is broken.
    """
    for folder in (_PACKAGE / "_bundled" / kind, _PACKAGE.parent / kind):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"bundled folder {kind!r} is missing from {_PACKAGE}")


def locate(reference: str, *, relative_to: Path | None = None) -> Path:
    """Return the path that a reference in a recipe stands for.

    `bundled:nano-qwen2-vl/data/X.tsv` lies in the bundled examples; anything else is a path, taken
    from `relative_to` (the recipe's folder) when it is not absolute.

    Raises:
        BadInput: there is no such file or folder.
    """
    if reference.startswith("bundled:"):
        path = bundled("examples") / reference.removeprefix("bundled:")
    else:
        path = Path(reference).expanduser()
        if not path.is_absolute() and relative_to is not None:
            path = relative_to / path
    if not path.exists():
        raise BadInput(
            f"{reference}: no such file or folder",
            remedy="Give a path that exists, or a bundled reference (bundled:...).",
        )
    return path
