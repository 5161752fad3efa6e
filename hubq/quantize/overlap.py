"""Overlap: which calibration rows stand in the evaluation sets too.

A quantizer that has seen the questions it is tested on is tested on what it has seen.

**Pictures.** `image`: the same pixels, whatever the file. `near-image`: the same picture encoded,
scaled or trimmed anew, by perceptual hash (`hubq.quantize.pictures`).

**Text** (`text`). Words are compared in lower case without punctuation, in runs of 13, and texts
with fewer as a whole: the unit and the rule of Brown et al. 2020, "Language Models are Few-Shot
Learners" (arXiv:2005.14165), section 4 and appendix C. As there, what stands in more than ten
places is a phrase in common use and counts for nothing; here that goes for whole lines (such as
`Answer with a number.`) and for runs of words, on either side. Lines that list an option
(`B. blue`) are left out. What counts depends on the pictures, since a short question says little
about which picture it is asked of:

- neither has a picture: a run of 13 words of question and answer, or, where the question has fewer
  than 13, the whole question;
- one of them has: a run of 13 words of question and answer;
- both have, and the pictures are not the same: a run of 13 words of the answer; or question and
  answer as wholes, when they have 13 words together and the question is asked of no other picture
  on either side.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from hubq.errors import BadInput
from hubq.quantize import pictures
from hubq.quantize.pictures import Print
from hubq.quantize.rows import Row
from hubq.quantize.wording import (
    COMMON_SHARE,
    Index,
    Mark,
    Wording,
    common_lines,
    is_common,
    wording,
)

Kind = Literal["image", "near-image", "text"]
KINDS: tuple[Kind, ...] = ("image", "near-image", "text")

_SHOWN = 3
_EXAMPLES = 20
#: Calibration pictures compared at a time: 64 x 20,000 distances are 2.5 MB.
_AT_ONCE = 64


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A question of an evaluation set; one for all rotations of its options.

    Attributes:
        task: the set.
        key: of the question in it.
        question: as it is asked, or as the file has it.
        answers: every right one, in words (not the letter of an option).
        images: the picture files, or where they are; those are read when they are needed.
    """

    task: str
    key: str
    question: str
    answers: tuple[str, ...] = ()
    images: tuple[bytes | Path, ...] = ()


class ItemPrints(msgspec.Struct, frozen=True, kw_only=True):
    """The prints of evaluation sets' pictures, worth keeping: taking them means decoding all.

    Attributes:
        algorithm: `pictures.ALGORITHM` when they were taken.
        prints: task -> key -> one for each picture.
    """

    algorithm: str
    prints: dict[str, dict[str, tuple[Print, ...]]]


class Overlap(msgspec.Struct, frozen=True, kw_only=True):
    """A calibration row that stands in an evaluation set.

    Attributes:
        row: id of the calibration row.
        task: the evaluation set.
        key: of the item in it.
        kind: what they share.
        detail: the words, or by how many bits the pictures differ.
    """

    row: str
    task: str
    key: str
    kind: Kind
    detail: str


def item_prints(items: Iterable[Item]) -> ItemPrints:
    """Take the prints of evaluation items' pictures; each file is decoded once.

    Raises:
        BadInput: a picture cannot be decoded; the item is named.
    """
    known: dict[bytes | Path, Print] = {}
    prints: dict[str, dict[str, tuple[Print, ...]]] = {}
    for item in items:
        if not item.images:
            continue
        for image in item.images:
            if image not in known:
                known[image] = _take(image, f"{item.task}: item {item.key}")
        prints.setdefault(item.task, {})[item.key] = tuple(known[image] for image in item.images)
    return ItemPrints(algorithm=pictures.ALGORITHM, prints=prints)


def find(
    rows: Sequence[Row], items: Iterable[Item], prints: ItemPrints | None = None
) -> tuple[Overlap, ...]:
    """Return every overlap, in the order of the rows, each item once for each kind.

    Args:
        rows: the calibration rows that are used.
        items: of every evaluation set.
        prints: the items' prints where they were taken before; otherwise they are taken now.

    Raises:
        BadInput: a picture cannot be decoded, or the prints are of another algorithm.
    """
    asked = list(items)
    if not any(row.image for row in rows):
        prints = ItemPrints(algorithm=pictures.ALGORITHM, prints={})
    elif prints is None:
        prints = item_prints(asked)
    if prints.algorithm != pictures.ALGORITHM:
        raise BadInput(f"prints of {prints.algorithm} cannot be compared: take them anew")
    seen = list(_pictured(rows, prints))
    pairs = {(overlap.row, overlap.task, overlap.key) for overlap in seen}
    read = [o for o in _worded(rows, asked) if (o.row, o.task, o.key) not in pairs]
    place = {row.id: number for number, row in enumerate(rows)}
    return tuple(sorted(seen + read, key=lambda o: (place[o.row], o.task, o.key, o.kind)))


def describe(overlaps: Sequence[Overlap]) -> str:
    """Say in one line what overlaps: counts, and the first few; empty when nothing does."""
    if not overlaps:
        return ""
    counts = Counter(overlap.kind for overlap in overlaps)
    kinds = ", ".join(f"{counts[kind]} by {kind}" for kind in KINDS if counts[kind])
    shown = "; ".join(f"{o.row} = {o.task}/{o.key} ({o.detail})" for o in overlaps[:_SHOWN])
    more = "; ..." if len(overlaps) > _SHOWN else ""
    rows = len({overlap.row for overlap in overlaps})
    return f"{rows} calibration row(s) stand in the evaluation sets ({kinds}): {shown}{more}"


