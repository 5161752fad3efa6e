"""Lengths that the prose promises and the tables do not show."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hubq.audit.document import Document
from hubq.audit.lowered import holds_any
from hubq.audit.parts import Spot
from hubq.audit.prose import Sentence, sentences
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.model.finding import Finding

_ONE = r"\d{1,3}(?:,\d{3})+(?!\d)|\d{1,8}[kK]?(?![\w.])"
_JOINT = r"(?:,[ \n]+(?:and[ \n]|or[ \n])?|[ \n](?:and|or|/)[ \n]|/|、)"
_LIST = re.compile(rf"(?<![\w.])(?:{_ONE})(?:{_JOINT}(?:{_ONE})){{2,40}}")
_NUMBER = re.compile(_ONE)
_SAID = re.compile(r"\blengths?\b|\bcontexts?\b|\bsequence\b|\btokens\b|长度", re.IGNORECASE)
#: What a sentence has among its letters if that matches.
_WORDS = ("length", "context", "sequence", "tokens", "长度")
_HEAD = re.compile(r"length|context|tokens|\blen\b|input|seq|长度", re.IGNORECASE)
_BUT = re.compile(
    r"\bonly\b|\bexcept\b|\bnot (?:yet )?(?:shown|tested|available)\b|仅", re.IGNORECASE
)
_INTEGER = re.compile(r"\d{1,3}(?:,\d{3})+|\d{1,8}[kK]?")


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each list of lengths that the card's tables only begin to show."""
    document = subject.document
    if "ength" not in document.text and "长度" not in document.text:
        return
    shown: frozenset[int] | None = None
    for sentence in sentences(document):
        promised = _promised(sentence)
        if not promised:
            continue
        shown = _shown(document) if shown is None else shown
        there = [one for one in promised if one in shown]
        missing = [one for one in promised if one not in shown]
        if len(there) < 2 or not missing:
            continue
        yield _finding(subject, sentence, there, missing)


def _finding(subject: Subject, sentence: Sentence, there: list[int], missing: list[int]) -> Finding:
    found = _LIST.search(sentence.written)
    at = found.start() if found else 0
    line = sentence.line_of(at)
    spot = subject.document.find(sentence.written[at:].split("\n")[0][:20], line, line)
    gone = _listed(missing)
    words = f"no table shows the length{'s' if len(missing) > 1 else ''} {gone}; "
    words += f"the tables show {_listed(there)}"
    return finding(
        subject,
        RULE.id,
        words,
        severity="info" if _BUT.search(sentence.text) else "warning",
        at=spot if spot.line else Spot(line, 1),
        said=sentence.text[:200],
        remedy=f"Show what was measured at {gone}, or take the promise out.",
    )


def _listed(numbers: list[int]) -> str:
    texts = [str(one) for one in numbers]
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"


def _promised(sentence: Sentence) -> list[int]:
    """Return the lengths that a sentence lists; empty where it lists none."""
    said = holds_any(sentence.lower, _WORDS) and _SAID.search(sentence.text)
    found = _LIST.search(sentence.written) if said else None
    numbers = [_integer(one) for one in _NUMBER.findall(found[0])] if found else []
    return numbers if len(set(numbers)) >= 3 else []


def _integer(text: str) -> int:
    thousand = 1024 if text[-1] in "kK" else 1
    return int(text.rstrip("kK").replace(",", "")) * thousand


def _shown(document: Document) -> frozenset[int]:
    """Return the whole numbers of the columns and rows that are headed by a length."""
    found: set[int] = set()
    for grid in document.grids:
        heads = [cell.text for row in grid.rows[: max(1, grid.head)] for cell in row]
        columns = {at % grid.width for at, text in enumerate(heads) if _is_head(text)}
        for row in grid.rows:
            whole = bool(row) and _is_head(row[0].text)
            texts = [cell.text for at, cell in enumerate(row) if whole or at in columns]
            texts += [cell.text for cell in row if cell.header]
            found.update(_integer(text) for text in texts if _INTEGER.fullmatch(text.strip()))
            found.update(_of_words(texts))
    return frozenset(found)


def _is_head(text: str) -> bool:
    # Most cells are numbers, without any letter.
    if text.isascii() and text.lower() == text.upper():
        return False
    return _HEAD.search(text) is not None


def _of_words(texts: list[str]) -> Iterator[int]:
    """Yield the numbers of headings such as `Length 6144` and `6144 tokens`."""
    for text in texts:
        if len(text) < 100 and _is_head(text):
            yield from (_integer(one) for one in _NUMBER.findall(text))


RULE = Rule(
    id="promised-lengths",
    group="prose",
    title="The text promises lengths that no table shows",
    severity="warning",
    why="A reader who needs the numbers at long inputs finds that they were tested and cannot see "
    "them. Often the sentence was copied from the card of another model.",
    example="""`Tested with input lengths of 1, 6144, 14336, 30720, 63488, and 129024 tokens.`, over
a table with rows for 1, 6144, 14336 and 30720:

`no table shows the lengths 63488 and 129024; the tables show 1, 6144, 14336 and 30720`

Where the sentence itself limits its promise (`> 32k only for ...`) it is `info`.""",
    fix="Add the rows, or list the lengths that were measured.",
    check=check,
)
