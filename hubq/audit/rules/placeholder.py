"""A piece of a template that nobody filled in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from hubq.audit.document import Document
from hubq.audit.lowered import lines_with
from hubq.audit.parts import Spot
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.model.finding import Finding

#: Names that templates of cards use; others in braces may be parts of a prompt.
_NAMES = (
    r"(?:hf_|hub_|base_|source_|target_|quant(?:ized)?_)?(?:repo|model)(?:_?(?:id|name|repo|path|url"
    r"|size|card|type|description|summary|index))?|(?:base|quant)_?(?:model|method|type|config)"
    r"|repository|user_?name|organi[sz]ation|author|license(?:_?(?:name|link))?|bits|group_?size"
    r"|version|date|score|accuracy|perplexity|languages?|developers|citation_\w+|testing_\w+|\w+_score"
    r"|results(?:_\w+)?|benchmarks?|model_\w+|variant|precision|namespace|org"
)
_DOUBLE = re.compile(r"\{\{-?\s*(?P<name>[A-Za-z_][\w.]*)(?:\s*\|[^{}\n]{1,80})?\s*-?\}\}")
_BLOCK = re.compile(
    r"\{%-?\s*(?:if|for|endif|endfor|else|set|include|block|endblock)\b[^{}\n]{0,200}%\}"
)
_SINGLE = re.compile(rf"(?<![{{$\\])\{{(?P<name>{_NAMES})\}}(?!\}})")
_UPPER = re.compile(r"(?<![{$\\\w])\{(?P<name>[A-Z]{2,}(?:_[A-Z0-9]+)+)\}(?!\})")
_NEEDED = re.compile(r"\[?\bMore Information Needed\b\]?|\bTo be filled\b(?: in)?", re.IGNORECASE)
_UNKNOWN = re.compile(
    r"(?:(?<![\w?=&/])\?(?:x\b| ?%)(?=[ )|<,;*]|$)|(?<=[|(>])\s*\?(?:s|x|GB|ms|%)(?=[ )|<,;*]|$)"
    r"|(?<![\w.])[xX]{2,}\.[xX]{1,3}%?(?![\w.])|(?<![\w.])[xX]{1,3}\.[xX]{1,3} ?%)"
)
_OPEN = re.compile(
    r"^[\s|>*_#-]*(?:[^|]{0,60}[:：]\s*)?[*_`\[]*(?P<word>TBD|TODO|FIXME|TBA)\b[\])*_`.!]*\s*$"
)
_CELL = re.compile(r"\|\s*[*_`]*(?P<word>TBD|TODO|FIXME)[*_`]*\s*(?=\|)")
_LOREM = re.compile(r"\blorem ipsum dolor\b", re.IGNORECASE)
_PROMPTS = re.compile(r"prompt|template|chat|format|jinja|handlebars|ollama", re.IGNORECASE)
_SPEECH = re.compile(
    r"(?i:prompts?|system\w*|user\w*|assistant\w*|content|role|messages?|inputs?|instructions?"
    r"|questions?|responses?|answers?|[be]os_token|context|query|text|\.\w+)"
)
_INLINE = re.compile(r"(?<!`)(`{1,3})(?!`)[^`\n]{1,500}(?<!`)\1(?!`)")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_CITED = re.compile(r"^\s*(?:@\w+\{|\w+\s*=\s*\{)")
_MODEL = re.compile(
    r"(?:from_pretrained|from_quantized|pipeline|LLM|snapshot_download|load)\(|vllm serve|download "
    r"|--model|model(?:_id|_name|_path)?\s*[=:]|repo(?:_id|_name|_name_or_path)?\s*[=:]|pretrained="
    r"|huggingface\.co/",
)
_FILLED = re.compile(r"\b[rR]?[fF][rR]?[\"']|\.format\(|\$\{|%\(")
_ANY = re.compile(r"\{|\?[x%sGm ]|needed|filled|TBD|TODO|FIXME|TBA|x\.x|lorem", re.IGNORECASE)
_LONGEST = 20_000
"""Characters of a line that is looked at."""
_LITERALS = (
    "{",
    "nformation needed",
    "be filled",
    "?",
    "tbd",
    "todo",
    "fixme",
    "tba",
    "x.x",
    "lorem",
)


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each line that holds an unfilled piece of a template."""
    document = subject.document
    numbers = lines_with(document, _LITERALS)
    for at, found in _pieces(document, numbers) if numbers else ():
        yield finding(
            subject,
            RULE.id,
            _words(found[0]),
            severity="warning",
            at=Spot(at, found.start() + 1),
            said=found[0].strip(" |:#>"),
            remedy="Fill it in, or take the sentence or the row out.",
            part=found[0].strip(),
        )


