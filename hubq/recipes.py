"""Finding and reading recipes: by name, by path, or by a source's model type."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from hubq.errors import BadInput
from hubq.model.codec import digest, from_builtins, read_yaml
from hubq.model.recipe import (
    BASELINE,
    LoadedRecipe,
    Recipe,
)
from hubq.model.suite import FIDELITY, HARNESS_FOLDERS, HUBQ, Suite
from hubq.model.workload import SITTING, ServingWorkload, Workloads
from hubq.resources import bundled

_PLACES = frozenset({"file", "dataset", "text", "template", "suite", "workloads", *HARNESS_FOLDERS})
"""The keys of recipes, suites and workloads under which a file or folder may stand."""


def names() -> list[str]:
    """Return the names of the bundled recipes, sorted."""
    return sorted(path.stem for path in bundled("recipes").glob("*.yaml"))


def find(reference: str) -> Path:
    """Return the file of a recipe given by a bundled name or a path.

    Raises:
        BadInput: there is no such recipe.
    """
    if reference.endswith((".yaml", ".yml")) or "/" in reference:
        path = Path(reference).expanduser()
        if path.is_file():
            return path
        raise BadInput(f"{reference}: no such recipe file", remedy="See: hubq recipe list")
    path = bundled("recipes") / f"{reference}.yaml"
    if path.is_file():
        return path
    raise BadInput(
        f"unknown recipe {reference!r}; there are: {', '.join(names())}",
        remedy="Name one of these, or give the path of a YAML file.",
    )


def load(reference: str, *, suite: str | None = None) -> LoadedRecipe:
    """Read a recipe with its suite and workloads.

    Args:
        reference: a bundled recipe's name, or the path of a YAML file.
        suite: a suite to use instead of the recipe's own, by name or path.

    Raises:
        BadInput: it is missing, or something in it is wrong; the message names the place.
    """
    path = find(reference)
    recipe = from_builtins(read_yaml(path), Recipe, _shown(path))
    _check_variants(recipe, _shown(path))
    suite_path = _part(path, "suites", suite or recipe.suite)
    tasks = from_builtins(read_yaml(suite_path), Suite, _shown(suite_path))
    load_path = _part(path, "workloads", recipe.workloads)
    workloads = from_builtins(read_yaml(load_path), Workloads, _shown(load_path))
    _check_tasks(tasks, _shown(suite_path))
    _check_workloads(workloads, _shown(load_path))
    return LoadedRecipe(
        recipe=recipe,
        suite=tasks,
        workloads=workloads,
        origin=_shown(path),
        folder=str(path.resolve().parent),
    )


def for_model_type(model_type: str) -> str:
    """Return the name of the bundled recipe for an architecture.

    Raises:
        BadInput: no recipe is for it.
    """
    known: dict[str, str] = {}
    for name in names():
        recipe = from_builtins(read_yaml(find(name)), Recipe, name)
        known.update(dict.fromkeys(recipe.model_types, name))
    if model_type in known:
        return known[model_type]
    raise BadInput(
        f"no recipe for model_type {model_type!r}; there are recipes for: "
        f"{', '.join(sorted(known))}",
        remedy="Write one: hubq recipe copy qwen2-vl my.yaml, then --recipe my.yaml",
    )


def recipe_digest(loaded: LoadedRecipe) -> str:
    """Return the digest of what a recipe says, with its suite and workloads, wherever they lie.

    It is taken of what is published, so that others can take it again.
    """
    return digest(published(loaded))


def published(loaded: LoadedRecipe) -> dict[str, Any]:
    """Return a recipe as plain data, its suite and workloads in it, without paths."""
    return {
        **without_paths(msgspec.to_builtins(loaded.recipe)),
        "suite": without_paths(msgspec.to_builtins(loaded.suite)),
        "workloads": msgspec.to_builtins(loaded.workloads),
    }


def without_paths(data: Any) -> Any:
    """Return data in which files are named and never placed: paths of a machine are nobody's."""
    if isinstance(data, dict):
        return {
            key: PurePosixPath(value).name
            if key in _PLACES and isinstance(value, str) and value.startswith(("/", "~"))
            else without_paths(value)
            for key, value in data.items()
        }
    if isinstance(data, list | tuple):
        return [without_paths(value) for value in data]
    return data


def json_schema(part: str) -> dict[str, Any]:
    """Return the JSON Schema of a `recipe`, a `suite` or a `workloads` file."""
    kinds: dict[str, type[msgspec.Struct]] = {
        "recipe": Recipe,
        "suite": Suite,
        "workloads": Workloads,
    }
    return msgspec.json.schema(kinds[part])


def choose_variants(loaded: LoadedRecipe, wanted: tuple[str, ...]) -> LoadedRecipe:
    """Return the recipe with only the named variants (all of them when none is named).

    Raises:
        BadInput: a name is not a variant of the recipe.
    """
    if not wanted:
        return loaded
    have = {variant.name: variant for variant in loaded.recipe.variants}
    for name in wanted:
        if name not in have:
            raise BadInput(
                f"recipe {loaded.recipe.name} has no variant {name!r}; it has: {', '.join(have)}"
            )
    chosen = tuple(variant for variant in loaded.recipe.variants if variant.name in wanted)
    recipe = msgspec.structs.replace(loaded.recipe, variants=chosen)
    return msgspec.structs.replace(loaded, recipe=recipe)


