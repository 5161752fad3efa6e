"""Opening a release for looking at it: its family from the runs folder, without running anything.

The index of a release names every stage and its key. What else a card depends on stands in the
settings of the card stages (command, site) and in the evidence of the cards that were rendered.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from hubq import recipes
from hubq.cards.family import Family, read_environments
from hubq.cards.ledger import COMPARISON_FILE
from hubq.errors import BadInput
from hubq.model.card import EVIDENCE_FILE
from hubq.model.codec import read_json
from hubq.model.recipe import LoadedRecipe, Recipe
from hubq.model.result import Result
from hubq.model.source import Source
from hubq.model.stage import Kind, Stage
from hubq.model.suite import HUBQ, Suite
from hubq.model.workload import Workloads
from hubq.release.session import Release
from hubq.release.status import load_release
from hubq.resources import bundled
from hubq.store import Store
from hubq.version import version

_PUBLISHING = frozenset({Kind.PUSH, Kind.VERIFY})
_README, _PROCESSOR = "README.md", "preprocessor_config.json"
_SOURCE_FILES = (_README, _PROCESSOR)


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A release as the runs folder knows it.

    Attributes:
        release: its index.
        family: what its cards may speak of.
        cards: variant -> folder of the card as it was rendered last; the report's under `""`.
        endpoint: the Hub that it publishes to: an address, or `local`.
        variants: the variants that are published, in the recipe's order.
        done: how many of the release's stages have a result.
    """

    release: Release
    family: Family
    cards: dict[str, Path]
    endpoint: str
    variants: tuple[str, ...]
    done: int


def release_name(runs_dir: Path, source: str | None, name: str | None) -> str:
    """Return the name of the release that is meant.

    Args:
        runs_dir: the runs folder.
        source: a Hub id, a folder or a release's name; none for the only release there is.
        name: the release's name where it was given; it wins.

    Raises:
        BadInput: none is named and there is not exactly one.
    """
    if name is not None:
        return name
    if source is not None:
        place = Path(source).expanduser()
        known = place.resolve().name if place.is_dir() else source.partition("@")[0]
        return known.rstrip("/").rpartition("/")[2]
    found = sorted(path.stem for path in (runs_dir / "releases").glob("*.json"))
    if not found:
        raise BadInput(
            f"{runs_dir} holds no release",
            remedy="Say where results are with --runs-dir, or begin: hubq release SOURCE",
        )
    if len(found) > 1:
        raise BadInput(
            f"{runs_dir} holds {len(found)} releases: {', '.join(found)}",
            remedy="Name one: hubq preview SOURCE, or --release NAME",
        )
    return found[0]


def open_release(runs_dir: Path, name: str, folder: Path | None = None) -> Opened:
    """Read a release and build its family from what is in the runs folder.

    Args:
        runs_dir: the runs folder.
        name: of the release.
        folder: the source, where it is a folder; its README and processor are read there.

    Raises:
        BadInput: there is no such release, its source was never resolved, or its recipe is gone.
    """
    release, store = load_release(runs_dir, name), Store(runs_dir)
    keys = {stage.id: release.keys.get(stage.id, "") for stage in release.plan.stages}
    there = {stage: key for stage, key in keys.items() if key and store.has(key)}
    cards = {
        stage.variant: store.folder(there[stage.id])
        for stage in release.plan.stages
        if _is_rendered(stage) and stage.id in there
    }
    results = {
        stage.id: store.load(there[stage.id])
        for stage in release.plan.stages
        if not _is_rendered(stage) and stage.kind not in _PUBLISHING and stage.id in there
    }
    folders = {stage: store.folder(result.key) for stage, result in results.items()}
    family = _family(release, results, folders, cards)
    texts = {name: _source_file(runs_dir, family.source, name, folder) for name in _SOURCE_FILES}
    family = msgspec.structs.replace(
        family,
        readme=texts[_README].decode("utf-8-sig", errors="replace"),
        processor=_mapping(texts[_PROCESSOR]),
    )
    return Opened(
        release=release,
        family=family,
        cards=cards,
        endpoint=_endpoint(release),
        variants=tuple(name for name in family.published if name in release.plan.repos),
        done=len(there),
    )


def _family(
    release: Release,
    results: dict[str, Result],
    folders: dict[str, Path],
    cards: dict[str, Path],
) -> Family:
    settings = _card_settings(release)
    return Family(
        source=_source(release, results),
        loaded=_loaded(release, cards),
        results=results,
        folders=folders,
        gaps={name: gap for name, gap in release.gaps.items() if name not in results},
        repos=release.plan.repos,
        command=settings.get("command", ""),
        version=version(),
        environments=read_environments(folders),
        site=settings.get("site", ""),
        overlaps=_overlaps(cards),
    )