def _words(piece: str) -> str:
    if "{" in piece:
        return "a variable of a template stands where its value belongs"
    if "?" in piece or ("x" in piece.lower() and "." in piece):
        return "a number was to be put here and was not"
    return "a piece of a template was never filled in"


def _pieces(document: Document, numbers: Sequence[int]) -> Iterator[tuple[int, re.Match[str]]]:
    """Yield (line, piece of a template), the first of each line; comments are left out.

    Args:
        document: the card.
        numbers: of the lines that are looked at.
    """
    text = document.text
    if "<!--" in text:
        text = _COMMENT.sub(lambda one: re.sub(r"[^\n]", " ", one[0]), text)
    codes, lines = document.coded, text.split("\n")
    for at in numbers:
        line = lines[at - 1]
        if len(line) > _LONGEST or not _ANY.search(line):
            continue
        code, front = at in codes, at < document.first
        plain = line if code or front or "`" not in line else _INLINE.sub(_blank, line)
        found = next(_variables(plain, code=code), None) if "{" in plain else None
        if found is None and not code and not front:
            found = next(_gaps(plain), None)
        if found is not None:
            yield at, found


def _gaps(line: str) -> Iterator[re.Match[str]]:
    """Yield what says in a line of prose that something is still to come."""
    for pattern in (_NEEDED, _OPEN, _CELL, _LOREM, _UNKNOWN):
        found = pattern.search(line)
        if found and "://" not in line[: found.start()].rpartition(" ")[2]:
            yield found


def _variables(line: str, *, code: bool) -> Iterator[re.Match[str]]:
    """Yield variables of templates in a line."""
    if _CITED.match(line) or "\\" in line:
        return
    if code:
        yield from _of_code(line)
        return
    for pattern in (_DOUBLE, _SINGLE, _UPPER):
        for one in pattern.finditer(line):
            if not _SPEECH.fullmatch(one["name"].rpartition(".")[2]):
                yield one
    if not _PROMPTS.search(line):
        yield from _BLOCK.finditer(line)


def _of_code(line: str) -> Iterator[re.Match[str]]:
    """Yield variables that stand for an id or a path of a model in code that fills in nothing."""
    if _FILLED.search(line) or not _MODEL.search(line):
        return
    for pattern in (_DOUBLE, _UPPER, _SINGLE):
        for one in pattern.finditer(line):
            if re.fullmatch(_NAMES, one["name"].lower()):
                yield one


def _blank(found: re.Match[str]) -> str:
    return "`" * len(found[0])


RULE = Rule(
    id="placeholder",
    group="prose",
    title="A placeholder of a template was never filled in",
    severity="warning",
    why="The card was made from a template, and this part of it by nobody: the number, the name or "
    "the sentence that belongs there was never written. Commands with such a name do not run.",
    example="""`| Peak memory (GB) | 6.5 | 2.9 (?% reduction) |`, `## Evaluation` with `TBD` below,
`[More Information Needed]`, `vllm serve {REPO_ID}`, `This is {{ model_name }} in 4 bits.`

Chat templates, prompts such as `{prompt}`, f-strings, LaTeX and BibTeX are left alone.""",
    fix="Fill it in, or take it out.",
    check=check,
    sources=("https://huggingface.co/docs/hub/model-card-annotated",),
)
