"""Scores: worked out again from the samples, and the samples held against the questions asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from hubq import stats
from hubq.evaluate.items import Strata
from hubq.evaluate.samples import Sample
from hubq.evaluate.scorers import ocrbench
from hubq.evaluate.scoring import summarise
from hubq.model.evidence import Question
from hubq.model.finding import Finding
from hubq.verify.checking import UNUSABLE, Checked, counted, named, why
from hubq.verify.dossier import Dossier
from hubq.verify.numbers import Difference, count_numbers, differences
from hubq.verify.questions import SAMPLES, SCORES, Index, Scored

_MOST = 5


def check_scores(dossier: Dossier, index: Index) -> Checked:
    """Work every score file out again from its samples, number by number."""
    findings: list[Finding] = []
    samples = numbers = short = 0
    for key, stage in index.stages:
        scored = index.scored(key, stage)
        if scored is None:
            findings.append(_unreadable(dossier, key))
            continue
        samples += len(scored.samples)
        short += scored.short
        findings += _asked(scored, index)
        try:
            wrong, checked = _summary(dossier, scored, index)
        except UNUSABLE as error:
            place = dossier.where(key, SCORES)
            findings.append(Finding(rule="score-wrong", path=place, found=why(error)))
            continue
        findings += wrong
        numbers += checked
    without = f"; answers of {counted(short, 'file')} left out for their size" if short else ""
    return Checked(
        said=f"{counted(numbers, 'number')} of {counted(len(index.stages), 'score file')} "
        f"from {counted(samples, 'sample')}{without}",
        findings=tuple(findings),
        recomputed=numbers,
        samples=samples,
    )


def _unreadable(dossier: Dossier, key: str) -> Finding:
    found = "cannot be read" if SAMPLES in dossier.files.get(key, {}) else "is not there"
    return Finding(
        rule="sample-missing",
        path=dossier.where(key, SAMPLES),
        found=f"{found}: the score cannot be worked out again",
    )


def _asked(scored: Scored, index: Index) -> Iterator[Finding]:
    """Compare which questions were answered with which were asked."""
    counts = Counter(sample.key for sample in scored.samples)
    wanted, questions = index.keys(scored.task), index.questions(scored.task)
    twice = [key for key, count in counts.items() if count > 1]
    missing = sorted(wanted - counts.keys(), key=_order) if scored.is_whole else []
    unknown = sorted(counts.keys() - wanted, key=_order)
    moved = [
        sample.key
        for sample in scored.samples
        if sample.key in questions and sample.cluster != questions[sample.key].cluster
    ]
    told = {
        "sample-missing": (missing, "has no sample of", ""),
        "sample-twice": (twice, "has more than one sample of", ""),
        "sample-unknown": (unknown, "has a sample of", ", which was not asked"),
        "sample-changed": (moved, "puts into another cluster", ""),
    }
    for rule, (keys, verb, after) in told.items():
        if keys:
            noun = "question" if len(keys) == 1 else "questions"
            found = f"{verb} {noun} {named(keys, _MOST)} of {scored.task}{after}"
            yield Finding(rule=rule, path=scored.place, found=found)


def _summary(dossier: Dossier, scored: Scored, index: Index) -> tuple[list[Finding], int]:
    """Return where a score file says other than its samples, and how many numbers were compared."""
    said = dossier.document(scored.key, SCORES)
    worked = {**summarise(scored.samples), **_further(said, scored, index)}
    found = msgspec.json.decode(msgspec.json.encode(worked))
    wrong = _wrong(
        dossier.where(scored.key, SCORES),
        [
            one
            for name in found
            if name in said or not dossier.is_older
            for one in differences(said.get(name), found[name], f"/{name}", more=dossier.is_older)
        ],
    )
    result = dossier.results.get(scored.key)
    questions = result.facts.get("questions") if result else None
    if questions is not None and questions != len(scored.samples):
        wrong.append(
            Finding(
                rule="sample-missing",
                path=scored.place,
                said=counted(len(scored.samples), "sample"),
                found=f"{questions} questions were scored",
            )
        )
    return wrong, count_numbers(found)


def _wrong(place: str, wrong: list[Difference]) -> list[Finding]:
    """Return the differences of a score file: the score's own, or the first, and how many more."""
    if not wrong:
        return []
    first = next((one for one in wrong if one.pointer == "/score/value"), wrong[0])
    more = f"; {counted(len(wrong) - 1, 'further number')} of the file too" if wrong[1:] else ""
    return [
        Finding(
            rule="score-wrong",
            path=f"{place}#{first.pointer}",
            said=first.said,
            found=f"its samples make {first.found}{more}",
        )
    ]


def _further(said: Mapping[str, Any], scored: Scored, index: Index) -> dict[str, Any]:
    """Return what a score file says beyond the summary, where the index lets it be worked out."""
    questions = index.questions(scored.task)
    if not questions or any(sample.key not in questions for sample in scored.samples):
        return {}
    found: dict[str, Any] = {}
    if "abilities" in said:
        pairs = [(_type(questions[sample.key]), sample.score) for sample in scored.samples]
        found["abilities"] = ocrbench.overall(pairs)
    strata = index.strata(scored.task)
    if "drawn" in said and strata is not None:
        found["drawn"] = _drawn(scored.samples, questions, strata)
    return found


def _type(question: Question) -> str:
    return question.type or question.category


def _drawn(
    samples: Sequence[Sample], questions: Mapping[str, Question], strata: Strata
) -> dict[str, Any]:
    """Return what a draw says of the file it is from, as `hubq.evaluate.scoring` writes it."""
    numbers = {name: part.population for name, part in strata.strata.items()}

    def estimate(*, of_file: bool) -> dict[str, Any]:
        found = stats.stratified(
            [sample.score for sample in samples],
            [questions[sample.key].stratum if numbers else "" for sample in samples],
            numbers or {"": strata.population},
            [sample.cluster for sample in samples],
            of_file=of_file,
        )
        low, high = (None if b is None else min(1.0, max(0.0, b)) for b in (found.low, found.high))
        return {**msgspec.to_builtins(found), "value": found.mean, "low": low, "high": high}

    told: dict[str, Any] = {"population": strata.population, "file": estimate(of_file=True)}
    if numbers:
        told["stratified"] = estimate(of_file=False)
        told["strata"] = msgspec.to_builtins(strata.strata)
    return told


def _order(key: str) -> tuple[int, str]:
    """Return a key that sorts 2 before 10."""
    return (int(key) if key.isdecimal() else 0, key)
