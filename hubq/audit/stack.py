"""Stacks: the versions of packages that a card states, and what it states them for.

A version that something was measured or made with is told from one that is asked for, and from
those that are only talked about, as changelogs do; what is in doubt is left out.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Literal

import msgspec

from hubq.audit.document import Document
from hubq.audit.kept import kept
from hubq.audit.known.versions import Version, readable
from hubq.audit.lowered import lines_with
from hubq.audit.parts import Code, Passage, Spot
from hubq.evaluate.formats.cells import GridCell

Kind = Literal["stack", "pin", "least"]
"""What a version is stated for: something was run with it; it is to be installed, exactly; it is
the least one that will do."""

_NAMES = {
    "huggingface transformers": "transformers",
    "hugging face transformers": "transformers",
    "transformers": "transformers",
    "pytorch": "torch",
    "torch": "torch",
    "cuda": "cuda",
    "vllm": "vllm",
    "sglang": "sglang",
    "autogptq": "auto-gptq",
    "auto-gptq": "auto-gptq",
    "auto_gptq": "auto-gptq",
    "autoawq": "autoawq",
    "auto-awq": "autoawq",
    "autoawq_kernels": "autoawq-kernels",
    "autoawq-kernels": "autoawq-kernels",
    "gptqmodel": "gptqmodel",
    "llm-compressor": "llmcompressor",
    "llmcompressor": "llmcompressor",
    "compressed-tensors": "compressed-tensors",
    "flash attention": "flash-attn",
    "flashattention": "flash-attn",
    "flash-attention": "flash-attn",
    "flash-attn": "flash-attn",
    "flash_attn": "flash-attn",
    "optimum": "optimum",
    "accelerate": "accelerate",
    "bitsandbytes": "bitsandbytes",
    "peft": "peft",
    "datasets": "datasets",
    "tokenizers": "tokenizers",
    "exllamav2": "exllamav2",
    "xformers": "xformers",
}
_ONE = "|".join(re.escape(name) for name in sorted(_NAMES, key=len, reverse=True))
_STAGE = r"(?:[.-]?(?:dev|rc|post|a|b)\d{0,9})?"
_NUMBER = rf"\d{{1,4}}\.\d{{1,4}}(?:\.\d{{1,8}}){{0,2}}{_STAGE}(?:\+\w{{1,12}}(?:\.\d+)?)?"
_STATED = re.compile(
    rf"(?<![\w./@-])(?P<name>{_ONE})(?:\[[\w,-]{{1,30}}\])?"
    r"[\s`*_:(\"']{0,4}(?:version|release|ver\.?)?[\s`*_:\"'=]{0,3}?"
    r"(?P<operator>==|>=|<=|~=|≥|≤|>|<)?[\s\"']{0,2}v?"
    rf"(?P<version>{_NUMBER})(?![\w%]|\.\d)",
    re.IGNORECASE | re.ASCII,
)
_LATER = re.compile(
    r"[\s`*_)\"']{0,3}(?:\+(?!\w)|,?\s*(?:or|and|&)\s+(?:any\s+)?(?:later|newer|higher|above|greater|more|up)"
    r"|onwards?\b|is\s+required|are\s+required|及|或|以上)",
    re.IGNORECASE,
)
_ASKED = re.compile(
    r"\b(?:at least|minimum|min|requires?|required|needs?|needed|must|starting with|newer than"
    r"|later than|please (?:use|install|ensure)|make sure|advise|upgrade to|update to)\b",
    re.IGNORECASE,
)
#: What talks about versions without stating any.
_TALK = re.compile(
    r"\b(?:since|added|adds|introduced|fixed|fixes|removed|deprecated|prior|before|until|below"
    r"|older|earlier|instead of|downgrade|bugs?|issues?|errors?|fails?|broken|incompatible"
    r"|not|cannot|don't|doesn't|won't|compatible|as of|up to|supports?|supported|release notes"
    r"|changelog|encounter|if|when|likewise|recommended|recommend)\b",
    re.IGNORECASE,
)
_USED = re.compile(
    r"\b(?:tested|testing|measured|evaluated|evaluation|benchmark(?:s|ed)?|profil\w{1,4}|ran|runs?"
    r"|running|made|created|quantized|quantised|converted|trained|using|used|environment|setup"
    r"|conducted|built|produced|obtained)\b",
    re.IGNORECASE,
)
_HISTORY = re.compile(
    r"\b(?:changelog|change log|changes|what'?s new|news|updates?|history|release notes?"
    r"|known issues)\b",
    re.IGNORECASE,
)
_WANTED = re.compile(
    r"\b(?:requirements?|install\w{0,8}|dependenc\w{1,4}|prerequisites?)\b|要求|依赖|安装",
    re.IGNORECASE,
)
_INSTALL = re.compile(r"\b(?:pip3?|uv|conda|mamba|poetry)\b.{0,40}?\b(?:install|add)\b")
_REQUIREMENT = re.compile(
    r"[\s\"'-]{0,4}[A-Za-z][\w.-]{0,40}(?:\[[\w,-]{1,30}\])?\s?(?:==|>=|~=|<=)"
    r"\s?[\w.+*,<>=! ]{1,40}(?:#.{0,80})?"
)
_SOURCE = re.compile(
    r"git\+https?://github\.com/[\w.-]{1,40}/(?P<repo>[\w.-]{1,40})"
    r"|(?P<name>transformers|vllm|autogptq|autoawq)`?\s{1,2}from\s{1,2}(?:the\s)?"
    r"(?:source|github|main)|(?:build|install\w{0,5})\s(?:\w{1,12}\s){0,3}from\ssource",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[.;。]\s|\n\s*\n")
_FAILS = re.compile(r"\bnot\b|\bfail|\bbroken\b", re.IGNORECASE)
_BULLETS = "-*•· \t`_"
#: Lines that nobody wrote are not read.
_LONGEST = 4000
_NUMBERED = re.compile(r"\d\.\d")
#: What a line holds that names one of the packages.
_LETTERS = (
    *("transformers", "torch", "cuda", "vllm", "sglang", "gptq", "awq", "compress", "flash"),
    *("optimum", "accelerate", "bitsandbytes", "peft", "datasets", "tokenizers", "exllama"),
    "xformers",
)


class Stated(msgspec.Struct, frozen=True, kw_only=True):
    """A version on a card.

    Attributes:
        package: as package indexes call it; `cuda` for CUDA itself.
        version: as written, with what stands behind `+`.
        kind: what it is stated for.
        said: the words, `Transformers 4.38.2`.
        line, column: where.
        group: what was stated in one list, sentence, table or block of code has one number.
        heading: the last heading above it.
        code: whether it stands in a block of code.
    """

    package: str
    version: str
    kind: Kind
    said: str
    line: int
    column: int
    group: int
    heading: str = ""
    code: bool = False

    @property
    def value(self) -> Version:
        """The version, to compare."""
        return Version.of(self.version)

    @property
    def spot(self) -> Spot:
        """Where it stands."""
        return Spot(self.line, self.column)


@kept
def stated(document: Document) -> tuple[Stated, ...]:
    """Return the versions that a card states, in order."""
    worth = [
        number
        for number in lines_with(document, _LETTERS)
        if len(line := document.lines[number - 1]) < _LONGEST and _NUMBERED.search(line)
    ]
    return tuple(sorted(_stated(document, worth), key=lambda one: one.spot)) if worth else ()


def from_source(document: Document) -> str:
    """Return where a card says to build a package from its source; empty where it does not."""
    if "source" not in document.text and "git+" not in document.text:
        return ""
    found = _SOURCE.search(document.text)
    return " ".join(found[0].split()) if found else ""


def _stated(document: Document, worth: list[int]) -> Iterator[Stated]:
    """Yield the versions stated in passages, code and tables that hold one of some lines."""
    group, last = 0, ("", "")
    for passage in document.passages:
        here = (passage.kind, passage.heading)
        group += 0 if passage.kind == "item" and here == last else 1
        last = here
        if passage.kind != "heading" and _holds(worth, passage.line, passage.text):
            yield from _in_passage(document, passage, group)
    for code in document.codes:
        group += 1
        if _holds(worth, code.line, code.text):
            yield from _in_code(document, code, group)
    for grid in document.grids:
        group += 1
        for row in grid.rows:
            if len(row) > 1:
                yield from _in_row(row, group)


@lru_cache(maxsize=2048)
def _package(cell: str) -> str:
    """Return the package that a cell of a table names; empty for none."""
    return _NAMES.get(cell.strip().lower().removesuffix(" version"), "")


def _holds(worth: list[int], line: int, text: str) -> bool:
    """Say whether one of some lines stands in a text that begins at a line."""
    at = bisect.bisect_left(worth, line)
    return at < len(worth) and worth[at] <= line + text.count("\n")


def _in_row(row: Sequence[GridCell], group: int) -> Iterator[Stated]:
    for one, two in pairwise(row):
        # Of numbers there are many, and most stand behind one another.
        if not one.text[:1].isdigit():
            name = _package(one.text)
            if name:
                yield from _in_cell(name, one, two, group)


def _in_cell(name: str, one: GridCell, two: GridCell, group: int) -> Iterator[Stated]:
    number = two.text.strip().removeprefix("v")
    if re.fullmatch(_NUMBER, number, re.IGNORECASE) and readable(number):
        yield Stated(
            package=name,
            version=number,
            kind="stack",
            said=f"{one.text.strip()} {two.text.strip()}",
            line=two.at[0],
            column=two.at[1],
            group=group,
        )


def _in_passage(document: Document, passage: Passage, group: int) -> Iterator[Stated]:
    text, line, counted = passage.text, passage.line, 0
    last = line + text.count("\n") + 2
    for found in _STATED.finditer(text):
        line += text.count("\n", counted, found.start("version"))
        counted = found.start("version")
        kind = _kind(passage, found)
        if kind is None or not readable(found["version"]):
            continue
        spot = document.find(found["version"], line, min(line + 5, last))
        yield Stated(
            package=_NAMES[found["name"].lower()],
            version=found["version"],
            kind=kind,
            said=" ".join(found[0].strip("`*_ (\"'").split()),
            line=spot.line or passage.line,
            column=spot.column or passage.column,
            group=group,
            heading=passage.heading,
        )


def _kind(passage: Passage, found: re.Match[str]) -> Kind | None:
    """Return what a version in prose is stated for; none for one that is only talked about."""
    text, operator = passage.text, found["operator"] or ""
    before, after = text[max(0, found.start() - 160) : found.start()], text[found.end() :][:60]
    if operator in (">=", ">", "≥") or (not operator and _LATER.match(after)):
        return "least"
    if operator in ("<", "<=", "≤", "~=") or _HISTORY.search(passage.heading):
        return None
    sentence = _SENTENCE.split(before)[-1] + found[0] + _SENTENCE.split(after)[0]
    if operator == "==":
        return None if _FAILS.search(sentence) else "pin"
    begins = not before.strip(_BULLETS) and passage.kind == "item"
    if begins and len(after.strip()) < 45 and not _TALK.search(after):
        return "least" if _WANTED.search(passage.heading) else "stack"
    return "stack" if _within_list(passage, before) else _told(sentence)


def _told(sentence: str) -> Kind | None:
    """Return what a sentence tells of a version; none where it only talks about it."""
    if _TALK.search(sentence):
        return None
    if _ASKED.search(sentence):
        return "least"
    return "stack" if _USED.search(sentence) else None


def _within_list(passage: Passage, before: str) -> bool:
    """Say whether what stands before is nothing but another version of a list."""
    said = before.strip(_BULLETS)
    first = _STATED.match(said)
    rest = said[first.end() :] if first else ""
    return passage.kind == "item" and first is not None and not re.search(r"[a-z]{2}", rest)


def _in_code(document: Document, code: Code, group: int) -> Iterator[Stated]:
    for number, line in enumerate(code.text.split("\n")):
        if not ("=" in line or ">" in line) or len(line) > _LONGEST:
            continue
        comment = line.lstrip().startswith(("#", "//"))
        if comment or not (_INSTALL.search(line) or _REQUIREMENT.fullmatch(line)):
            continue
        for found in _STATED.finditer(line):
            kind: Kind | None = {"==": "pin", ">=": "least", ">": "least"}.get(  # type: ignore[assignment]
                found["operator"] or ""
            )
            if kind and readable(found["version"]):
                at = document.quote(code.line + number).find(found["version"])
                yield Stated(
                    package=_NAMES[found["name"].lower()],
                    version=found["version"],
                    kind=kind,
                    said=" ".join(found[0].split()),
                    line=code.line + number,
                    column=max(at, 0) + 1,
                    group=group,
                    heading=code.heading,
                    code=True,
                )
