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
from hubq.audit.prose import sentences
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
#: What a card says of the model itself, whatever its weights are written in ...
_FACT = re.compile(
    r"\b(?:trained on|pre-?trained|trillion|context (?:length|window|size)|parameters|layers"
    r"|attention heads|languages|vocabulary|released on|knowledge cutoff|cutoff)\b",
    re.IGNORECASE,
)
#: ... and what may differ with them.
_NOT_FACT = re.compile(
    r"\bbits?\b|int[248]\b|fp\d|\bGi?B\b|memory|vram|speed|fast|latency|throughput|tokens?/s|score"
    r"|accura|averag|recover|quanti[sz]|compress|size of|reduc|\bloss|perplex|%|version|group"
    r"|calibrat|samples?\b|https?://|tested|gpus?\b|cut(?:s|ting)\b|default|max_",
    re.IGNORECASE,
)
_FEWEST = 6
"""Words of a sentence that is compared."""
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
_HARNESS = re.compile(
    r"(?<![\w-])(?P<name>vlmevalkit|lm[-_ ]eval(?:uation)?[-_ ]harness|lmms[-_]eval|opencompass"
    r"|lighteval|evalscope|evalplus|mistral-evals|simple-evals|bigcode-evaluation-harness)(?![\w-])",
    re.IGNORECASE,
)
_ALIASES = {"lm-eval-harness": "lm-evaluation-harness"}
_GPU = re.compile(
    r"(?<![\w-])(?:(?:NVIDIA|AMD|Intel) ){0,1}(?P<gpu>[ABHLV]\d{2,3}S?|GH200|GB200|T4|MI\d{3}X?"
    r"|(?:RTX )?A\d000|RTX \d{4}(?: Ti)?|RTX PRO \d{4}|Gaudi ?\d)(?![\w.])"
)
_SPACES = re.compile(r"\s+")
_MARKS = re.compile(r"[`*_]+")
#: Names of rows and columns that are of each card's own model.
_OWN = re.compile(r"\bthis\b|\bours\b|^quantized$|^model$", re.IGNORECASE)
_KINDS = frozenset({"scores", "speed", "load", "deploy"})


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers of one sentence: a list of a family's sizes, or facts of a model.

    Attributes:
        numbers: as written.
        text: of the list with its unit, or the whole sentence; line: where the sentence begins.
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


class Hardware(msgspec.Struct, frozen=True, kw_only=True):
    """GPUs that the prose under one heading names.

    Attributes:
        names: `A100`, `RTX 4090`.
        text: of the first as it stands; line: of its passage.
    """

    names: frozenset[str]
    text: str
    line: int


Key = tuple[str, str, str, str]
"""What a cell is of: heading, group, line and task, in lower case."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a card says that its siblings may say too.

    Attributes:
        sizes: the rest of the sentence, without numbers -> its list of a family's sizes.
        said: a sentence about the model, without its numbers -> those.
        tools: harness, in lower case -> the repositories of it that the card names.
        harnesses: evaluation harnesses that the card names, in lower case -> where, first.
        gpus: the heading, in lower case, under which GPUs are named -> those.
        cells: what a cell is of -> the cell; none that the card has twice with two values.
    """

    sizes: dict[str, Figures]
    said: dict[str, Figures]
    tools: dict[str, tuple[Tool, ...]]
    harnesses: dict[str, Spot]
    gpus: dict[str, Hardware]
    cells: dict[Key, PublishedMeasure]


_CACHE: WeakKeyDictionary[Document, Facts] = WeakKeyDictionary()


def facts_of(subject: Subject) -> Facts:
    """Return what a subject's card says that its siblings may say too."""
    document = subject.document
    found = _CACHE.get(document)
    if found is None:
        found = Facts(
            **_figures(document),
            tools=_tools(document),
            harnesses=_harnesses(document),
            gpus=_gpus(document),
            cells=_cells(document),
        )
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


def _figures(document: Document) -> dict[str, dict[str, Figures]]:
    """Return the lists of sizes, and the sentences about the model, by what stands around them."""
    sizes: dict[str, Figures] = {}
    said: dict[str, Figures] = {}
    for one in sentences(document):
        if len(one.text) > _LONGEST or not (_FACT.search(one.text) or "B" in one.text):
            continue
        listed = _SIZES.search(one.text)
        if listed is not None:
            around = one.text[: listed.start()] + "#" + one.text[listed.end() :]
            numbers = tuple(_NUMBER.findall(listed["list"]))
            sizes.setdefault(_rest(around), Figures(numbers=numbers, text=listed[0], line=one.line))
        elif _is_fact(one.text):
            numbers = tuple(_NUMBER.findall(one.text))
            said.setdefault(_rest(one.text), Figures(numbers=numbers, text=one.text, line=one.line))
    return {"sizes": sizes, "said": said}


def _is_fact(text: str) -> bool:
    """Return whether a sentence holds numbers of the model itself, and none of its weights."""
    long = text.count(" ") + 1 >= _FEWEST
    return bool(long and _NUMBER.search(text) and _FACT.search(text) and not _NOT_FACT.search(text))


def _rest(text: str) -> str:
    """Return a sentence without its numbers, marks and capitals."""
    return _SPACES.sub(" ", _NUMBER.sub("#", _MARKS.sub("", text.lower()))).strip()


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


def _harnesses(document: Document) -> dict[str, Spot]:
    found: dict[str, Spot] = {}
    for number, line in enumerate(document.lines, start=1):
        if number < document.first or "val" not in line:
            continue
        for one in _HARNESS.finditer(line):
            name = one["name"].lower().replace("_", "-").replace(" ", "-")
            found.setdefault(_ALIASES.get(name, name), Spot(number, one.start() + 1))
    return found


def _gpus(document: Document) -> dict[str, Hardware]:
    found: dict[str, Hardware] = {}
    for passage in document.passages:
        if passage.kind == "heading" or len(passage.text) > _LONGEST:
            continue
        named = list(_GPU.finditer(passage.text))
        if not named:
            continue
        names = frozenset(one["gpu"] for one in named)
        key = passage.heading.strip().lower()
        before = found.get(key)
        found[key] = Hardware(
            names=names | (before.names if before else frozenset()),
            text=before.text if before else named[0][0],
            line=before.line if before else passage.line,
        )
    return found


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
