"""Rebuilding: a family made from its published evidence alone, as the release had it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from hubq.cards.family import Family, read_environments
from hubq.errors import BadInput
from hubq.evaluate.lines import write_lines
from hubq.model.card import CellState, Evidence
from hubq.model.evidence import SHORT_SAMPLES
from hubq.model.gap import Gap
from hubq.model.recipe import LoadedRecipe, Recipe
from hubq.model.source import Source
from hubq.model.stage import Kind
from hubq.model.suite import Suite
from hubq.model.workload import Workloads
from hubq.verify.checking import UNUSABLE
from hubq.verify.dossier import Dossier
from hubq.verify.questions import SAMPLES, samples_of

_SOURCE = "source.json"


def family_of(
    dossier: Dossier, readme: str = "", processor: dict[str, Any] | None = None
) -> Family:
    """Return the family that a variant's evidence is about.

    Args:
        dossier: the evidence.
        readme: the source's README, for what a card takes from it.
        processor: the source's `preprocessor_config.json`.

    Raises:
        BadInput: the evidence holds no recipe that this hubq can read.
    """
    evidence = dossier.evidence
    results = {result.stage.id: result for result in dossier.results.values()}
    folders = {result.stage.id: _folder(dossier, key) for key, result in dossier.results.items()}
    return Family(
        source=source_of(dossier),
        loaded=recipe_of(evidence),
        results=results,
        folders=folders,
        gaps={stage: _gap(told) for stage, told in evidence.gaps.items()},
        repos=evidence.family,
        command=evidence.command,
        version=evidence.hubq,
        environments=read_environments(folders),
        site=evidence.site,
        overlaps=evidence.overlaps,
        readme=readme,
        processor=processor or {},
        planned=frozenset({*results, *evidence.gaps}),
    )


def recipe_of(evidence: Evidence) -> LoadedRecipe:
    """Return the recipe that the evidence holds; keys that a later hubq added are passed over.

    Raises:
        BadInput: it is none.
    """
    told = dict(evidence.recipe)
    try:
        suite, workloads = dict(told.pop("suite")), dict(told.pop("workloads"))
        told = _known({**told, "suite": suite["name"], "workloads": workloads["name"]}, Recipe)
        return LoadedRecipe(
            recipe=msgspec.convert(told, Recipe),
            suite=msgspec.convert(_known(suite, Suite), Suite),
            workloads=msgspec.convert(_known(workloads, Workloads), Workloads),
            origin="hubq.json",
            folder="",
        )
    except UNUSABLE as error:
        raise BadInput(f"hubq.json: its recipe cannot be read: {error}") from error


def source_of(dossier: Dossier) -> Source:
    """Return the source as it was resolved, or as much of it as `hubq.json` says."""
    told = dossier.evidence.source
    key = dossier.key_of("resolve")
    try:
        document = dossier.document(key, _SOURCE)
        return msgspec.convert({**document, "path": ""}, Source)
    except UNUSABLE:
        return Source(
            name=str(told.get("name", "")),
            repo=told.get("repo"),
            commit=told.get("commit"),
            digest=str(told.get("digest", "")),
            path="",
            config={},
            files=dict(told.get("files", {})),
        )


def _known(data: dict[str, Any], kind: type[msgspec.Struct]) -> dict[str, Any]:
    names = {field.encode_name for field in msgspec.structs.fields(kind)}
    return {name: value for name, value in data.items() if name in names}


def _gap(told: dict[str, str]) -> Gap:
    return Gap(
        state=CellState(told.get("state", CellState.FAILED.value)),
        reason=told.get("reason", ""),
        because=told.get("because", ""),
    )


def _folder(dossier: Dossier, key: str) -> Path:
    """Return a result's folder, in which samples without answers stand for whole ones."""
    folder = dossier.folder(key)
    short = dossier.files.get(key, {}).get(SHORT_SAMPLES)
    scored = dossier.stage_of(key).startswith(f"{Kind.SCORE.value}/")
    if short is not None and scored and not (folder / SAMPLES).exists():
        write_lines(folder / SAMPLES, samples_of(short.content))
    return folder
