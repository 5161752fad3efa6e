"""Answers: marked again, where the right ones are published, and held against the samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hubq.evaluate.items import Item
from hubq.evaluate.marking import Rules, mark, rules_of
from hubq.evaluate.samples import Sample
from hubq.model.finding import Finding
from hubq.verify.checking import UNUSABLE, Checked, close, counted, named, skipped, why
from hubq.verify.dossier import Dossier
from hubq.verify.questions import Index, Scored, items_of

_ASKS_WORDS = "ocrbench-v2"
"""The scorer that looks at a question's words, which are never published."""


def check_answers(dossier: Dossier, index: Index) -> Checked:
    """Mark every answer again whose right answer is published."""
    findings: list[Finding] = []
    marked, tasks, closed = 0, set(), set()
    for key, stage in index.stages:
        scored = index.scored(key, stage)
        if scored is None:
            continue
        rules = _rules(dossier, scored)
        golds = {name: items_of(q) for name, q in index.questions(scored.task).items()}
        if rules is None or scored.short or not any(golds.values()):
            closed.add(scored.task)
            continue
        tasks.add(scored.task)
        for sample in scored.samples:
            items = golds.get(sample.key, ())
            if items and sample.extraction != "judge":
                marked += 1
                findings += _marked(scored, sample, items, rules)
    left = f"; the right answers of {named(sorted(closed - tasks))} are not published"
    if not marked:
        return skipped("no right answers are published here")
    return Checked(
        said=f"{counted(marked, 'answer')} marked again" + (left if closed - tasks else ""),
        findings=tuple(findings),
        samples=marked,
    )


def _rules(dossier: Dossier, scored: Scored) -> Rules | None:
    """Return how a task's answers are marked; none where that takes more than is published."""
    result = dossier.results.get(scored.key)
    task: Mapping[str, Any] | None = result.stage.settings.get("task") if result else None
    if not task or task.get("harness", "hubq") != "hubq":
        return None
    try:
        rules = rules_of({**task, "judge": None})
    except UNUSABLE:
        return None
    return None if rules.scoring == _ASKS_WORDS else rules


def _marked(
    scored: Scored, sample: Sample, items: tuple[Item, ...], rules: Rules
) -> Iterator[Finding]:
    outputs = (sample.output,) if isinstance(sample.output, str) else sample.output
    where = f"{scored.place}#{sample.key}"
    if len(outputs) != len(items):
        said = f"{counted(len(outputs), 'answer')}"
        found = f"question {sample.key} was asked in {counted(len(items), 'form')}"
        yield Finding(rule="sample-changed", path=where, said=said, found=found)
        return
    try:
        score = min(
            mark(rules, item, output).score for item, output in zip(items, outputs, strict=True)
        )
    except UNUSABLE as error:
        yield Finding(rule="sample-changed", path=where, found=why(error))
        return
    if not close(score, sample.score):
        yield Finding(
            rule="sample-changed",
            path=where,
            said=f"{sample.score:g}",
            found=f"the answer {_short(outputs[0])} to question {sample.key} of {scored.task} "
            f"scores {score:g}",
        )


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:37]}...")