def facts(overlaps: Sequence[Overlap]) -> dict[str, Any]:
    """Return what a result and a card say of overlaps, as plain values."""
    return {
        "rows": len({overlap.row for overlap in overlaps}),
        "items": len({(overlap.task, overlap.key) for overlap in overlaps}),
        "by_kind": dict(sorted(Counter(overlap.kind for overlap in overlaps).items())),
        "by_task": dict(sorted(Counter(overlap.task for overlap in overlaps).items())),
        "examples": [msgspec.to_builtins(overlap) for overlap in overlaps[:_EXAMPLES]],
    }


def _take(image: bytes | Path, where: str) -> Print:
    try:
        return pictures.take(image.read_bytes() if isinstance(image, Path) else image)
    except (ValueError, FileNotFoundError) as error:
        raise BadInput(f"{where}: the image: {error}") from error


def _pictured(rows: Sequence[Row], prints: ItemPrints) -> Iterator[Overlap]:
    """Yield the overlaps of pictures."""
    pixels: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    looks: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for task, items in prints.prints.items():
        for key, shown in items.items():
            for pixel, look in {(p.pixels, p.look) for p in shown}:
                pixels[pixel].append((task, key))
                if look:
                    looks[look].append((task, key))
    mine = [(row, _take(row.picture, f"calibration row {row.id}")) for row in rows if row.picture]
    exact = {(row.id, *place) for row, taken in mine for place in pixels[taken.pixels]}
    for row, task, key in exact:
        yield Overlap(row=row, task=task, key=key, kind="image", detail="the same pixels")
    near: dict[tuple[str, str, str], int] = {}
    for row, look, bits in _near([(row, p) for row, p in mine if p.look], list(looks)):
        for place in looks[look]:
            name = (row, *place)
            near[name] = min(bits, near.get(name, pictures.BITS))
    for name in near.keys() - exact:
        detail = f"{near[name]} of {pictures.BITS} bits differ"
        yield Overlap(row=name[0], task=name[1], key=name[2], kind="near-image", detail=detail)


def _near(
    mine: Sequence[tuple[Row, Print]], looks: Sequence[str]
) -> Iterator[tuple[str, str, int]]:
    """Yield row, look of an item and distance for pictures that look the same.

    Those far apart as they are, are not tried in other places: that takes longest.
    """
    if not mine or not looks:
        return
    import numpy as np

    theirs = np.stack([pictures.words(look) for look in looks])
    for start in range(0, len(mine), _AT_ONCE):
        part = mine[start : start + _AT_ONCE]
        plain = np.stack([pictures.words(taken.look) for _, taken in part])
        close = pictures.distances(plain, theirs) <= pictures.COARSE
        for (row, _), hits in zip(part, close, strict=True):
            found = np.flatnonzero(hits).tolist()
            if not found:
                continue
            moved = pictures.moved(row.picture or b"")
            nearest = pictures.distances(moved, theirs[found]).min(axis=0)
            for place, bits in zip(found, nearest, strict=True):
                if bits <= pictures.NEAR:
                    yield row.id, looks[place], int(bits)


def _worded(rows: Sequence[Row], items: Sequence[Item]) -> Iterator[Overlap]:
    """Yield the overlaps of text."""
    tasks: defaultdict[str, list[Item]] = defaultdict(list)
    for item in items:
        tasks[item.task].append(item)
    common = common_lines(row.question for row in rows)
    for asked in tasks.values():
        common |= common_lines((item.question for item in asked), share=COMMON_SHARE)
    index = Index([_of_row(row, common) for row in rows])
    for asked in tasks.values():
        yield from _worded_task(rows, index, asked, common)


def _of_row(row: Row, common: set[tuple[str, ...]]) -> Wording:
    answers = (row.answer,) if row.answer else ()
    return wording(row.question, answers, common, seen=row.image is not None)


def _worded_task(
    rows: Sequence[Row], index: Index, items: Sequence[Item], common: set[tuple[str, ...]]
) -> Iterator[Overlap]:
    asked: Counter[tuple[str, ...]] = Counter()
    counts: Counter[Mark] = Counter()
    shared: list[tuple[Item, Wording, list[Mark]]] = []
    for item in items:
        theirs = wording(item.question, item.answers, common, seen=bool(item.images))
        asked[theirs.question] += 1
        marks = index.shared(theirs)
        if marks:
            counts.update(marks)
            shared.append((item, theirs, marks))
    least = COMMON_SHARE * len(items)
    for item, theirs, marks in shared:
        rare = [mark for mark in marks if not is_common(counts[mark], least)]
        for number, mark in index.matches(theirs, rare, asked[theirs.question]).items():
            yield Overlap(
                row=rows[number].id,
                task=item.task,
                key=item.key,
                kind="text",
                detail=_said(mark),
            )


def _said(mark: Mark) -> str:
    what = {"run": "13 words", "answer": "13 words of the answer", "question": "the question"}
    return f"{what.get(mark.sort, 'question and answer')}: {mark.words}"
