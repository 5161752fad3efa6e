"""Standing: a variant's scores as the Hub reads them, the `model-index` of the front matter.

The Hub shows a number without its footnotes. So what is needed to read one rightly is in the name
of its metric (a draw of the questions, a task at the floor), and a score that is suspect is left
out until somebody explains it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from hubq.cards.family import Family
from hubq.evaluate.formats.canonical import Dataset, Identity, Origin, Results, TaskResult
from hubq.evaluate.formats.model_index import model_index
from hubq.evaluate.scoring import SCORES
from hubq.markdown.escaping import one_line
from hubq.model.card import EVIDENCE_FILE
from hubq.model.suite import HUBQ, TaskSpec

_FLOOR = "no better than guessing"


def standing_of(
    family: Family, variant: str, document: Mapping[str, Any], pipeline_tag: str
) -> list[dict[str, Any]]:
    """Return the `model-index` of a variant's card; empty where nothing was measured.

    Args:
        family: whose results.
        variant: of which variant.
        document: the card's comparisons, as `comparison.json` holds them.
        pipeline_tag: the kind of task.
    """
    repo = family.repos.get(variant, "")
    tasks = [task for task in family.tasks if _is_told(family, variant, task.name, document)]
    results = Results(
        variant=variant,
        source=Origin(name=family.source.name),
        tasks=tuple(_task(family, variant, task) for task in tasks),
    )
    made = model_index(
        results,
        name=repo.rpartition("/")[2] or f"{family.source.name}-{variant}",
        pipeline_tag=pipeline_tag,
        source_url=_evidence_of(family, repo),
    )
    found: list[dict[str, Any]] = made.get("model-index", [])
    entries = found[0]["results"] if found else []
    for task, entry in zip(tasks, entries, strict=True):
        _annotate(entry["metrics"][0], task, floor=bool(document["scores"][task.name]["floor"]))
    return found


def _evidence_of(family: Family, repo: str) -> str:
    """Return where the evidence is; on an embedded Hub, which has no address to keep, its name."""
    if not repo:
        return ""
    return f"{family.link(repo)}/blob/main/{EVIDENCE_FILE}" if family.site else EVIDENCE_FILE


def _is_told(family: Family, variant: str, task: str, document: Mapping[str, Any]) -> bool:
    """Return whether a score was measured, and nothing says that it is not to be believed."""
    if f"score/{variant}/{task}" not in family.results:
        return False
    pair = document["scores"][task]["variants"].get(variant, {})
    explained = f"{variant}/{task}" in family.loaded.recipe.explained
    return pair.get("verdict") != "gain" or explained


def _task(family: Family, variant: str, task: TaskSpec) -> TaskResult:
    stage = f"score/{variant}/{task.name}"
    measure, scores = family.results[stage].measure("score"), _scores(family, stage)
    return TaskResult(
        name=task.name,
        identity=_identity(family, variant, task),
        n=measure.n,
        score=measure.value,
        population=scores.get("drawn", {}).get("population"),
        se=measure.se,
        low=measure.low,
        high=measure.high,
        dataset=Dataset(address=task.address or ""),
        metric=str(scores.get("scorer") or scores.get("metric") or task.scoring),
    )


def _identity(family: Family, variant: str, task: TaskSpec) -> Identity:
    """Return what measured a score: what the result says, and what the generator left."""
    score = family.results[f"score/{variant}/{task.name}"]
    made = family.results.get(f"generate/{variant}/{task.name}")
    facts = made.facts if made is not None else {}
    said = score.facts.get("identity") or {}
    own = task.harness == HUBQ
    engine = said.get("engine") or (made.stage.backend if made is not None and own else "")
    return Identity(
        harness=task.harness,
        version=str(said.get("version") or (family.version if own else "")),
        commit=str(said.get("commit") or ""),
        engine=str(engine),
        dtype=str(said.get("dtype") or facts.get("dtype") or ""),
        device=str(facts.get("device") or ""),
    )


def _annotate(metric: dict[str, Any], task: TaskSpec, *, floor: bool) -> None:
    """Say of a number what its reader has to know.

    Args:
        metric: of the model-index.
        task: which task it is of.
        floor: whether the task is at the floor.
    """
    if task.limit is not None and task.harness != HUBQ:
        # a harness does not say how many questions there are; hubq's own draws do
        metric["name"] = f"{metric['name'][:-1]}, a draw of {metric['args']['n']:,} questions)"
    if floor:
        metric["name"] = f"{metric['name']}: {_FLOOR}"
    if task.judge is not None:
        metric["args"]["judge"] = one_line(task.judge.model)


def _scores(family: Family, stage: str) -> dict[str, Any]:
    path = family.folders[stage] / SCORES
    if not path.is_file():
        return {}
    return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
