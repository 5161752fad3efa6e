"""Decisions: which variant for whom, as far as published numbers can say it, and no further."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from hubq.cards.prose.wording import grouped, listed
from hubq.cards.published.memories import memory_text
from hubq.cards.published.notebook import COUNT, Notebook, outside
from hubq.cards.published.sheets import Block, Line
from hubq.cards.published.spreads import told_text
from hubq.cards.published.telling import Tell
from hubq.cards.tables.margins import MarginTable
from hubq.model.card import Claim
from hubq.model.marks import without_signs


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the decision matrix; an empty text is silence: the numbers decide nothing there."""

    variant: str
    when: str
    avoid: str
    undecided: str


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What the numbers of one block decide.

    Attributes:
        title: the model or group, else what stands over the table; ready to print.
        baseline: what the variants are held against, ready to print.
        choices: the matrix; empty without a baseline.
        sentences: on each variant, marked and ready to print.
        gains: on each score above the baseline.
        pairs: on variants of the same bits.
        silence: why nothing at all can be told; empty where something can.
        untold: how many differences that is said of.
    """

    title: str
    baseline: str
    choices: tuple[Choice, ...]
    sentences: tuple[str, ...]
    gains: tuple[str, ...]
    pairs: tuple[str, ...]
    silence: str = ""
    untold: Claim | None = None


def decision(
    book: Notebook,
    block: Block,
    told: Sequence[Tell],
    margins: Sequence[MarginTable],
    speeds: Sequence[Block],
) -> Decision:
    """Return what a block's numbers decide.

    Args:
        book: the report's claims.
        block: of scores.
        told: what can be told of each difference to the baseline.
        margins: the variants of the same bits side by side.
        speeds: the blocks of speed tables, whose memory goes into the matrix.
    """
    whys = {one.why for one in told}
    others = [line for line in block.variants if line.name != block.baseline]
    if len(whys) == 1 and "" not in whys and len(told) > 1:
        count = book.derived(f"{block.path}/untold", len(told), COUNT)
        return _silent(block, outside(*whys), count, told)
    own = {line.name: [one for one in told if one.second == line.name] for line in others}
    return Decision(
        title=outside(block.title),
        baseline=outside(block.baseline),
        choices=tuple(
            _choice(book, block, line, own[line.name], margins=margins, speeds=speeds)
            for line in others
        )
        if told
        else (),
        sentences=tuple(text for line in others for text in _sentences(line, own[line.name])),
        gains=tuple(_gain(one) for one in told if one.gain),
        pairs=tuple(text for table in margins for text in _pair(table)),
    )


def _silent(block: Block, why: str, count: Claim, told: Sequence[Tell]) -> Decision:
    """Return the decision of a block of which nothing can be told; gains are named all the same."""
    gains = [f"{outside(one.second)} on {_with_delta(one)}" for one in told if one.gain]
    return Decision(
        title=outside(block.title),
        baseline=outside(block.baseline),
        choices=(),
        sentences=(),
        gains=(f"Above {outside(block.baseline)}: {listed(gains)}.",) if gains else (),
        pairs=(),
        silence=why,
        untold=count,
    )


def _choice(
    book: Notebook,
    block: Block,
    line: Line,
    told: Sequence[Tell],
    *,
    margins: Sequence[MarginTable],
    speeds: Sequence[Block],
) -> Choice:
    losses = [one for one in told if one.kind == "decided" and not one.gain]
    avoid = [f"{outside(one.task)} matters ({one.delta} points)" for one in losses]
    when = [text for text in (memory_text(book, speeds, block.title, line.variant),) if text]
    for table in margins:
        ahead, behind = _leads(table, without_signs(line.name))
        when += ahead
        avoid += behind
    undecided = [outside(one.task) for one in told if one.kind != "decided"]
    every = len(undecided) == len(told) > 1
    return Choice(
        variant=outside(line.name),
        when=listed(when),
        avoid=listed(avoid),
        undecided="every task" if every else listed(undecided),
    )


def _leads(table: MarginTable, name: str) -> tuple[list[str], list[str]]:
    """Return where a variant is ahead of its rival by more than chance, and where behind it."""
    found: tuple[list[str], list[str]] = ([], [])
    if name not in (table.first, table.second):
        return found
    rival = table.second if name == table.first else table.first
    for row in table.rows:
        if row.leader != "open" and row.margin is not None:
            side, word = (0, "above") if row.ahead == name else (1, "below")
            text = f"{outside(row.task)} matters ({row.margin.size} points {word} {outside(rival)})"
            found[side].append(text)
    return found


def _sentences(line: Line, told: Sequence[Tell]) -> list[str]:
    """Return what is to be said of a variant: what is decided, what hangs on more, what is not."""
    name = outside(line.name)
    by = {kind: [one for one in told if one.kind == kind and not one.gain] for kind in _KINDS}
    found = []
    if by["decided"]:
        base = outside(by["decided"][0].first)
        tasks = listed(_decided(one) for one in by["decided"])
        found.append(f"{name} is below {base} by more than chance: {tasks}.")
    if by["open"]:
        base = outside(by["open"][0].first)
        tasks = listed(f"{_with_delta(one)} if fewer than {one.limit} %" for one in by["open"])
        found.append(
            f"{name} is below {base} by more than chance only if few answers changed: {tasks}."
        )
    if by["chance"]:
        tasks = listed(_with_delta(one) for one in by["chance"])
        found.append(
            f"On {tasks}, {name} cannot be told from {outside(by['chance'][0].first)}, however "
            "few answers changed."
        )
    for why, names in grouped((one.why, _with_delta(one)) for one in by["unknown"]).items():
        found.append(f"On {listed(names)}, nothing can be told of {name}: {outside(why)}.")
    return found


_KINDS = ("decided", "open", "chance", "unknown")


def _with_delta(one: Tell) -> str:
    return f"{outside(one.task)} ({one.delta} points)"


def _decided(one: Tell) -> str:
    if one.limit is None:
        return f"{_with_delta(one)} however many answers changed"
    return f"{_with_delta(one)} unless {one.limit} % or more of the answers changed"


def _gain(one: Tell) -> str:
    said = f"nothing can be told of it: {outside(one.why)}" if one.why else told_text(one)
    return (
        f"{outside(one.second)} reads {one.delta.size} points above {outside(one.first)} on "
        f"{outside(one.task)}: {said}."
    )


def _pair(table: MarginTable) -> Iterable[str]:
    """Say of two variants of the same bits where one leads, and where nothing separates them."""
    first, second = outside(table.first), outside(table.second)
    sure = [row for row in table.rows if row.leader != "open" and row.margin is not None]
    unsure = [row for row in table.rows if row.leader == "open" and row.margin is not None]
    for row in sure:
        if row.margin is not None:
            ahead, task = outside(row.ahead), outside(row.task)
            yield f"{ahead} leads on {task} by {row.margin.size} points: {row.note}."
    if not unsure:
        return
    tasks = listed(
        f"{outside(row.task)} ({outside(row.ahead)} +{row.margin.size})"
        if row.ahead
        else f"{outside(row.task)} (equal)"
        for row in unsure
        if row.margin is not None
    )
    yield f"These numbers cannot separate {first} from {second} on {tasks}."
