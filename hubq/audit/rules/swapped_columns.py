"""Cells and columns that changed places."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise

from hubq.audit.held import where
from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.cards.published.sheets import Block, Line, Place, Sheet
from hubq.model.finding import Finding

#: Two columns must lie this many times further apart than each of them is wide.
_APART = 2
_LEAST, _MANY, _MOST, _ROWS = 3, 5, 40, 200
_Row = tuple[Block, Line, Place, Place]


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each row, or each two columns, whose numbers changed places."""
    for sheet in subject.document.sheets:
        yield from _cells(subject, sheet)
        for block in sheet.blocks:
            if block.of("speed") and block.of("memory"):
                yield from _speeds(subject, sheet, block)


def _cells(subject: Subject, sheet: Sheet) -> Iterator[Finding]:
    blocks = [block for block in sheet.blocks if block.baseline]
    tasks = list(dict.fromkeys(task for block in blocks for task in block.of("score")))
    if not 2 <= len(tasks) <= _MOST or sum(len(block.lines) for block in blocks) > _ROWS:
        return
    lines = [(block, line) for block in blocks for line in block.variants]
    columns = {task: [block.score(line.name, task) for block, line in lines] for task in tasks}
    for first, second in combinations(tasks, 2):
        if not _crosses(columns[first], columns[second]):
            continue
        rows = [
            (block, line, one, two)
            for (block, line), one, two in zip(lines, columns[first], columns[second], strict=True)
            if one is not None and two is not None and one.found.scale == two.found.scale
        ]
        found = _turned(rows)
        if found is None:
            continue
        (block, line, one, two), sure = found
        yield finding(
            subject,
            RULE.id,
            f"{where(block, line.name, sheet=sheet)}: {first} {one.found.shown} and {second} "
            f"{two.found.shown} lie where the other rows have {second} and {first}; the two have "
            "probably changed places",
            severity="warning" if sure else "info",
            at=one.found.at,
            said=one.found.shown,
            remedy="Put the two numbers back, or check the row.",
            part=f"{line.name} {first} {second}",
        )


def _crosses(firsts: Sequence[Place | None], seconds: Sequence[Place | None]) -> bool:
    """Say whether two columns keep one order in all rows but one."""
    count = above = 0
    for one, two in zip(firsts, seconds, strict=True):
        if one is not None and two is not None and one.found.scale == two.found.scale:
            count += 1
            above += (one.found.value or 0.0) > (two.found.value or 0.0)
    return count >= _LEAST and above in (1, count - 1)


def _turned(rows: Sequence[_Row]) -> tuple[_Row, bool] | None:
    """Return the one row whose two numbers lie in each other's column, and whether it is sure."""
    if len(rows) < _LEAST:
        return None
    pairs = [(one.found.value or 0.0, two.found.value or 0.0) for _, _, one, two in rows]
    higher = [one > two for one, two in pairs]
    if sum(higher) not in (1, len(higher) - 1):
        return None
    usual = 2 * sum(higher) > len(higher)
    odd = [position for position, above in enumerate(higher) if above != usual]
    if len(odd) != 1:
        return None
    rest = [pair for position, pair in enumerate(pairs) if position != odd[0]]
    firsts, seconds = [one for one, _ in rest], [two for _, two in rest]
    width = max(max(firsts) - min(firsts), max(seconds) - min(seconds))
    apart = max(min(firsts) - max(seconds), min(seconds) - max(firsts))
    one, two = pairs[odd[0]]
    margin = max(apart, 0.0) / _APART
    if not (_near(one, seconds, margin) and _near(two, firsts, margin)):
        return None
    if apart > max(_APART * width, 1e-9):
        return rows[odd[0]], True
    # Many rows, no overlap, and both numbers far outside of their own column.
    far = not _near(one, firsts, width / 4) and not _near(two, seconds, width / 4)
    return (rows[odd[0]], False) if len(rest) >= _MANY and apart > 0 and far else None


def _near(value: float, others: Sequence[float], margin: float) -> bool:
    return min(others) - margin <= value <= max(others) + margin


def _speeds(subject: Subject, sheet: Sheet, block: Block) -> Iterator[Finding]:
    """Find speed and memory under each other's heading: memory grows with the input."""
    for speed in block.of("speed"):
        for memory in block.of("memory"):
            runs = list(_runs(block, speed, memory))
            if runs and all(
                _strictly(one, falls=False) and _strictly(two, falls=True) for one, two in runs
            ):
                place = block.place(block.variants[0].name, speed)
                yield finding(
                    subject,
                    RULE.id,
                    f"{where(block, sheet=sheet) or 'the table'}: {speed!r} grows and {memory!r} "
                    "falls with every longer input, for every variant; the two columns have "
                    "probably changed places",
                    severity="warning",
                    at=place.found.at if place is not None else (0, 0),
                    said=place.found.shown if place is not None else "",
                    remedy="Put each column under its own heading.",
                    part=f"{block.title} {speed} {memory}",
                )


def _runs(block: Block, speed: str, memory: str) -> Iterator[tuple[list[float], list[float]]]:
    """Yield the speeds and memories of each variant, by the length of the input."""
    by_variant: dict[str, list[tuple[int, float, float]]] = {}
    for line in block.variants:
        size = line.workload.replace(",", "").strip()
        one, two = block.place(line.name, speed), block.place(line.name, memory)
        if size.isdecimal() and len(size) < 10 and one is not None and two is not None:
            values = (one.found.value or 0.0, two.found.value or 0.0)
            by_variant.setdefault(line.variant, []).append((int(size), *values))
    for found in by_variant.values():
        ordered = sorted(found)
        if len(ordered) >= _LEAST:
            yield [one for _, one, _ in ordered], [two for _, _, two in ordered]


def _strictly(values: Sequence[float], *, falls: bool) -> bool:
    return all((two < one) if falls else (two > one) for one, two in pairwise(values))


RULE = Rule(
    id="swapped-columns",
    group="scores",
    title="Numbers or columns have changed places",
    severity="warning",
    why=(
        "Two cells of a row in the wrong order look like a collapse on one benchmark and a "
        "miracle on another. It is reported where the other rows keep the two columns far apart, "
        "and one row has each number where the other belongs."
    ),
    example="Rows with MMMU near 41 and DocVQA near 88, and one with MMMU 87.2 and DocVQA 39.2.",
    fix="Put the numbers back under their headings.",
    check=check,
)
