"""Knowing: how well published scores are known, and which differences could have been found."""

from __future__ import annotations

from hubq import stats
from hubq.cards.footnotes import EMPTY
from hubq.cards.ledger import Shape
from hubq.cards.published.cells import PrintedRow, PrintedTable
from hubq.cards.published.notebook import COUNT, ROUND, Notebook, outside, step
from hubq.cards.published.sheets import Block, Place
from hubq.cards.published.telling import NOT_RECOVERED, read, unknown

_NO_COUNT = "no count fits"


def known_table(book: Notebook, block: Block) -> PrintedTable | None:
    """Return intervals, standard errors and detectable differences of a block's scores.

    None where no number of questions is known: then nothing can be said of any of them.
    """
    tasks = tuple(task for task in block.of("score") if _size(block, task) is not None)
    if not tasks:
        return None
    rows = [
        PrintedRow(
            cells=(outside(line.name), *(_interval(book, block, line.name, t) for t in tasks))
        )
        for line in block.variants
    ]
    rows.append(PrintedRow(cells=("Questions", *(_questions(book, block, t) for t in tasks))))
    rows += [
        PrintedRow(
            cells=(
                f"Detectable if {share} % of the answers change",
                *(_detectable(book, block, task, position) for task in tasks),
            )
        )
        for position, share in enumerate(book.discordances())
    ]
    return PrintedTable(heads=("", *(outside(task) for task in tasks)), labels=1, rows=tuple(rows))


def cuts(book: Notebook, block: Block) -> tuple[str, ...]:
    """Return the scores that are counts of right answers only if their digits were cut.

    Each stands with its count; the number that was meant is up to one in its last digit higher.
    """
    found = []
    for task in block.of("score"):
        for line in block.variants:
            place = block.score(line.name, task)
            known = read(place) if place is not None else None
            if place is None or known is None or known.rounded or len(known.cut) != 1:
                continue
            path = f"{block.path}/counts/{step(task)}/{step(line.name)}"
            count = book.derived(path, known.cut[0], COUNT)
            found.append(
                f"{outside(line.name)} on {outside(task)} ({book.printed(place)} for {count} of "
                f"{book.known(place, 'n')})"
            )
    return tuple(found)


def reasons(block: Block) -> dict[str, list[str]]:
    """Return why nothing can be recovered of a task's scores -> the tasks it is said of."""
    found: dict[str, list[str]] = {}
    for task in block.of("score"):
        place = _some(block, task)
        why = unknown(place) if place is not None else ""
        if why:
            found.setdefault(why, []).append(task)
    return found


def _some(block: Block, task: str) -> Place | None:
    places = (block.score(line.name, task) for line in block.variants)
    return next((place for place in places if place is not None), None)


def _size(block: Block, task: str) -> int | None:
    place = _some(block, task)
    known = place.found.certainty if place is not None else None
    return known.n if known is not None else None


def _interval(book: Notebook, block: Block, variant: str, task: str) -> str:
    """Return a score's interval with its standard error, on the table's own scale."""
    place = block.score(variant, task)
    if place is None:
        return EMPTY
    found = read(place)
    if found is None or found.se is None:
        return _without(block, task, place)
    scale = 100.0 if place.found.scale == "percent" else 1.0
    shape = Shape(digits=1 if scale > 1 else 3, scale=scale, unit="score")
    low, high = (book.known(place, end, shape) for end in ("low", "high"))
    path = f"{block.path}/errors/{step(task)}/{step(variant)}"
    points = Shape(digits=1, scale=100, unit="points")
    error = book.derived(path, found.se, points)
    return f"{low} to {high} (SE\N{NO-BREAK SPACE}{error})"


def _without(block: Block, task: str, place: Place) -> str:
    """Return what stands where nothing is known of a score."""
    if _size(block, task) is None:
        return EMPTY
    return NOT_RECOVERED if read(place) is None else _NO_COUNT


def _questions(book: Notebook, block: Block, task: str) -> str:
    place = _some(block, task)
    return str(book.known(place, "n", COUNT)) if place is not None and _size(block, task) else EMPTY


def _detectable(book: Notebook, block: Block, task: str, position: int) -> str:
    place = _some(block, task)
    if place is None or _size(block, task) is None:
        return EMPTY
    if unknown(place):
        return _without(block, task, place)
    size = _size(block, task) or 1
    _, value = stats.detectable_range(size)[position]
    path = f"{block.path}/detectable/{step(task)}/{position}"
    return str(book.derived(path, value, ROUND))
