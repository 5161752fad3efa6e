"""Comparing answers given again with those that were published, question by question."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from hubq import stats
from hubq.evaluate.generation import Record
from hubq.evaluate.items import Item
from hubq.evaluate.marking import Rules
from hubq.evaluate.samples import Sample
from hubq.evaluate.scoring import score_all

LEVEL = 0.05
"""Scores that differ so much that chance does it less often than this disagree."""

_SHOWN = 10
_EPSILON = 1e-9

What = Literal["missing", "unknown", "prompt", "mark", "score", "words"]

_SAID: dict[What, str] = {
    "missing": "has no published sample",
    "unknown": "is published and is no question of the set",
    "prompt": "was asked in other words or with other pictures",
    "mark": "its published score is not what its published answer is worth",
    "score": "scores differently",
    "words": "is answered in other words",
}
_WRONG: frozenset[What] = frozenset({"missing", "unknown", "prompt", "mark"})


class Differing(msgspec.Struct, frozen=True, kw_only=True):
    """A question on which the two runs differ.

    Attributes:
        task, key: which one.
        what: the first thing that differs, the gravest one first.
        published, again: what stands there and what was found instead, shortened.
    """

    task: str
    key: str
    what: What
    published: str = ""
    again: str = ""

    @property
    def wrong(self) -> bool:
        """Whether this alone means that the published samples are not what they say."""
        return self.what in _WRONG

    def __str__(self) -> str:
        both = f": published {self.published!r}, now {self.again!r}" if self.again else ""
        return f"{self.task} {self.key} {_SAID[self.what]}{both}"


class TaskRerun(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one task.

    Attributes:
        task: its name.
        n: how many questions were answered again.
        of: how many are published.
        prompts, words, scores: on how many of them prompt hash, answer (word for word) and score
            are equal; `words` is none where answers were not published.
        published, again: the mean score of these questions, from 0 to 1.
    """

    task: str
    n: int
    of: int
    prompts: int
    words: int | None
    scores: int
    published: float
    again: float


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One task compared: its numbers, the questions that differ, and the pairs of scores.

    Attributes:
        pairs: cluster, published score, score now, of each question answered again.
    """

    task: TaskRerun
    differing: tuple[Differing, ...]
    pairs: tuple[tuple[str, float, float], ...]


def compare(
    name: str, published: Sequence[Sample], again: Sequence[Sample], *, worded: bool
) -> Compared:
    """Return how a task's new samples differ from the published ones.

    Args:
        name: of the task.
        published: every sample of the task.
        again: those of the questions that were answered again.
        worded: whether answers were published; they are left out where they are too large.
    """
    known = {sample.key: sample for sample in published}
    both = [(known[sample.key], sample) for sample in again if sample.key in known]
    found = (_difference(name, one, other, worded=worded) for one, other in both)
    count = len(both) or 1
    return Compared(
        task=TaskRerun(
            task=name,
            n=len(both),
            of=len(published),
            prompts=sum(one.prompt_hash == other.prompt_hash for one, other in both),
            words=sum(one.output == other.output for one, other in both) if worded else None,
            scores=sum(_same(one.score, other.score) for one, other in both),
            published=sum(one.score for one, _ in both) / count,
            again=sum(other.score for _, other in both) / count,
        ),
        differing=tuple(one for one in found if one is not None),
        pairs=tuple((f"{name}:{one.cluster}", one.score, other.score) for one, other in both),
    )


def check_keys(
    name: str, items: Sequence[Item], published: Sequence[Sample]
) -> Iterator[Differing]:
    """Yield the questions of a set that are not published, and what is published beside them.

    Args:
        name: of the task.
        items: every prompt of the set.
        published: every sample.
    """
    asked, answered = {item.question_key: None for item in items}, {one.key for one in published}
    yield from (Differing(task=name, key=k, what="missing") for k in asked if k not in answered)
    yield from (
        Differing(task=name, key=one.key, what="unknown")
        for one in published
        if one.key not in asked
    )


def check_marks(
    name: str, rules: Rules, items: Sequence[Item], published: Sequence[Sample]
) -> Iterator[Differing]:
    """Yield the published samples whose score is not what their answer is worth.

    Every published answer is marked again, also where the model is not asked again.

    Args:
        name: of the task.
        rules: how its answers are marked.
        items: every prompt of the set.
        published: every sample, with answers.
    """
    prompts: dict[str, list[Item]] = {}
    for item in items:
        prompts.setdefault(item.question_key, []).append(item)
    for sample in published:
        asked = prompts.get(sample.key, [])
        outputs = (sample.output,) if isinstance(sample.output, str) else sample.output
        said = f"{sample.score:g}", "an answer for each prompt is not there"
        if len(outputs) == len(asked):
            records = [_record(item, output) for item, output in zip(asked, outputs, strict=True)]
            (worth,) = score_all(rules, asked, records)
            if _same(worth.score, sample.score):
                continue
            said = f"{sample.score:g}", f"{worth.score:g}"
        if asked:
            yield Differing(
                task=name, key=sample.key, what="mark", published=said[0], again=said[1]
            )


def chance(compared: Sequence[Compared]) -> float:
    """Return how often chance alone makes scores differ as much as these do, either way.

    It is the exact McNemar test where questions are independent and scores are 0 or 1, and the
    sign-flip test over clusters otherwise (`hubq.stats`); 1 where nothing was compared.
    """
    pairs = [pair for one in compared for pair in one.pairs]
    if not pairs:
        return 1.0
    clusters, before, after = zip(*pairs, strict=True)
    return stats.paired(before, after, clusters).p


def lines(differing: Sequence[Differing]) -> list[str]:
    """Return the questions that differ, for people: the gravest first, the rest counted."""
    order: Mapping[What, int] = {what: place for place, what in enumerate(_SAID)}
    ordered = sorted(differing, key=lambda one: order[one.what])
    shown = [str(one) for one in ordered[:_SHOWN]]
    left = len(ordered) - len(shown)
    return [*shown, f"and {left} more"] if left else shown


def _difference(name: str, one: Sample, other: Sample, *, worded: bool) -> Differing | None:
    """Return the gravest way in which two samples of a question differ; none where they do not."""
    what: What
    if one.prompt_hash != other.prompt_hash:
        what = "prompt"
    elif not _same(one.score, other.score):
        what = "score"
    elif worded and one.output != other.output:
        what = "words"
    else:
        return None
    said = f"{one.score:g}", f"{other.score:g}"
    if worded and one.output != other.output:
        said = _short(one.output), _short(other.output)
    return Differing(task=name, key=one.key, what=what, published=said[0], again=said[1])


def _record(item: Item, output: str) -> Record:
    return Record(key=item.key, prompt_hash="", output=output, tokens=0, finish="stop")


def _same(one: float, other: float) -> bool:
    return abs(one - other) < _EPSILON


def _short(output: str | tuple[str, ...]) -> str:
    text = " | ".join((output,) if isinstance(output, str) else output)
    return text if len(text) <= 60 else f"{text[:57]}..."
