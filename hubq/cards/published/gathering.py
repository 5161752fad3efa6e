"""Gathering: the facts of a report on published tables, worked out from an import."""

from __future__ import annotations

import hashlib
import re
from pathlib import PurePosixPath

import msgspec

from hubq.cards.prose.wording import listed
from hubq.cards.published.decisions import Decision, decision
from hubq.cards.published.deploys import deploys
from hubq.cards.published.facts import BlockFacts, Origin, PublishedFacts, SheetFacts
from hubq.cards.published.findings import Finding, checked, findings, turned
from hubq.cards.published.grids import Grid, as_it_stands, grid
from hubq.cards.published.knowing import cuts, known_table, reasons
from hubq.cards.published.loads import load_chart
from hubq.cards.published.notebook import COUNT, LEVEL, Notebook, outside
from hubq.cards.published.pictures import delta_charts
from hubq.cards.published.scores import score_table
from hubq.cards.published.sheets import Block, Sheet, Source, sheets_of
from hubq.cards.published.speeds import speeds
from hubq.cards.published.spreads import losses, margins, ranks, spreads
from hubq.cards.published.telling import MOST_CHANGED, SIZE_UNKNOWN, Tell, tells
from hubq.evaluate.formats.notes import split_label, split_marks
from hubq.model.codec import pretty

_WEB = re.compile(r"https?://[^\s<>()\"'`|\\]+")


def published_facts(name: str, sources: tuple[Source, ...], version: str) -> PublishedFacts:
    """Return the facts of a report.

    Everything is worked out twice: the digest of `comparison.json` is part of the claims on it, and
    is known when all of its numbers are.

    Args:
        name: of the import.
        sources: its tables.
        version: hubq's.
    """
    sheets = sheets_of(sources)
    first = Notebook(sources)
    _gathered(first, name, sheets, version)
    comparison = pretty(first.document).encode()
    book = Notebook(sources, hashlib.sha256(comparison).hexdigest())
    facts = _gathered(book, name, sheets, version)
    return msgspec.structs.replace(
        facts, claims=book.claims, footnotes=book.notes.twins(), comparison=comparison
    )


def _gathered(book: Notebook, name: str, sheets: tuple[Sheet, ...], version: str) -> PublishedFacts:
    level, alpha, shares = book.level(), book.alpha(), book.discordances()
    timed = [block for sheet in sheets if sheet.kind == "speed" for block in sheet.blocks]
    found: list[SheetFacts] = []
    decided: list[tuple[int, Decision]] = []
    wrong: list[Finding] = []
    reversed_: list[str] = []
    for sheet in sheets:
        told = {block.path: tells(book, block) for block in _scored(sheet)}
        found.append(_sheet(book, sheet, told))
        for block in _scored(sheet):
            if told[block.path]:
                pairs = margins(book, sheet, block)
                one = decision(book, block, told[block.path], pairs, timed)
                title = one.title or outside(sheet.table.heading)
                decided.append((sheet.number, msgspec.structs.replace(one, title=title)))
        wrong += findings(book, sheet)
        reversed_ += turned(book, sheet)
    return PublishedFacts(
        name=outside(name),
        origins=tuple(_origin(source) for source in book.sources),
        sheets=tuple(found),
        decisions=tuple(one for one in decided if not one[1].silence or one[1].gains),
        untold=_untold(decided),
        findings=tuple(wrong),
        turned=tuple(reversed_),
        checked=book.derived("checked", sum(map(checked, sheets)), COUNT),
        caveats=_caveats(sheets),
        level=level,
        alpha=alpha,
        discordances=shares,
        most=book.derived("most_changed", MOST_CHANGED, LEVEL),
        version=version,
    )


def _untold(decided: list[tuple[int, Decision]]) -> tuple[str, ...]:
    """Say of which tables nothing at all can be told, the same reason once."""
    found: dict[str, list[str]] = {}
    for number, one in decided:
        if one.silence:
            title = f", {one.title}" if one.title else ""
            text = f"table {number}{title} ({one.untold} differences)"
            found.setdefault(one.silence, []).append(text)
    return tuple(
        f"Nothing can be told of {listed(said)}: {why}.{_remedy(why)}"
        for why, said in found.items()
    )


def _remedy(why: str) -> str:
    """Return how what is not known can be said, where it is for the reader to say."""
    if why != SIZE_UNKNOWN:
        return ""
    return (
        " Import the table again with `--n TASK=N`, or name the benchmark that a column is with "
        "`--columns COLUMN=BENCHMARK`."
    )


