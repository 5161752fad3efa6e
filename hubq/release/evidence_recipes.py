"""Recipes as evidence: recipe, suite and workloads as they were used, as files that load again."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import msgspec

from hubq.model.evidence import RECIPE_FILE, SUITE_FILE, WORKLOADS_FILE
from hubq.model.recipe import LoadedRecipe
from hubq.recipes import without_paths

_WIDTH = 100


def recipe_files(loaded: LoadedRecipe) -> dict[str, bytes]:
    """Return path in the repo -> YAML; defaults are filled in, and no path is of this machine.

    `hubq.recipes.load` reads them: the recipe names the two others by their file names.
    """
    parts = {
        "suite": PurePosixPath(SUITE_FILE).name,
        "workloads": PurePosixPath(WORKLOADS_FILE).name,
    }
    recipe = without_paths(msgspec.to_builtins(loaded.recipe)) | parts
    return {
        RECIPE_FILE: _yaml(recipe),
        SUITE_FILE: _yaml(without_paths(msgspec.to_builtins(loaded.suite))),
        WORKLOADS_FILE: _yaml(msgspec.to_builtins(loaded.workloads)),
    }


def _yaml(data: Any) -> bytes:
    import yaml

    # to_builtins leaves tuples as they are, and YAML would write them with a tag
    plain = msgspec.json.decode(msgspec.json.encode(data))
    text: str = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=_WIDTH)
    return text.encode()
