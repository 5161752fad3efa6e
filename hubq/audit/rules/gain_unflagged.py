"""Quantized variants that score above their baseline, without a word about it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from hubq.audit.document import Document
from hubq.audit.held import plainly, rounded, where
from hubq.audit.intervals import told
from hubq.audit.lowered import holds_any, lines_with
from hubq.audit.pairing import base_of
from hubq.audit.prose import Sentence, sentences
from hubq.audit.rule import Rule, finding
from hubq.audit.scores import Score, scores
from hubq.audit.subject import Subject
from hubq.cards.published import exact, roles
from hubq.cards.published.sheets import Block, Place, Sheet
from hubq.evaluate.formats.known import plain
from hubq.evaluate.formats.remembering import remembered
from hubq.model.finding import Finding

_WORDS = (
    *("gain", "improv", "increase", "higher", "above", "better", "outscore", "outperform"),
    *("exceed", "surpass", "noise", "chance", "uncertain", "suspect", "fluctuat", "varian"),
    *("random", "significan"),
)
_WHOLE_WORDS = re.compile(r"(?:beat|lift)s?\b")
_FLAGS = re.compile(r"[*†‡§]|suspect|noise", re.IGNORECASE)
#: A card that says which differences are more than chance speaks of its gains as well.
_JUDGED = re.compile(
    r"confidence interval|95 ?% (?:ci\b|interval)|more than chance|standard error|p-value"
    r"|mcnemar|significan\w+ (?:at|after|level|test)|still significant|within the margin",
    re.IGNORECASE,
)
#: One of these is in each text that it finds.
_JUDGED_WORDS = (
    *(
        "confidence interval",
        "95%",
        "95 %",
        "more than chance",
        "standard error",
        "p-value",
        "mcnemar",
    ),
    *("significan", "within the margin"),
)
_LOSS = re.compile(r"error|false|loss|\bwer\b|\bcer\b|perplex", re.IGNORECASE)
_Gain = tuple[str, str, Place, Place]
_Said = tuple[str, str]


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each block of a table with gains that nothing on the card speaks of."""
    said: list[_Said] | None = None
    judged = False
    for sheet in subject.document.sheets:
        for block in sheet.blocks:
            found = list(_gains(block))
            if not found:
                continue
            if said is None:
                texts = (one.text for one in sentences(subject.document) if _speaks(one))
                said = [(text, plain(text)) for text in texts]
                judged = _is_judged(subject.document)
            told_of = [one for one in found if not _spoken_of(sheet, one, said, judged=judged)]
            if told_of:
                yield _finding(subject, sheet, block, told_of)


def _gains(block: Block) -> Iterator[_Gain]:
    """Yield variant, task, its score and the baseline's for each score above the baseline's."""
    if not block.baseline or "recovery" in block.roles.values():
        return
    for line in block.variants:
        name = base_of(block, line.name)
        if not name or not roles.is_quantized(f"{block.title} {line.name}"):
            continue
        for task in block.of("score"):
            place, base = block.score(line.name, task), block.score(name, task)
            if place is None or base is None or place.found.scale != base.found.scale:
                continue
            if _is_above(place, base) and not _is_loss(task):
                yield line.name, task, place, base


def _is_above(place: Place, base: Place) -> bool:
    one, two = place.found, base.found
    # Numbers printed to as many decimals keep their order.
    if one.decimals == two.decimals and (one.value or 0.0) <= (two.value or 0.0):
        return False
    return exact.decimal_of(one) > exact.decimal_of(two)


def _speaks(one: Sentence) -> bool:
    """Say whether a sentence has a word for gains, or for chance."""
    lower = one.lower
    return holds_any(lower, _WORDS) or (
        ("beat" in lower or "lift" in lower) and _WHOLE_WORDS.search(lower) is not None
    )


def _is_judged(document: Document) -> bool:
    lines = lines_with(document, _JUDGED_WORDS)
    return any(_JUDGED.search(document.quote(line)) for line in lines if line >= document.first)


@remembered
def _is_loss(task: str) -> bool:
    return "↓" in task or bool(_LOSS.search(task))


def _spoken_of(sheet: Sheet, gain: _Gain, said: Sequence[_Said], *, judged: bool) -> bool:
    variant, task, place, base = gain
    found = place.found
    if found.marks or found.row_marks or found.state == "suspect" or _FLAGS.search(found.variant):
        return True
    row = [cell for line in sheet.table.lines[found.row : found.row + 1] for cell in line]
    if any("suspect" in cell.lower() for cell in row):
        return True
    if judged:
        return True
    number = f"{found.value:.{found.decimals}f}"
    gap = str(exact.decimal_of(found) - exact.decimal_of(base.found))
    name = plain(task.partition("_")[0].rpartition(" / ")[2].partition("(")[0])
    own = plain(variant.partition(" / ")[0])
    for text, short in said:
        if number in text or gap in text:
            return True
        if name and name in short and own in short:
            return True
    return False


def _finding(subject: Subject, sheet: Sheet, block: Block, gains: Sequence[_Gain]) -> Finding:
    known = {id(one.place): one for one in scores(subject.document)}
    most = max(gains, key=_gap)
    texts = [_text(one, known) for one in gains]
    return finding(
        subject,
        RULE.id,
        f"{where(block, sheet=sheet) or 'the table'}: quantized variants score above "
        f"{_bases(block, gains)}, and the card says nothing of it: {plainly(texts, 8, '; ')}",
        severity="info",
        at=most[2].found.at,
        said=most[2].found.shown,
        remedy="Say whether the gain is more than chance, or whether the two runs differ in more "
        "than the weights.",
        part=f"{block.title} {most[0]} {most[1]}",
    )


def _bases(block: Block, gains: Sequence[_Gain]) -> str:
    return plainly(
        list(dict.fromkeys(base_of(block, variant) for variant, *_ in gains)), 4, " and "
    )


def _gap(gain: _Gain) -> float:
    _, _, place, base = gain
    return (place.found.fraction or 0) - (base.found.fraction or 0)


def _text(gain: _Gain, known: dict[int, Score]) -> str:
    variant, task, place, base = gain
    own, theirs = exact.decimal_of(place.found), exact.decimal_of(base.found)
    digits = max(place.found.decimals, base.found.decimals)
    text = f"{variant} on {task} {own} against {theirs} (+{rounded(own - theirs, digits)}"
    one, two = known.get(id(place)), known.get(id(base))
    if one is not None and two is not None:
        verdict, limit = told(one, two)
        if verdict == "never":
            text += ", too small to be told from chance"
        elif limit is not None:
            text += f", more than chance only if fewer than {min(limit, 1):.1%} of answers changed"
        elif verdict == "always":
            text += ", more than chance"
    return f"{text})"


RULE = Rule(
    id="gain-unflagged",
    group="scores",
    title="A quantized variant scores above its baseline, and the card says nothing of it",
    severity="info",
    why=(
        "Quantizing adds noise; it does not make a model better. A score above the baseline's is "
        "chance, or a sign that the two were not measured alike: another prompt, another harness, "
        "another checkpoint. Cards that flag losses and not gains hide that."
    ),
    example=(
        "`| GPTQ-Int4 | 60.30 |` under a BF16 of 58.20 on MathVista: +2.10, which is more than "
        "chance only if fewer than 11.5% of the answers changed."
    ),
    fix=(
        "Say how many answers changed, or that the gain is within chance; measure both again in "
        "one run where it is not."
    ),
    check=check,
    sources=("https://arxiv.org/abs/2407.09141",),
)