def choose_tasks(loaded: LoadedRecipe, wanted: tuple[str, ...], limit: int | None) -> LoadedRecipe:
    """Return the recipe with only the named tasks, and at most so many questions of each.

    Args:
        loaded: the recipe.
        wanted: names of tasks; empty for all.
        limit: of questions; none for as many as the suite says.

    Raises:
        BadInput: a name is not a task of the suite.
    """
    have = {task.name: task for task in loaded.suite.tasks}
    for name in wanted:
        if name not in have:
            raise BadInput(
                f"suite {loaded.suite.name} has no task {name!r}; it has: {', '.join(have)}"
            )
    tasks = [have[name] for name in have if not wanted or name in wanted]
    if limit is not None:
        tasks = [
            msgspec.structs.replace(task, limit=min(limit, task.limit or limit)) for task in tasks
        ]
    suite = msgspec.structs.replace(loaded.suite, tasks=tuple(tasks))
    return msgspec.structs.replace(loaded, suite=suite)


def _check_tasks(suite: Suite, where: str) -> None:
    _check_unique([task.name for task in suite.tasks], f"{where}: tasks")
    for index, task in enumerate(suite.tasks):
        place = f"{where}: tasks[{index}]"
        if task.name == FIDELITY:
            raise BadInput(f"{place}.name: {FIDELITY} stands for the suite's fidelity measures")
        if task.harness == HUBQ and not task.file:
            raise BadInput(f"{place}.file: expected the file with the items, got none")
        if task.harness != HUBQ and not task.harness_task:
            raise BadInput(f"{place}.harness_task: expected the task's name in {task.harness}")


def _check_workloads(found: Workloads, where: str) -> None:
    names = [w.name for w in found.workloads] + [w.name for w in found.serving]
    _check_unique(names, f"{where}: workloads")
    for name, least, most in (
        ("warm_up", found.warm_up.least, found.warm_up.most),
        ("rounds", max(found.rounds.least, found.rounds.processes), found.rounds.most),
    ):
        if least > most:
            raise BadInput(f"{where}: {name}.most: expected at least {least}, got {most}")
    if 1 < found.rounds.processes < found.rounds.least:
        raise BadInput(
            f"{where}: rounds.processes: expected 1, or at least the {found.rounds.least} of "
            f"rounds.least, got {found.rounds.processes}: rounds of one load are not independent"
        )
    for index, workload in enumerate(found.serving):
        _check_serving(workload, f"{where}: serving[{index}]")


def _check_serving(workload: ServingWorkload, place: str) -> None:
    _check_unique([load.step for load in workload.loads], f"{place}.loads")
    if not workload.input_tokens and not workload.images:
        raise BadInput(f"{place}.input_tokens: expected at least 1 without images, got 0")
    for index, load in enumerate(workload.loads):
        if load.rate is not None and load.concurrency is not None:
            raise BadInput(f"{place}.loads[{index}]: expected rate or concurrency, got both")


def _part(recipe: Path, folder: str, reference: str) -> Path:
    """Return the file of a suite or workloads: beside the recipe, or bundled."""
    if reference.endswith((".yaml", ".yml")):
        path = Path(reference).expanduser()
        path = path if path.is_absolute() else recipe.parent / path
        candidates = [path]
    else:
        name = f"{reference}.yaml"
        candidates = [recipe.parent / folder / name, bundled("recipes") / folder / name]
    for path in candidates:
        if path.is_file():
            return path
    known = ", ".join(sorted(p.stem for p in (bundled("recipes") / folder).glob("*.yaml")))
    kind = folder.removesuffix("s")
    raise BadInput(f"{_shown(recipe)}: {kind}: no such file {reference!r}; bundled: {known}")


def _check_variants(recipe: Recipe, where: str) -> None:
    _check_unique([variant.name for variant in recipe.variants], f"{where}: variants")
    for index, variant in enumerate(recipe.variants):
        place = f"{where}: variants[{index}]"
        if variant.name == BASELINE:
            raise BadInput(f"{place}.name: {BASELINE} is the source itself; choose another name")
        if variant.name == SITTING:
            raise BadInput(f"{place}.name: {SITTING} names stages; choose another name")
        if variant.method == "awq" and variant.bits != 4:
            raise BadInput(f"{place}.bits: expected 4 with method awq, got {variant.bits}")
        if variant.method == "awq" and variant.desc_act:
            raise BadInput(f"{place}.desc_act: act-order does not apply to method awq")
    try:
        recipe.repo.format(namespace="n", source="s", variant="v")
    except (KeyError, IndexError, ValueError) as error:
        raise BadInput(
            f"{where}: repo: expected {{namespace}}, {{source}} and {{variant}} only, got {error}"
        ) from error


def _check_unique(values: list[str], where: str) -> None:
    for value in values:
        if values.count(value) > 1:
            raise BadInput(f"{where}: the name {value!r} is there twice")
    if not values:
        raise BadInput(f"{where}: expected at least one, got none")


def _shown(path: Path) -> str:
    """Return a path as people know it: `recipes/x.yaml` for bundled files."""
    root = bundled("recipes")
    if path.is_relative_to(root):
        return f"recipes/{path.relative_to(root)}"
    return str(path)
