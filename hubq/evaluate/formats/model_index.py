"""model-index: the results that the Hub reads from the front matter of a model's README."""

from __future__ import annotations

import re
from typing import Any

from hubq.evaluate.formats.canonical import Results, TaskResult

#: Scorers whose mean is a share of right answers, and the Hub's metric type for it.
_ACCURACY = frozenset({"exact", "choice", "number", "contains", "relaxed", "mathvista"})
_NOT_SLUG = re.compile(r"[^a-z0-9]+")


def model_index(
    results: Results, *, name: str, pipeline_tag: str, source_url: str = ""
) -> dict[str, Any]:
    """Return the front matter's `model-index` of one variant; empty without tasks.

    Values are percents with two decimals. The interval, n and what measured it stand in `args`,
    which the Hub keeps as they are.

    Args:
        results: of the variant.
        name: of the model, the last part of its repo id.
        pipeline_tag: the kind of task: `image-text-to-text`, `text-generation`.
        source_url: a page with the evidence; the Hub wants an address where a source is named.
    """
    if not results.tasks:
        return {}
    found = [_entry(task, pipeline_tag, source_url) for task in results.tasks]
    return {"model-index": [{"name": name, "results": found}]}


def percent(value: float) -> float:
    """Return a fraction in percent, as it is printed."""
    return round(100 * value, 2)


def metric_type(task: TaskResult) -> str:
    """Return the metric's name as other tools know it."""
    return "accuracy" if task.metric in _ACCURACY else slug(task.metric) or "score"


def slug(text: str) -> str:
    """Return text in lower case with single underscores between its words."""
    return _NOT_SLUG.sub("_", text.lower()).strip("_")


def hub_dataset(address: str) -> tuple[str, str]:
    """Return repo id and revision of a data set on the Hub, empty for any other address."""
    if not address.startswith("hub:"):
        return "", ""
    reference = address.removeprefix("hub:")
    repo, _, rest = reference.partition("@")
    return "/".join(repo.split("/")[:2]), rest.partition("/")[0]


def _entry(task: TaskResult, pipeline_tag: str, source_url: str) -> dict[str, Any]:
    repo, revision = hub_dataset(task.dataset.address)
    dataset: dict[str, Any] = {"name": task.name, "type": repo or slug(task.name)}
    if revision:
        dataset["revision"] = revision
    entry: dict[str, Any] = {
        "task": {"type": pipeline_tag},
        "dataset": dataset,
        "metrics": [
            {
                "type": metric_type(task),
                "value": percent(task.score),
                "name": _name(task),
                "args": _arguments(task),
            }
        ],
    }
    if source_url:
        entry["source"] = {"url": source_url, "name": "hubq"}
    return entry


def _name(task: TaskResult) -> str:
    """Return the metric's name: what was measured, and on how many questions of how many."""
    parts = [task.metric or "score", "%"]
    if task.population is not None and task.population > task.n:
        parts.append(f"{task.n:,} of {task.population:,} questions")
    return f"{task.name} ({', '.join(parts)})"


def _arguments(task: TaskResult) -> dict[str, Any]:
    found: dict[str, Any] = {"n": task.n, "harness": task.identity.label}
    if task.se is not None:
        found["standard_error"] = percent(task.se)
    if task.low is not None and task.high is not None:
        found["interval_95"] = [percent(task.low), percent(task.high)]
    return found
