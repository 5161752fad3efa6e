"""Items as evidence: what of each question is published, as far as its license allows."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec

from hubq.evaluate.items import TASK, Item, read_items
from hubq.model.codec import pretty
from hubq.model.evidence import Prompt, Question, TaskNote
from hubq.model.suite import HUBQ, TaskSpec
from hubq.recipes import without_paths

_WORDS = "question"
"""The column with a question's words, which a scorer may look at: never published."""

NOT_ALLOWED = (
    "Right answers and options are left out: the recipe does not say that the license allows them "
    "to be published (evidence.gold). They are in the file named here."
)
UPSTREAM = (
    "Asked and scored by the harness named here, which has the questions; its own files are left "
    "out, and the samples hold what it scored."
)


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """What is published of a task's questions: the files, by name, and what is said of them."""

    files: dict[str, bytes]
    note: TaskNote


def index(task: TaskSpec, folder: Path, *, gold: bool) -> Index:
    """Return the index of a task's questions: `<task>.jsonl` and `<task>.json`.

    Args:
        task: of the suite.
        folder: its prepared items.
        gold: whether right answers, options and what scorers look at are put in.
    """
    about: dict[str, Any] = msgspec.json.decode((folder / TASK).read_bytes())
    questions = _questions(read_items(folder), gold=gold, typed=task.scoring == "ocrbench-v2")
    encoder = msgspec.json.Encoder(order="deterministic")
    file = about.get("file", {})
    return Index(
        files={
            f"{task.name}.json": pretty(without_paths(about)).encode(),
            f"{task.name}.jsonl": b"".join(encoder.encode(one) + b"\n" for one in questions),
        },
        note=TaskNote(
            task=task.name,
            harness=HUBQ,
            questions=len(questions),
            gold=gold,
            file=str(file.get("name", "")),
            sha256=str(file.get("sha256", "")),
            address=task.address or "",
            why="" if gold else NOT_ALLOWED,
        ),
    )


def upstream(task: TaskSpec) -> TaskNote:
    """Return what is said of a task that an upstream harness asked."""
    return TaskNote(task=task.name, harness=task.harness, address=task.address or "", why=UPSTREAM)


def _questions(items: tuple[Item, ...], *, gold: bool, typed: bool) -> list[Question]:
    """Return one line a question, in the order of the file.

    Args:
        items: every prompt; those of one question need not stand together.
        gold: whether what scores its answers is put in.
        typed: whether a question's type decides how it counts.
    """
    first: dict[str, int] = {}
    for position, item in enumerate(items):
        first.setdefault(item.question_key, position)
    ordered = sorted(items, key=lambda item: first[item.question_key])
    return [
        _question(list(turns), gold=gold, typed=typed)
        for _, turns in groupby(ordered, key=lambda item: item.question_key)
    ]


def _question(turns: list[Item], *, gold: bool, typed: bool) -> Question:
    item = turns[0]
    return Question(
        key=item.question_key,
        cluster=item.cluster,
        category=item.category,
        stratum=item.stratum,
        type=(item.facts.get("type") or item.category) if typed else "",
        prompts=tuple(_prompt(turn) for turn in turns) if gold else None,
    )


def _prompt(item: Item) -> Prompt:
    return Prompt(
        key=item.key,
        gold=item.gold,
        choices=item.choices,
        facts={name: said for name, said in item.facts.items() if name != _WORDS},
        stop=item.stop,
    )
