"""Extraction: the answer inside what a model said, or nothing when it is not there.

Nothing here guesses. An answer that names two options, or none, is unparsed; it counts as wrong and
is reported beside the score. Some public harnesses draw a random letter instead, which lifts a
broken model to chance.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction

_WRAPPERS = re.compile(r"\\(?:boxed|text|textbf|mathrm)\{([^{}]*)\}")
_MARKUP = re.compile(r"\*\*|__|[`$]")
_SPACES = re.compile(r"\s+")
_ARTICLE = re.compile(r"^(?:a|an|the) ")
#: What may stand before a stated answer: "the answer is", "Answer:", "I choose option".
_STATED = (
    r"(?:(?:answer|option|choice)\b[^.\n:=]{0,20}?(?:\bis\b|\bwould be\b|:|=)"
    r"|\b(?:i|we|i'd|i would)\s+(?:choose|select|pick)\b)"
    r"(?:\s*(?:the\s+)?(?:option|choice|letter)\b)?\s*:?\s*"
)
_STATED_LETTER = re.compile(
    r"(?i:" + _STATED + r")[(\[\"']?([A-Z])[)\]\"']?(?=$|[\s.,;:!])", re.MULTILINE
)
_STATED_REST = re.compile(r"(?i:" + _STATED + r")(.+?)\s*$", re.MULTILINE)
_NAMED_LETTER = re.compile(r"\b(?i:option|choice)\s+[(\[]?([A-Z])[)\]]?(?=$|[\s.,;:!])")
_BRACKETED = re.compile(r"(?<![A-Za-z0-9])[(\[]([A-Z])[)\]](?![A-Za-z0-9])")
_ALONE = re.compile(r"[(\[{<\"']*([A-Za-z])[)\]}>\"']*[.:,;!]*")
_LABEL = re.compile(r"[(\[]?([A-Z])(?:[)\]][.:]?|[.:])\s*(\S.*)?", re.DOTALL)
_LETTER_LINE = re.compile(r"([A-Z])\s*\n.*", re.DOTALL)
_ADDED = re.compile(r"\b(?:or|and)\s+([A-Z])(?![A-Za-z0-9])")
_NEGATED = re.compile(r"\b(?:not|isn't|neither|nor|cannot|can't|wrong|incorrect)\b", re.IGNORECASE)

_NUMBER = r"[-+]?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?"
_ONE_NUMBER = re.compile(_NUMBER)
_FREE_NUMBER = re.compile(rf"(?<![\w.]){_NUMBER}")
_FRACTION = re.compile(r"([-+]?\d+)\s*/\s*(\d+)")
_STATED_NUMBER = re.compile(r"(?i:answer\b[^.\n:=]{0,20}?(?:\bis\b|:|=))\D{0,3}?(" + _NUMBER + ")")
_EQUALS_NUMBER = re.compile(r"=\s*(" + _NUMBER + r")\s*[^\d\s]{0,3}\s*$")


def extract_choice(output: str, choices: Mapping[str, str]) -> str | None:
    """Return the letter of the option that an answer names, or None.

    Taken are the letter alone (`B`, `(B)`, `**B**`, `b.`), a label before text (`B) cat`), a
    statement (`The answer is B.`, `Option (B)`), and the option's own text when just one option has
    it. An article is no letter: `A cat` is the option whose text is `cat`.

    Args:
        output: what the model said.
        choices: letter -> option.
    """
    text = _plain(output)
    if not text:
        return None
    alone = _ALONE.fullmatch(text)
    if alone and alone[1].upper() in choices:
        return alone[1].upper()
    for find in (_by_text, _labelled, _stated, _stated_text, _named):
        letters = find(text, choices)
        if letters:
            return letters.pop() if len(letters) == 1 else None
    return None


def extract_number(output: str) -> Fraction | None:
    """Return the number that an answer gives, exactly, or None.

    Taken are an answer with one number in it, whatever the words around, a fraction that is the
    whole answer, and otherwise the number of a statement (`The answer is 12`) or of a last `= 12`.
    Answers with several numbers and no such sign are unparsed.
    """
    text = _plain(output).replace("\N{MINUS SIGN}", "-").strip()
    if match := _FRACTION.fullmatch(text.rstrip(".")):
        return Fraction(int(match[1]), int(match[2])) if int(match[2]) else None
    found = {_exactly(number) for number in _numbers(text)}
    if len(found) == 1:
        return found.pop()
    for pattern in (_STATED_NUMBER, _EQUALS_NUMBER):
        stated = {_exactly(number) for number in pattern.findall(text)}
        if stated:
            return stated.pop() if len(stated) == 1 else None
    return None


def parse_number(text: str) -> Fraction | None:
    """Return the number that a whole text is (`1,234`, `-0.5`, `3e2`), exactly, or None."""
    text = text.strip().replace("\N{MINUS SIGN}", "-")
    return _exactly(text) if _ONE_NUMBER.fullmatch(text) else None


def normalise(text: str) -> str:
    """Return a text in one case, with single spaces and none around it."""
    return _SPACES.sub(" ", text).strip().casefold()


def _plain(output: str) -> str:
    """Return an answer without Markdown and LaTeX dress."""
    text = _MARKUP.sub("", output)
    while (bare := _WRAPPERS.sub(r"\1", text)) != text:
        text = bare
    return text.strip()


def _key(text: str) -> str:
    """Return the form in which an answer and an option are compared."""
    return _ARTICLE.sub("", normalise(text).strip(" .,;:!\"'()"))


def _by_text(text: str, choices: Mapping[str, str]) -> set[str]:
    said = _key(text)
    return {letter for letter, option in choices.items() if said and _key(option) == said}


def _labelled(text: str, choices: Mapping[str, str]) -> set[str]:
    """Find a label at the start; a text after it that is another option's takes it back."""
    if (line := _LETTER_LINE.fullmatch(text)) and line[1] in choices:
        return {line[1], *_labels(text.split("\n", 1)[1], choices)}
    label = _LABEL.fullmatch(text)
    if label is None or label[1] not in choices:
        return set()
    rest = label[2] or ""
    others = {*_BRACKETED.findall(rest), *_ADDED.findall(rest)} & set(choices)
    return {label[1], *others, *_by_text(rest, choices), *_labels(rest, choices)}