def _is_rendered(stage: Stage) -> bool:
    """Return whether a stage renders a card or the report; running its snippets is another one."""
    return stage.kind is Kind.CARD and stage.backend == "hubq"


def _source_file(runs_dir: Path, source: Source, name: str, folder: Path | None) -> bytes:
    """Return a small file of the source, as the release kept it; empty where it has none."""
    kept = runs_dir / "sources" / f"{source.digest}-{name}" / name
    places = [kept] if source.repo or folder is None else [folder / name]
    return next((path.read_bytes() for path in places if path.is_file()), b"")


def _mapping(raw: bytes) -> dict[str, Any]:
    """Return a JSON object; empty where it is none."""
    try:
        found = msgspec.json.decode(raw) if raw else {}
    except msgspec.DecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _card_settings(release: Release) -> dict[str, Any]:
    stages = (stage for stage in release.plan.stages if _is_rendered(stage))
    return next((stage.settings for stage in stages), {})


def _endpoint(release: Release) -> str:
    stages = (stage for stage in release.plan.stages if stage.kind is Kind.PUSH)
    return next((str(stage.settings.get("endpoint", "")) for stage in stages), "")


def _source(release: Release, results: dict[str, Result]) -> Source:
    if "resolve" not in results:
        raise BadInput(
            f"release {release.name}: its source has not been resolved yet",
            remedy="Wait until the release has begun, or run it: hubq release SOURCE",
        )
    return msgspec.convert(results["resolve"].facts["source"], Source)


def _loaded(release: Release, cards: dict[str, Path]) -> LoadedRecipe:
    """Return the recipe as it was used: from a card's evidence, else from its file."""
    told: dict[str, Any] = _evidence(cards, EVIDENCE_FILE).get("recipe") or {}
    kept = _from_evidence(release, told)
    if kept is not None and recipes.recipe_digest(kept) == told["digest"]:
        return kept
    try:
        read = _from_file(release)
    except BadInput:
        if kept is None:
            raise
        return kept
    same = recipes.recipe_digest(read) == told.get("digest")
    return read if same or kept is None else kept


def _from_evidence(release: Release, told: dict[str, Any]) -> LoadedRecipe | None:
    """Return the recipe that a card's evidence holds; none where it cannot be read any more."""
    apart = {"digest", "suite", "workloads"}
    plain = {name: value for name, value in told.items() if name not in apart}
    try:
        suite = msgspec.convert(told["suite"], Suite)
        workloads = msgspec.convert(told["workloads"], Workloads)
        names = {"suite": suite.name, "workloads": workloads.name}
        recipe = msgspec.convert(plain | names, Recipe)
    except (KeyError, msgspec.ValidationError):
        return None
    return LoadedRecipe(
        recipe=recipe, suite=suite, workloads=workloads, origin=release.recipe, folder=""
    )


def _from_file(release: Release) -> LoadedRecipe:
    """Return the recipe from its file, with the variants, tasks and limits of the plan."""
    place = bundled("recipes") / release.recipe.removeprefix("recipes/")
    loaded = recipes.load(str(place) if place.is_file() else release.recipe)
    stages = release.plan.stages
    made = tuple(stage.variant for stage in stages if stage.kind is Kind.QUANTIZE)
    asked = {stage.task: stage for stage in stages if stage.kind is Kind.GENERATE}
    loaded = recipes.choose_variants(loaded, made)
    named = tuple(task.name for task in loaded.suite.tasks if task.name in asked)
    loaded = recipes.choose_tasks(loaded, named, None)
    tasks = tuple(
        msgspec.structs.replace(task, limit=_limit(asked[task.name]))
        if task.harness == HUBQ and task.name in asked
        else task
        for task in loaded.suite.tasks
    )
    suite = msgspec.structs.replace(loaded.suite, tasks=tasks)
    return msgspec.structs.replace(loaded, suite=suite)


def _limit(stage: Stage) -> int | None:
    task = stage.settings.get("task")
    limit = task.get("limit") if isinstance(task, dict) else None
    return limit if isinstance(limit, int) else None


def _overlaps(cards: dict[str, Path]) -> dict[str, dict[str, Any]]:
    """Return what calibration rows share with the evaluation sets, as the last card says it."""
    found = _evidence(cards, COMPARISON_FILE).get("overlap")
    return found if isinstance(found, dict) else {}


def _evidence(cards: dict[str, Path], name: str) -> dict[str, Any]:
    """Return a JSON file of the report, else of any card; empty where none was rendered."""
    for variant in sorted(cards):
        path = cards[variant] / name
        if path.is_file():
            return read_json(path, dict[str, Any])
    return {}
