"""Statements: sentences of a card's prose held against its own scores.

Sentences are taken that say of quantized variants how they compare with their baseline, or of one
variant that it beats another, or which differences are noise. What the card's counts cannot tell
either way is said to be unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

import msgspec

from hubq import stats
from hubq.audit import claims
from hubq.audit.document import Document
from hubq.audit.held import plainly, rounded
from hubq.audit.intervals import MOST_CHANGED, told
from hubq.audit.kept import kept
from hubq.audit.pairing import base_of
from hubq.audit.prose import Sentence, sentences, start_of
from hubq.audit.scores import Score, scores
from hubq.cards.published import exact, roles
from hubq.cards.published.sheets import Block, Place
from hubq.evaluate.formats.known import plain
from hubq.evaluate.formats.remembering import remembered
from hubq.model.audit import Statement, Told

#: Of so many scores most fall only if something was lost.
_FEW = 6
_MOST_CLAUSES = 20
_CLAUSES = re.compile(r";\s")


class _Fall(msgspec.Struct, frozen=True, kw_only=True):
    """A quantized score beside its baseline's; `gap` is in points and negative for a loss."""

    variant: str
    task: str
    own: Place
    base: Place
    gap: Decimal
    share: Decimal
    told: Told
    limit: float | None

    @property
    def decided(self) -> bool:
        """Whether the loss is more than chance however plausibly many answers changed."""
        wide = self.limit is not None and self.limit >= MOST_CHANGED
        return self.gap < 0 and (self.told == "always" or wide)

    def __str__(self) -> str:
        text = (
            f"{self.variant} on {self.task} goes from {self.base.found.shown} to "
            f"{self.own.found.shown}"
        )
        if self.told == "sometimes" and self.limit is not None:
            text += f" (more than chance if fewer than {min(self.limit, 1):.0%} of answers changed)"
        return text


@kept
def statements(document: Document) -> tuple[Statement, ...]:
    """Return every statement on scores in a card's prose, held against its tables."""
    every = (block for sheet in document.sheets for block in sheet.blocks)
    blocks = [block for block in every if block.of("score", "average")]
    if not any(len(block.variants) > 1 for block in blocks):
        return ()
    found: list[Statement] = []
    for one in sentences(document):
        if len(one.text) > 1000 or not claims.claims(one):
            continue
        said = _held(one, document) or _compared_in(one, blocks, document)
        if said is not None:
            told_so, why = said
            line, column = start_of(document, one)
            found.append(Statement(line=line, column=column, text=one.text, told=told_so, why=why))
    return tuple(found)


def _held(one: Sentence, document: Document) -> tuple[Told, str] | None:
    noise = claims.noise(one)
    if noise:
        return _noise(Decimal(noise["much"]), scores(document))
    within, keeps = claims.within(one), claims.keeps(one)
    if not (within or keeps or claims.is_lossless(one)):
        return None
    own = _meant(one, _falls(document))
    if not own or (len(own) > 1 and claims.SOME.search(one.text) and not _tasks_named(one, own)):
        return None
    if within:
        return _within(Decimal(within["much"]), within["unit"], own)
    if keeps:
        return _keeps(Decimal(keeps["much"]), own, average="average" in one.lower)
    return _lossless(own, absolute=claims.is_unhedged(one))


@kept
def _falls(document: Document) -> tuple[_Fall, ...]:
    return tuple(_every_fall(document))


def _every_fall(document: Document) -> Iterator[_Fall]:
    known = {id(one.place): one for one in scores(document)}
    for sheet in document.sheets:
        for block in sheet.blocks:
            for line in block.variants if block.baseline else ():
                if roles.is_quantized(f"{block.title} {line.name}"):
                    yield from _of(block, line.name, known)


def _of(block: Block, variant: str, known: dict[int, Score]) -> Iterator[_Fall]:
    name = base_of(block, variant)
    for task in block.of("score", "average") if name else ():
        own, base = block.score(variant, task), block.score(name, task)
        if own is None or base is None or own.found.scale != base.found.scale or "↓" in task:
            continue
        one, two = exact.decimal_of(own.found), exact.decimal_of(base.found)
        scale = 100 if own.found.scale == "fraction" else 1
        mine, theirs = known.get(id(own)), known.get(id(base))
        verdict, limit = told(mine, theirs) if mine and theirs else ("unknown", None)
        yield _Fall(
            variant=variant,
            task=task,
            own=own,
            base=base,
            gap=(one - two) * scale,
            share=one / two * 100 if two else Decimal(100),
            told=verdict,
            limit=limit,
        )


