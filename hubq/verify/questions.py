"""Questions: the index of what was asked, which tells which samples there should be."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import msgspec

from hubq.evaluate.items import Item, Strata
from hubq.evaluate.samples import Sample
from hubq.model.evidence import SHORT_SAMPLES, Question
from hubq.model.suite import FIDELITY
from hubq.verify.checking import UNUSABLE
from hubq.verify.dossier import Dossier

SAMPLES, SCORES = "samples.jsonl", "scores.json"


class Scored(msgspec.Struct, frozen=True, kw_only=True):
    """The samples of one score stage.

    Attributes:
        key: of the result.
        stage: `score/V/TASK`, with a further part for repeats.
        task: its name.
        place: where the samples are, for findings.
        samples: every line, in order.
        short: whether the answers were left out for their size.
    """

    key: str
    stage: str
    task: str
    place: str
    samples: tuple[Sample, ...]
    short: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether the stage scored every question, unlike a repeat of some."""
        return self.stage.count("/") == 2


class Index:
    """The questions of each task, and the samples that variants were scored by.

    Args:
        dossier: the evidence.
    """

    def __init__(self, dossier: Dossier) -> None:
        self._dossier = dossier
        self._questions: dict[str, dict[str, Question]] = {}

    def questions(self, task: str) -> dict[str, Question]:
        """Return question -> what is published of it; empty where there is no index.

        Raises:
            ValidationError: the index cannot be read.
        """
        if task not in self._questions:
            raw = self._dossier.items.get(f"{task}.jsonl", b"")
            decoder = msgspec.json.Decoder(Question)
            found = (decoder.decode(line) for line in raw.splitlines() if line)
            self._questions[task] = {question.key: question for question in found}
        return self._questions[task]

    def strata(self, task: str) -> Strata | None:
        """Return what the draw took of what there was; none where that is not published."""
        raw = self._dossier.items.get(f"{task}.json")
        return msgspec.json.decode(raw, type=Strata) if raw else None

    @cached_property
    def stages(self) -> tuple[tuple[str, str], ...]:
        """Key and stage of each result that scored a task, by stage."""
        told = self._dossier.evidence.results.items()
        found = sorted((str(value.get("stage", "")), key) for key, value in told)
        return tuple(
            (key, stage)
            for stage, key in found
            if stage.startswith("score/") and stage.split("/")[2:3] != [FIDELITY]
        )

    def keys(self, task: str) -> set[str]:
        """Return the questions that every variant must have been asked.

        They are the index's or, without one, what any of the variants was scored on.
        """
        known = set(self.questions(task))
        if known:
            return known
        for key, stage in self.stages:
            if stage.split("/")[2] == task:
                scored = self.scored(key, stage)
                known |= {sample.key for sample in scored.samples} if scored else set()
        return known

    def scored(self, key: str, stage: str) -> Scored | None:
        """Return the samples of a result; none where they are not there or cannot be read."""
        files = self._dossier.files.get(key, {})
        kept = files.get(SAMPLES) or files.get(SHORT_SAMPLES)
        if kept is None:
            return None
        try:
            samples = samples_of(kept.content)
        except UNUSABLE:
            return None
        return Scored(
            key=key,
            stage=stage,
            task=stage.split("/")[2],
            place=kept.place,
            samples=samples,
            short=SAMPLES not in files,
        )


def samples_of(content: bytes) -> tuple[Sample, ...]:
    """Return the samples of a file of lines.

    Raises:
        MsgspecError: a line is none.
    """
    decoder = msgspec.json.Decoder(Sample)
    return tuple(decoder.decode(line) for line in content.splitlines() if line)


def items_of(question: Question) -> tuple[Item, ...]:
    """Return the prompts of a question as the scorers take them; empty without right answers."""
    shared: dict[str, Any] = {
        "question_key": question.key,
        "cluster": question.cluster,
        "category": question.category,
        "stratum": question.stratum,
        "text": "",
        "images": (),
        "max_new_tokens": 0,
    }
    return tuple(
        Item(
            key=prompt.key,
            gold=prompt.gold,
            choices=prompt.choices,
            stop=prompt.stop,
            facts=prompt.facts,
            **shared,
        )
        for prompt in question.prompts or ()
    )
