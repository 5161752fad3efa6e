"""Wording: what of a question and its answers is compared with another's, and when it counts."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

import msgspec

RUN = 13
"""Words in a run; texts with fewer are compared whole (Brown et al. 2020, appendix C)."""

COMMON = 10
"""What stands in more places than this is a phrase in common use (likewise)."""

COMMON_SHARE = 0.01
"""In an evaluation set it must also stand in more than this part: a passage that a score of
questions are asked about is no phrase."""

#: Characters of scripts without spaces between words; each counts as a word.
_ALONE = r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]"
_WORD = re.compile(rf"{_ALONE}|(?:(?!{_ALONE})[^\W_])+")
_OPTION = re.compile(r"\s*\(?[A-J][.):]\s")

Words = tuple[str, ...]
Sort = Literal["run", "answer", "question", "whole"]


class Mark(msgspec.Struct, frozen=True):
    """Something in a wording that another may share.

    Attributes:
        sort: a `run` of question and answer, a run of the `answer`, a whole `question` shorter
            than a run, or question and answer as a `whole`.
        words: joined by spaces.
    """

    sort: Sort
    words: str


class Wording(msgspec.Struct, frozen=True, kw_only=True):
    """What is compared of a question and its answers.

    Attributes:
        question: its words, without options and common lines.
        answers: the words of each.
        seen: true when a picture belongs to it.
    """

    question: Words
    answers: tuple[Words, ...]
    seen: bool

    def marks(self) -> set[Mark]:
        """Return everything that another wording may share."""
        texts = [self.question + answer for answer in self.answers] or [self.question]
        marks = {Mark("run", run) for text in texts for run in _runs(text)}
        marks |= {Mark("answer", run) for answer in self.answers for run in _runs(answer)}
        if 0 < len(self.question) < RUN:
            marks.add(Mark("question", " ".join(self.question)))
        if self.question and self.answers:
            marks |= {Mark("whole", " ".join(t)) for t in texts if len(t) >= RUN}
        return marks


class Index:
    """The wordings of one side, to be asked for those of the other.

    Args:
        wordings: of the calibration rows.
    """

    def __init__(self, wordings: Sequence[Wording]) -> None:
        self._wordings = wordings
        self._rows: defaultdict[Mark, list[int]] = defaultdict(list)
        for number, wording in enumerate(wordings):
            for mark in wording.marks():
                self._rows[mark].append(number)
        self._asked = Counter(wording.question for wording in wordings)

    def shared(self, wording: Wording) -> list[Mark]:
        """Return the marks of another wording that some row has, common phrases left out."""
        return [m for m in wording.marks() if 0 < len(self._rows.get(m, ())) <= COMMON]

    def matches(self, other: Wording, marks: Iterable[Mark], asked: int) -> dict[int, Mark]:
        """Return row number -> what it shares with another wording, where that counts.

        Args:
            other: of the other side.
            marks: those that `shared` returned and that are not common there either.
            asked: how often its question is asked on its side.
        """
        found: dict[int, Mark] = {}
        for mark in sorted(marks, key=lambda mark: (mark.sort, mark.words)):
            for number in self._rows[mark]:
                row = self._wordings[number]
                once = asked == 1 and self._asked[row.question] == 1
                if _counts(mark.sort, row.seen + other.seen, once=once):
                    found.setdefault(number, mark)
        return found


def words(text: str) -> Words:
    """Return the words of a text in lower case, without punctuation.

    Equal letters in other forms (full width, ligatures) are made the same (Unicode NFKC).
    """
    return tuple(_WORD.findall(unicodedata.normalize("NFKC", text).lower()))


def lines(question: str) -> Iterator[Words]:
    """Yield the words of a question's lines; lines that list an option are left out."""
    for line in question.splitlines():
        found = () if _OPTION.match(line) else words(line)
        if found:
            yield found


def common_lines(questions: Iterable[str], *, share: float = 0.0) -> set[Words]:
    """Return the lines that stand in so many questions that they are instructions.

    Args:
        questions: of one side, or of one evaluation set.
        share: the part of them that a line must stand in, besides more than ten.
    """
    counts: Counter[Words] = Counter()
    total = 0
    for question in questions:
        total += 1
        counts.update(set(lines(question)))
    return {line for line, count in counts.items() if is_common(count, share * total)}


def is_common(count: int, least: float = 0.0) -> bool:
    """Return whether what stands in so many places is a phrase in common use."""
    return count > max(COMMON, least)


def wording(question: str, answers: Iterable[str], common: set[Words], *, seen: bool) -> Wording:
    """Return what is compared of a question and its answers.

    Args:
        question: as it is asked.
        answers: every right one.
        common: the lines that are left out.
        seen: true when a picture belongs to it.
    """
    kept = tuple(word for line in lines(question) if line not in common for word in line)
    split = tuple(found for answer in answers if (found := words(answer)))
    return Wording(question=kept, answers=split, seen=seen)


def _runs(text: Words) -> Iterator[str]:
    return (" ".join(text[start : start + RUN]) for start in range(len(text) - RUN + 1))


def _counts(sort: Sort, pictured: int, *, once: bool) -> bool:
    """Return whether sharing something counts when so many of the two have a picture."""
    match sort:
        case "run":
            return pictured < 2
        case "question":
            return pictured == 0
        case "answer":
            return True
        case "whole":
            return once
