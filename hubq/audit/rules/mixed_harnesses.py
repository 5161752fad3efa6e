"""Tables whose scores come from different harnesses."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hubq.audit.document import Document
from hubq.audit.held import plainly, where
from hubq.audit.lowered import fold, holds_any, lines_with, lowered
from hubq.audit.prose import sentences, start_of
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.cards.published.sheets import Block, Sheet
from hubq.evaluate.formats.known import plain
from hubq.evaluate.formats.remembering import remembered
from hubq.model.finding import Finding

_HARNESSES = {
    "lm-eval": r"lm[-_ ]?eval(?:uation)?(?:[-_ ]harness)?\b",
    "lmms-eval": r"lmms[-_ ]?eval\b",
    "VLMEvalKit": r"vlm[-_ ]?eval[-_ ]?kit\b",
    "OpenCompass": r"open[-_ ]?compass\b",
    "EvalScope": r"evalscope\b",
    "LightEval": r"lighteval\b",
    "simple-evals": r"simple[-_ ]evals\b",
    "mistral-evals": r"mistral[-_ ]evals\b",
    "EvalPlus": r"evalplus\b",
    "HELM": r"\bHELM\b",
}
_NAMED = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in _HARNESSES.items()}
_ANY = re.compile("|".join(_HARNESSES.values()), re.IGNORECASE)
_TAKEN = re.compile(
    r"(?:baseline|bf16|fp16|original|unquantized|full[- ]precision|reference)\b[^.]{0,60}\b(?:taken"
    r"|copied|quoted|reported|borrowed|cited)\b[^.]{0,20}\b(?:from|by|in)\b[^.]{0,80}",
    re.IGNORECASE,
)
#: One of these is in each harness's name, without what may stand between its words.
_WORDS = (
    *("lmeval", "lmmseval", "vlmevalkit", "opencompass", "evalscope", "lighteval", "simpleevals"),
    *("mistralevals", "evalplus", "helm"),
)
_BASE_WORDS = ("baseline", "bf16", "fp16", "original", "quantized", "precision", "reference")
_TAKEN_WORDS = ("taken", "copied", "quoted", "reported", "borrowed", "cited")
_BASE = re.compile(
    r"unquanti[sz]ed|baseline|\bbase model|original|full[- ]precision|\bbf16\b|\bfp16\b|\bfloat\b",
    re.IGNORECASE,
)
_OURS = re.compile(
    r"quanti[sz]ed|\bours\b|this model|int[48]\b|gptq|awq|fp8|w\d+a\d+|variants?\b", re.IGNORECASE
)


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each table that mixes harnesses, by its own labels or the text."""
    document = subject.document
    if not any(block.of("score", "average") for sheet in document.sheets for block in sheet.blocks):
        return
    if _may_name(lowered(document)) and _names_any(document):
        for sheet in document.sheets:
            for block in sheet.blocks:
                yield from _labels(subject, sheet, block)
        yield from _said(subject)
    taken = holds_any(document.text, _TAKEN_WORDS)
    for passage in document.passages if taken else ():
        lower = fold(passage.text)
        if not (holds_any(lower, _TAKEN_WORDS) and holds_any(lower, _BASE_WORDS)):
            continue
        found = _TAKEN.search(passage.text) if len(passage.text) < 2000 else None
        if found:
            line = passage.line_of(found.start())
            yield finding(
                subject,
                RULE.id,
                "the baseline's scores were not measured with the variants', so that the "
                "differences hold what the two ways of measuring differ in as well",
                severity="info",
                at=(line, 1),
                said=" ".join(found[0].split()),
                remedy="Measure the baseline in the same run.",
                part="baseline",
            )


def _names_any(document: Document) -> bool:
    lines = lines_with(document, ("eval", "compass", "helm"))
    return any(_ANY.search(document.quote(line)) for line in lines)


def _may_name(lower: str) -> bool:
    """Say whether a text in small letters may name a harness."""
    if "eval" not in lower and "compass" not in lower and "helm" not in lower:
        return False
    short = lower.replace("-", "").replace("_", "").replace(" ", "")
    return holds_any(short, _WORDS)


def _said(subject: Subject) -> Iterator[Finding]:
    """Find sentences that give the baseline one harness and the variants another."""
    for one in sentences(subject.document) if subject.document.sheets else ():
        if not _may_name(one.lower) or not _ANY.search(one.text):
            continue
        names = [name for name, pattern in _NAMED.items() if pattern.search(one.text)]
        if len(names) > 1 and _BASE.search(one.text) and _OURS.search(_BASE.sub("", one.text)):
            yield finding(
                subject,
                RULE.id,
                f"the baseline and the variants were measured with different harnesses "
                f"({plainly(names)}), so that their differences hold what the harnesses differ in",
                severity="info",
                at=start_of(subject.document, one),
                said=one.text[:200],
                remedy="Measure both with one harness.",
                part=plainly(names),
            )


def _labels(subject: Subject, sheet: Sheet, block: Block) -> Iterator[Finding]:
    """Find variants, or columns of one benchmark, whose labels name different harnesses."""
    if not block.of("score", "average"):
        return
    lines = {
        line.name: name
        for line in block.variants
        for name in _named(_label(sheet, line.name))
        if len(plain(_ANY.sub("", line.name))) > 1
    }
    tasks: dict[str, dict[str, str]] = {}
    for task in block.of("score"):
        for name in _named(_label(sheet, task)):
            tasks.setdefault(plain(_ANY.sub("", task)), {})[task] = name
    tasks.pop("", None)
    for labels in (lines, *tasks.values()):
        if len(set(labels.values())) > 1:
            place = next(place for cell, place in block.cells.items() if set(cell) & set(labels))
            names = plainly([f"{label} with {name}" for label, name in labels.items()])
            yield finding(
                subject,
                RULE.id,
                f"{where(block, sheet=sheet) or 'the table'}: scores of different harnesses stand "
                f"beside one another: {names}",
                severity="info",
                at=place.found.at,
                said=place.found.shown,
                remedy="Compare scores of one harness only.",
                part=names,
            )


def _label(sheet: Sheet, name: str) -> str:
    """Return a label with the footnotes that it refers to."""
    notes = [text for mark, text in sheet.table.notes.items() if name.endswith(mark)]
    return " ".join((name, *notes))


@remembered
def _named(text: str) -> tuple[str, ...]:
    if not _may_name(fold(text)):
        return ()
    return tuple(name for name, pattern in _NAMED.items() if pattern.search(text))[:1]


RULE = Rule(
    id="mixed-harnesses",
    group="scores",
    title="A table mixes scores of different harnesses",
    severity="info",
    why=(
        "Harnesses differ in prompts, in how answers are read and in what they count. DocVQA of "
        "one and the same model is 89.35 with lmms-eval and 88.34 with VLMEvalKit: a difference "
        "larger than most of those that quantizing makes."
    ),
    example="`BF16 (VLMEvalKit) | 88.34` beside `AWQ (lmms-eval) | 88.70`.",
    fix="Measure all rows with one harness and one version of it, and name it.",
    check=check,
    sources=(
        "https://github.com/EvolvingLMMs-Lab/lmms-eval",
        "https://github.com/open-compass/VLMEvalKit",
    ),
)
