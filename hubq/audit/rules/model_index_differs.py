"""Results in the front matter that are not those of the card's tables, or not this model's."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

from hubq.audit.bases import plain_name, same_name, stated_bases
from hubq.audit.naming import read_name
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.evaluate.published import PublishedMeasure
from hubq.model.finding import Finding

_THIS = re.compile(r"this model|\bthis\b|\bours\b", re.IGNORECASE)
_BRACKETS = re.compile(r"\([^()]*\)")
_MOST = 400
"""Entries that are looked at."""


def check(subject: Subject) -> Iterator[Finding]:
    """Yield findings for results of another model, and for values that no table has."""
    index = subject.document.front.data.get("model-index")
    if not isinstance(index, list):
        return
    for at, model in enumerate(index[:_MOST]):
        if isinstance(model, dict) and _results(model):
            yield from _name(subject, at, model)
            yield from _values(subject, at, model)


def _name(subject: Subject, at: int, model: dict[str, Any]) -> Iterator[Finding]:
    """Yield a finding for results whose model has neither this repo's name nor the title's."""
    name = model.get("name")
    if not isinstance(name, str) or not subject.model or not plain_name(name):
        return
    if any(same_name(name, one) for one in (subject.model, subject.document.title)):
        return
    if not read_name(subject.model).quantized or read_name(name).quantized:
        return
    bases = (*stated_bases(subject), read_name(subject.model).base_guess)
    own = any(same_name(name, base) for base in bases)
    what = "those of the base model" if own else f"those of {name}, by their name"
    yield finding(
        subject,
        RULE.id,
        f"the results of the model-index are {what}, not of this quantized model",
        severity="info" if own else "warning",
        at=subject.document.key_spot("model-index", at, "name"),
        said=name,
        remedy="Measure this model and say its results, or take the model-index away.",
        sources=RULE.sources,
        part="name",
    )


def _values(subject: Subject, at: int, model: dict[str, Any]) -> Iterator[Finding]:
    """Yield a finding for every value that the card's table gives otherwise for this model."""
    own = _own_measures(subject)
    for place, result in enumerate(_results(model) if own else ()):
        metrics = result.get("metrics")
        for number, metric in enumerate(metrics if isinstance(metrics, list) else []):
            value = metric.get("value") if isinstance(metric, dict) else None
            if isinstance(value, bool) or not isinstance(value, int | float):
                continue
            cell = _cell(own, metric, result)
            if cell is None or not math.isfinite(value) or _same(float(value), cell):
                continue
            path = ("model-index", at, "results", place, "metrics", number, "value")
            yield finding(
                subject,
                RULE.id,
                f"the table on line {cell.at[0]} says {cell.shown} for {cell.task}",
                severity="warning",
                at=subject.document.key_spot(*path),
                said=f"{value:g}",
                remedy="Say the same number in both places.",
                sources=RULE.sources,
                part=plain_name(cell.task),
            )


def _cell(
    own: dict[str, list[PublishedMeasure]], metric: dict[str, Any], result: dict[str, Any]
) -> PublishedMeasure | None:
    """Return the one cell of a table that a result is of, by its metric's or data set's name."""
    dataset = result.get("dataset")
    names = (metric.get("name"), dataset.get("name") if isinstance(dataset, dict) else None)
    for name in names:
        cells = own.get(plain_name(name), []) if isinstance(name, str) else []
        if len(cells) == 1:
            return cells[0]
    return None


def _own_measures(subject: Subject) -> dict[str, list[PublishedMeasure]]:
    """Return the scores of this very model in the card's tables, by task."""
    found: dict[str, list[PublishedMeasure]] = {}
    for table in subject.document.tables:
        variants = {one.variant for one in table.measures}
        own = {variant for variant in variants if _is_own(variant, subject)}
        for one in table.measures if own else ():
            if one.fraction is None or one.variant not in own:
                continue
            short = plain_name(_BRACKETS.sub("", one.task))
            for key in dict.fromkeys((plain_name(one.task), short)):
                found.setdefault(key, []).append(one)
    return found


def _is_own(variant: str, subject: Subject) -> bool:
    return bool(_THIS.search(variant)) or bool(subject.model and same_name(variant, subject.model))


def _same(value: float, cell: PublishedMeasure) -> bool:
    """Return whether a value is that of a cell, in percent or as a fraction, as far as printed."""
    if cell.fraction is None:
        return True
    half = 0.5 * 10.0**-cell.decimals * 1.02
    step = half if cell.scale == "fraction" else half / 100
    rough = 0.5 * 10.0 ** -_decimals(value)
    return (
        abs(value - cell.fraction) <= step + rough
        or abs(value / 100 - cell.fraction) <= step + rough / 100
    )


def _decimals(value: float) -> int:
    text = f"{value:.10f}".rstrip("0")
    return len(text.partition(".")[2])


def _results(model: dict[str, Any]) -> list[dict[str, Any]]:
    results = model.get("results")
    found = results if isinstance(results, list) else []
    return [one for one in found[:_MOST] if isinstance(one, dict)]


RULE = Rule(
    id="model-index-differs",
    group="metadata",
    title="The model-index does not agree with the card",
    severity="warning",
    why="The Hub and leaderboards take results from `model-index`. In quantized repos it is often "
    "copied from the original, so that scores of the unquantized model are shown as those of the "
    "quantized one.",
    example="`model-index` with the name and the scores of `acme/x` in the repo `acme/x-GPTQ`, or "
    "a value of 61.3 where the table says 60.1.",
    fix="Say what was measured with this model, the same in the front matter and in the table.",
    check=check,
    sources=("https://huggingface.co/docs/hub/model-cards#evaluation-results",),
)