def _scored(sheet: Sheet) -> tuple[Block, ...]:
    return sheet.blocks if sheet.kind == "scores" else ()


def _sheet(book: Notebook, sheet: Sheet, told: dict[str, tuple[Tell, ...]]) -> SheetFacts:
    facts = SheetFacts(
        number=sheet.number,
        page=sheet.table.number,
        heading=outside(sheet.table.heading),
        kind=sheet.kind,
        remarks=_remarks(sheet),
    )
    replace = msgspec.structs.replace
    match sheet.kind:
        case "speed":
            return replace(facts, speeds=speeds(book, sheet))
        case "load":
            table = Grid(table=grid(book, sheet).table)
            chart = load_chart(book, sheet)
            return replace(facts, grid=table, charts=(chart,) if chart else ())
        case "deploy":
            return replace(facts, deploys=deploys(book, sheet))
        case "grid":
            return replace(facts, grid=grid(book, sheet))
        case "plain":
            return replace(facts, grid=as_it_stands(book, sheet))
        case "scores" | "settings":
            return _scores(book, sheet, told, facts)


def _scores(
    book: Notebook, sheet: Sheet, told: dict[str, tuple[Tell, ...]], facts: SheetFacts
) -> SheetFacts:
    """Return the facts of a table of scores, with or without a baseline."""
    table = score_table(book, sheet, told)
    if sheet.kind == "settings":
        rows = tuple(row for block in sheet.blocks for row in ranks(book, block))
        return msgspec.structs.replace(facts, scores=table, ranks=rows)
    blocks = tuple(_block(book, sheet, block) for block in sheet.blocks)
    return msgspec.structs.replace(
        facts,
        scores=table,
        blocks=blocks,
        charts=delta_charts(sheet, told),
        unknown=_unknown(sheet),
    )


def _unknown(sheet: Sheet) -> tuple[str, ...]:
    """Say on which tasks of a table nothing can be recovered, and why."""
    found: dict[str, dict[str, None]] = {}
    for block in sheet.blocks:
        for why, tasks in reasons(block).items():
            found.setdefault(why, {}).update(dict.fromkeys(tasks))
    return tuple(
        f"{listed(outside(task) for task in tasks)}: {outside(why)}."
        for why, tasks in found.items()
    )


def _remarks(sheet: Sheet) -> tuple[str, ...]:
    """Say what was put right in a table, and which of its signs its page does not explain."""
    found = []
    if sheet.table.remarks:
        found.append(f"Put right when it was read: {outside('; '.join(sheet.table.remarks))}.")
    texts = [text for line in sheet.table.lines for text in line]
    marks = [mark for text in texts for mark in split_label(text)[1]]
    marks += [mark for one in sheet.table.measures for mark in split_marks(one.marks)]
    bare = [mark for mark in dict.fromkeys(marks) if mark not in sheet.table.notes]
    if bare:
        verb = "stands" if len(bare) == 1 else "stand"
        found.append(
            f"What {listed(outside(mark) for mark in bare)} {verb} for is not on the page."
        )
    return tuple(found)


def _block(book: Notebook, sheet: Sheet, block: Block) -> BlockFacts:
    return BlockFacts(
        title=outside(block.title),
        baseline=outside(block.baseline),
        spreads=spreads(book, block),
        margins=margins(book, sheet, block),
        losses=losses(book, sheet, block),
        known=known_table(book, block),
        cuts=cuts(book, block),
    )


def _origin(source: Source) -> Origin:
    link = source.given if _WEB.fullmatch(source.given) else ""
    return Origin(
        given=outside(link or PurePosixPath(source.given).name),
        link=link,
        page=source.page,
        imported=outside(source.imported),
    )


def _caveats(sheets: tuple[Sheet, ...]) -> tuple[str, ...]:
    """Return what is to be known of numbers without items, and of these."""
    found = [
        (
            "The numbers come without items: intervals and differences are worked out from the "
            "printed digits and the numbers of questions, and no question can be looked at."
        ),
        (
            "How the models were asked and scored, whether runs were repeated, and what the "
            "quantizers were calibrated with is known only as far as the pages say it."
        ),
    ]
    if len(sheets) > 1:
        found.append(
            "Numbers of different tables are not held against each other: they may be of other "
            "prompts, harnesses or subsets under the same name."
        )
    whole = [sheet for sheet in sheets if sheet.kind == "plain"]
    if whole:
        names = listed(f"table {sheet.number}" for sheet in whole)
        found.append(f"What {names} {'shows' if len(whole) == 1 else 'show'} was not understood.")
    return tuple(found)
