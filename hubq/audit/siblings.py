"""Siblings: what the cards of one family say of the same thing, read so that it can be compared.

Every card is read once and kept with it, so that a comparison costs one look into a table for each
sentence and cell, whatever the number of siblings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from weakref import WeakKeyDictionary

import msgspec

from hubq.audit.bases import plain_name, stated_bases
from hubq.audit.document import Document
from hubq.audit.naming import read_name
from hubq.audit.parts import Spot
from hubq.audit.sentences import sentences
from hubq.audit.subject import Subject
from hubq.evaluate.published import PublishedMeasure

MOST = 64
"""Siblings that a card is held against."""

_LONGEST = 1000
"""Characters of a sentence that is compared."""
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_SIZES = re.compile(
    r"(?<![\w.])(?P<list>\d{1,4}(?:\.\d{1,2})? ?B?"
    r"(?:,? (?:and|or) |, ?|/)(?:\d{1,4}(?:\.\d{1,2})? ?B?(?:,? (?:and|or) |, ?|/)){0,8}"
    r"\d{1,4}(?:\.\d{1,2})?)[ -]?(?:B\b|billion\b)",
    re.IGNORECASE,
)
_TOOLS = {
    "vlmevalkit": "open-compass",
    "lm-evaluation-harness": "EleutherAI",
    "opencompass": "open-compass",
    "lmms-eval": "EvolvingLMMs-Lab",
    "lighteval": "huggingface",
    "evalplus": "evalplus",
    "bigcode-evaluation-harness": "bigcode-project",
    "mistral-evals": "mistralai",
    "simple-evals": "openai",
    "evalscope": "modelscope",
    "helm": "stanford-crfm",
    "longbench": "THUDM",
    "ruler": "NVIDIA",
}
_REPO = re.compile(
    r"github\.com/(?P<owner>[\w.-]{1,60})/(?P<tool>[\w.-]{1,60}?)(?:\.git)?"
    r"(?:(?:/tree/|/blob/|@)(?P<ref>[\w.-]{1,80}))?(?=[\s)\]}>\"'`/#?,;]|\.\s|$)",
    re.IGNORECASE,
)
_SPACES = re.compile(r"\s+")
_MARKS = re.compile(r"[`*_]+")
#: Names of rows and columns that are of each card's own model.
_OWN = re.compile(r"\bthis\b|\bours\b|^quantized$|^model$", re.IGNORECASE)
_KINDS = frozenset({"scores", "speed", "load", "deploy"})


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """A list of a family's sizes in prose.

    Attributes:
        numbers: as written.
        text: of the list with its unit; line: where its sentence begins.
    """

    numbers: tuple[str, ...]
    text: str
    line: int


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """A repository of an evaluation harness that a card names.

    Attributes:
        owner, name, ref: of the repository; the reference is empty where none is named.
        line, column: where it stands first.
    """

    owner: str
    name: str
    ref: str
    line: int
    column: int

    @property
    def address(self) -> str:
        """The repository, with the reference where one is named."""
        return f"{self.owner}/{self.name}" + (f"@{self.ref}" if self.ref else "")


Key = tuple[str, str, str, str]
"""What a cell is of: heading, group, line and task, in lower case."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a card says that its siblings may say too.

    Attributes:
        sizes: the rest of the sentence, without numbers -> its list of sizes.
        tools: harness, in lower case -> the repositories of it that the card names.
        cells: what a cell is of -> the cell; none that the card has twice with two values.
    """

    sizes: dict[str, Sizes]
    tools: dict[str, tuple[Tool, ...]]
    cells: dict[Key, PublishedMeasure]


_CACHE: WeakKeyDictionary[Document, Facts] = WeakKeyDictionary()


def facts_of(subject: Subject) -> Facts:
    """Return what a subject's card says that its siblings may say too."""
    document = subject.document
    found = _CACHE.get(document)
    if found is None:
        found = Facts(sizes=_sizes(document), tools=_tools(document), cells=_cells(document))
        _CACHE[document] = found
    return found


def others(subject: Subject) -> tuple[Subject, ...]:
    """Return the siblings that have a card, this repo not among them."""
    found = (one for one in subject.siblings if one.gathered.card and one.repo != subject.repo)
    return tuple(found)[:MOST]


def same_model(one: Subject, other: Subject) -> bool:
    """Return whether two repos were quantized from one model."""
    bases, theirs = set(stated_bases(one)), set(stated_bases(other))
    if bases and theirs:
        return bool(bases & theirs)
    ours, guess = plain_name(_model(one)), plain_name(_model(other))
    return ours == guess != ""


def _model(subject: Subject) -> str:
    bases = stated_bases(subject)
    return bases[0] if bases else read_name(subject.model).base_guess


def _sizes(document: Document) -> dict[str, Sizes]:
    if "illion" not in document.body and "B" not in document.body:
        return {}
    found: dict[str, Sizes] = {}
    for one in sentences(document):
        said = _SIZES.search(one.text) if len(one.text) <= _LONGEST else None
        if said is None:
            continue
        around = one.text[: said.start()] + "#" + one.text[said.end() :]
        key = _SPACES.sub(" ", _NUMBER.sub("#", _MARKS.sub("", around.lower()))).strip()
        numbers = tuple(_NUMBER.findall(said["list"]))
        found.setdefault(key, Sizes(numbers=numbers, text=said[0], line=one.line))
    return found


def _tools(document: Document) -> dict[str, tuple[Tool, ...]]:
    if "github.com/" not in document.body:
        return {}
    found: dict[str, dict[str, Tool]] = {}
    for tool in _named(document):
        found.setdefault(tool.name.lower(), {}).setdefault(tool.address.lower(), tool)
    return {name: tuple(tools.values()) for name, tools in found.items()}


def _named(document: Document) -> Iterator[Tool]:
    for number, line in enumerate(document.lines, start=1):
        if "github.com/" not in line or number < document.first:
            continue
        for one in _REPO.finditer(line):
            if one["tool"].lower() in _TOOLS:
                yield Tool(
                    owner=one["owner"],
                    name=one["tool"],
                    ref=one["ref"] or "",
                    line=number,
                    column=one.start() + 1,
                )


def upstream(tool: Tool) -> bool:
    """Return whether a repository is the harness's own, not somebody's fork of it."""
    return tool.owner.lower() == _TOOLS[tool.name.lower()].lower()


def _cells(document: Document) -> dict[Key, PublishedMeasure]:
    found: dict[Key, PublishedMeasure] = {}
    twice: set[Key] = set()
    for sheet in document.sheets:
        if sheet.kind not in _KINDS:
            continue
        for one in sheet.table.measures:
            key = _key(sheet.table.heading, one)
            if one.value is None or key is None:
                continue
            if key in found and found[key].value != one.value:
                twice.add(key)
            found.setdefault(key, one)
    return {key: one for key, one in found.items() if key not in twice}


def _key(heading: str, one: PublishedMeasure) -> Key | None:
    if not one.variant or not one.task or _OWN.search(one.variant) or _OWN.search(one.task):
        return None
    parts = (heading, one.group, one.variant, one.task)
    return tuple(_SPACES.sub(" ", part).strip().lower() for part in parts)  # type: ignore[return-value]


def names_model(measure: PublishedMeasure) -> bool:
    """Return whether a cell's own labels tell which model it is of."""
    return any(read_name(part).size_b for part in (measure.variant, measure.task, measure.group))


def spot(measure: PublishedMeasure) -> Spot:
    """Return where a cell stands."""
    return Spot(*measure.at)