def _meant(one: Sentence, falls: Sequence[_Fall]) -> list[_Fall]:
    """Return the scores that a sentence speaks of: of variants and tasks that it names, or all."""
    short = plain(one.text)
    own = [fall for fall in falls if _is_named(fall.variant, short)] or list(falls)
    return [fall for fall in own if _is_named(fall.task, short)] or own


def _tasks_named(one: Sentence, falls: Sequence[_Fall]) -> bool:
    short = plain(one.text)
    return any(_is_named(fall.task, short) for fall in falls)


def _is_named(name: str, short: str) -> bool:
    found = _core(name)
    return len(found) > 2 and found in short


@remembered
def _core(name: str) -> str:
    return plain(name.rpartition(" / ")[2].partition("(")[0].partition("_")[0])


def _lossless(falls: Sequence[_Fall], *, absolute: bool) -> tuple[Told, str]:
    """Hold a claim of no loss against the losses.

    One of a whole point is no "no loss" at all, and neither is one on nearly every benchmark.
    """
    decided = [fall for fall in falls if fall.decided or (absolute and fall.gap <= -1)]
    if decided:
        return "never", f"{plainly([str(one) for one in decided], 4, '; ')}"
    losses = [fall for fall in falls if fall.gap < 0]
    if absolute and len(falls) >= _FEW and 5 * len(losses) >= 4 * len(falls):
        return "never", plainly([str(one) for one in losses], 4, "; ")
    open_ = [fall for fall in losses if fall.told == "sometimes"]
    if open_:
        return "sometimes", f"{plainly([str(one) for one in open_], 4, '; ')}"
    if any(fall.told == "unknown" for fall in losses):
        return "unknown", "over how many questions the losses are is not known"
    return "always", "no loss in the tables is more than chance"


def _within(much: Decimal, unit: str, falls: Sequence[_Fall]) -> tuple[Told, str]:
    percent = unit in ("%", "percent")
    over = [
        fall
        for fall in falls
        if fall.gap < 0 and -fall.gap > much + 1 and (not percent or 100 - fall.share > much + 1)
    ]
    near = [
        fall
        for fall in falls
        if fall.gap < 0 and -fall.gap > much and (not percent or 100 - fall.share > much)
    ]
    texts = [f"{fall} ({rounded(fall.gap, 2)} points)" for fall in near]
    if over or near:
        return "never", plainly(texts, 4, "; ")
    return "always", f"no score in the tables falls by more than {much}"


def _keeps(much: Decimal, falls: Sequence[_Fall], *, average: bool) -> tuple[Told, str]:
    means = [fall for fall in falls if "av" in fall.task.lower() or "mean" in fall.task.lower()]
    own = means if average and means else falls
    low = [fall for fall in own if fall.share < much - Decimal("0.05")]
    texts = [f"{fall} ({rounded(fall.share, 2)}%)" for fall in low]
    if low and (average or len(low) == len(own)):
        return "never", plainly(texts, 4, "; ")
    if low:
        return "unknown", f"not of every score: {plainly(texts, 4, '; ')}"
    return "always", f"every score in the tables keeps at least {much}%"


def _noise(much: Decimal, every: Sequence[Score]) -> tuple[Told, str] | None:
    """Hold "below 0.5 points is noise" against what could have been found at all."""
    sizes = {one.task: one.size.n for one in every if one.size.what == "count" and one.size.n > 1}
    found = {task: stats.detectable_range(n)[0] for task, n in sizes.items()}
    far = {
        task: Decimal(str(100 * gap)) for task, (_, gap) in found.items() if 100 * gap > 2 * much
    }
    if not found:
        return None
    if far:
        texts = [f"{rounded(gap, 1)} points on {task} ({sizes[task]})" for task, gap in far.items()]
        return "never", (
            f"with so many questions, even if only {next(iter(found.values()))[0]:.0%} of the "
            f"answers change, differences are found from {plainly(texts, 4)} on; smaller ones are "
            f"noise too"
        )
    return "always", f"differences of {much} points are below what could have been found"