def _labels(text: str, choices: Mapping[str, str]) -> set[str]:
    """Return the options that stand in a text as they were listed in the prompt: `A. cat`."""
    found = {
        letter
        for letter, option in choices.items()
        if re.search(rf"(?<!\w)[(\[]?{letter}[.):\]]+ *{re.escape(option)}(?!\w)", text)
    }
    return found | _stated(text, choices)


def _stated(text: str, choices: Mapping[str, str]) -> set[str]:
    found = set()
    for match in _STATED_LETTER.finditer(text):
        after = text[match.end() :].split("\n", 1)[0]
        # "The answer is A cat": the article, unless cat is what A stands for.
        article = match[0].endswith("A") and after.startswith(" ")
        wanted = match[1] in choices and (not article or _key(after) == _key(choices[match[1]]))
        if wanted and not _NEGATED.search(match[0]):
            found.add(match[1])
    return found


def _stated_text(text: str, choices: Mapping[str, str]) -> set[str]:
    found = set()
    for match in _STATED_REST.finditer(text):
        if not _NEGATED.search(match[0]):
            found |= _by_text(match[1], choices)
    return found


def _named(text: str, choices: Mapping[str, str]) -> set[str]:
    if _NEGATED.search(text):
        return set()
    found = {*_NAMED_LETTER.findall(text), *_BRACKETED.findall(text)}
    return found & set(choices)


def _numbers(text: str) -> list[str]:
    """Return the numbers in a text; digits inside a word (`H2O`, `x1`) are none."""
    return _FREE_NUMBER.findall(text)


def _exactly(number: str) -> Fraction:
    return Fraction(number.replace(",", ""))