def _compared_in(
    one: Sentence, blocks: Sequence[Block], document: Document
) -> tuple[Told, str] | None:
    """Hold the comparisons of a sentence, clause by clause; the worst of them counts."""
    if not claims.compares(one):
        return None
    clauses = _CLAUSES.split(one.text)
    found = [
        said
        for clause in clauses[:_MOST_CLAUSES]
        if (said := _beaten(msgspec.structs.replace(one, written=clause), blocks, document))
        is not None
    ]
    return next((said for said in found if said[0] == "never"), found[0] if found else None)


def _beaten(one: Sentence, blocks: Sequence[Block], document: Document) -> tuple[Told, str] | None:
    """Hold "A is ahead of B on T" against their scores."""
    for pattern, ahead in ((claims.BEATS, True), (claims.TRAILS, False)):
        found = pattern.search(one.text)
        if found is None:
            continue
        every = bool(found["all"]) or bool(claims.ALL.search(found["rest"]))
        if ahead and every and claims.BASE.match(found["rest"]):
            return _all_gains(_meant(one, _falls(document)))
        lead, rest = one.text[: found.start()], plain(found["rest"])
        for block in _in_order(one, blocks):
            pair = _named_pair(block, lead, rest)
            if pair is not None:
                first, second = pair if ahead else pair[::-1]
                return _compared(block, first, second, plain(one.text), every=every)
    return None


def _all_gains(falls: Sequence[_Fall]) -> tuple[Told, str] | None:
    losses = [fall for fall in falls if fall.gap < 0]
    if not falls:
        return None
    if losses:
        return "never", plainly([str(one) for one in losses], 4, "; ")
    return "unknown", "whether the gains are more than chance is not known"


def _in_order(one: Sentence, blocks: Sequence[Block]) -> Sequence[Block]:
    """Return the blocks whose model a sentence names, or all of them."""
    short = plain(one.text)
    named = [block for block in blocks if block.title and _titled(block.title, short)]
    return named or blocks


def _titled(title: str, short: str) -> bool:
    found = plain(re.split(r"[,(]", title.rpartition(" / ")[2])[0])
    return len(found) > 2 and found in short


def _named_pair(block: Block, lead: str, rest: str) -> tuple[str, str] | None:
    """Return the two variants of a block that stand around the words of a comparison."""
    names = {line.name: _short(line.label) for line in block.variants}
    before = plain(lead[-80:])
    first = [name for name, short in names.items() if len(short) > 2 and before.endswith(short)]
    second = [
        name
        for name, short in names.items()
        if len(short) > 2 and rest.removeprefix("the").startswith(short)
    ]
    # GPTQ begins GPTQ-Int4: the longest name is meant.
    one, two = max(first, key=len, default=""), max(second, key=len, default="")
    return (one, two) if one and two and one != two else None


@remembered
def _short(name: str) -> str:
    return plain(name.rpartition(" / ")[2].partition("(")[0])


def _compared(
    block: Block, first: str, second: str, short: str, *, every: bool
) -> tuple[Told, str] | None:
    pairs = [
        (task, one, two)
        for task in block.of("score", "average")
        if (one := block.score(first, task)) is not None
        and (two := block.score(second, task)) is not None
    ]
    named = [pair for pair in pairs if _is_named(pair[0], short)]
    means = [pair for pair in pairs if block.roles.get(pair[0]) == "average"]
    pairs = named or (means if "average" in short else []) or pairs
    if not pairs:
        return None
    behind = [
        (task, one, two)
        for task, one, two in pairs
        if exact.decimal_of(one.found) < exact.decimal_of(two.found)
    ]
    texts = [
        f"{task}: {first} {one.found.shown}, {second} {two.found.shown}"
        for task, one, two in behind
    ]
    if len(behind) == len(pairs) or (every and behind):
        return "never", plainly(texts, 4, "; ")
    if behind:
        return "unknown", f"not on every benchmark: {plainly(texts, 4, '; ')}"
    return "unknown", "it is ahead on all of them; whether by more than chance is not known"
