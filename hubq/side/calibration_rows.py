"""Calibration rows: from questions with pictures to the token rows that a quantizer is fed."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import conversation
import events


@dataclass(frozen=True, kw_only=True)
class Row:
    """One calibration row as the model sees it.

    Attributes:
        id: as in the dataset.
        digest: SHA-256 of the row's content.
        inputs: the processor's tensors, batch dimension 1.
        length: tokens, text and vision together.
        vision: how many of them stand for pictures.
        vision_end: the number of tokens up to and with the last of those; 0 without pictures.
        cut: text at its end was left out.
    """

    id: str
    digest: str
    inputs: dict[str, Any]
    length: int
    vision: int
    vision_end: int
    cut: bool = False


@dataclass(frozen=True, kw_only=True)
class Dropped:
    """A row that is not used, and why.

    Attributes:
        id: as in the dataset.
        reason: in words, with the numbers.
        kind: `pictures` (they alone are too long), `long`, `short`, or `unequal` (see `equalize`).
    """

    id: str
    reason: str
    kind: str


def read(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a JSONL file in its order."""
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def encode(
    rows: Sequence[dict[str, Any]],
    processor: Any,
    longest: int,
    vision_ids: frozenset[int],
    *,
    shortest: int = 1,
    cut: bool = False,
) -> tuple[list[Row], list[Dropped]]:
    """Turn rows into token rows; a row that is too long or too short is dropped whole.

    A row whose pictures reach beyond `longest` is dropped in any case: a picture that is cut off
    somewhere in the middle is none.

    Args:
        rows: `{"id", "image": base64 or none, "question", "answer"}`.
        processor: the source's own.
        longest: in tokens, text and vision together.
        vision_ids: the ids of the tokens that stand for pictures.
        shortest: in tokens, likewise.
        cut: cut a row that is too long at its end instead of dropping it, where only text is lost.

    Raises:
        ValueError: a row's picture stands for no token that is known as a picture's.
    """
    kept, dropped = [], []
    for done, row in enumerate(rows):
        events.progress(done, len(rows), "rows")
        made = _encode(row, processor, vision_ids)
        if row.get("image") and not made.vision:
            raise ValueError(f"row {made.id}: no token is known to stand for its picture")
        if cut and made.length > longest >= made.vision_end:
            made = _cut(made, longest)
        reason = _unfit(made, longest, shortest)
        if reason is None:
            kept.append(made)
        else:
            dropped.append(reason)
    return kept, dropped


def _unfit(row: Row, longest: int, shortest: int) -> Dropped | None:
    """Return why a row is dropped, or none."""
    if row.vision_end > longest:
        reason = f"its pictures alone reach {row.vision_end} tokens, beyond {longest}"
        return Dropped(id=row.id, reason=reason, kind="pictures")
    if row.length > longest:
        return Dropped(id=row.id, reason=f"{row.length} tokens, more than {longest}", kind="long")
    if row.length < shortest:
        return Dropped(
            id=row.id, reason=f"{row.length} tokens, fewer than {shortest}", kind="short"
        )
    return None


def shortage(rows: Sequence[Row], dropped: Sequence[Dropped], samples: int) -> str:
    """Say why the rows that are left are too few; empty when they are not.

    Fewer than half of what the recipe asks for is another calibration than the recipe's. To be
    asked before `equalize`, which drops rows on purpose.

    Args:
        rows: those that are left.
        dropped: those that are not, and why.
        samples: how many the recipe asks for.
    """
    if rows and 2 * len(rows) >= samples:
        return ""
    reasons = ", ".join(f"{count} {kind}" for kind, count in _by_kind(dropped).items())
    example = f"; such as {dropped[0].id}: {dropped[0].reason}" if dropped else ""
    return (
        f"{len(rows)} of {samples} calibration rows are left, fewer than half "
        f"(dropped: {reasons or 'none'}{example})"
    )


def _by_kind(dropped: Sequence[Dropped]) -> dict[str, int]:
    return dict(sorted(Counter(row.kind for row in dropped).items()))


def _encode(row: dict[str, Any], processor: Any, vision_ids: frozenset[int]) -> Row:
    images = [conversation.open_image(row["image"])] if row.get("image") else []
    rendered = conversation.render(processor, row["question"], len(images), row.get("answer"))
    inputs = conversation.encode(processor, rendered, images)
    ids = inputs["input_ids"][0].tolist()
    places = [place for place, token in enumerate(ids) if token in vision_ids]
    return Row(
        id=str(row["id"]),
        digest=content_digest(row),
        inputs=inputs,
        length=len(ids),
        vision=len(places),
        vision_end=places[-1] + 1 if places else 0,
    )


def content_digest(row: dict[str, Any]) -> str:
    """Return the SHA-256 of what a row shows a model, as hubq itself names it."""
    content = [row.get("image"), row["question"], row.get("answer")]
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def equalize(rows: Sequence[Row]) -> tuple[list[Row], list[Dropped]]:
    """Return rows of one length: each cut at its end, none inside its pictures.

    AWQ's scale search only sees all rows when they are equally long. The length is the one that
    keeps most tokens; rows that are shorter, or whose pictures reach beyond it, are dropped.
    """
    length = common_length(rows)
    kept, dropped = [], []
    for row in rows:
        if row.length < length:
            reason = f"{row.length} tokens, fewer than the common {length}"
            dropped.append(Dropped(id=row.id, reason=reason, kind="unequal"))
        elif row.vision_end > length:
            reason = f"its pictures reach beyond the common {length} tokens"
            dropped.append(Dropped(id=row.id, reason=reason, kind="unequal"))
        else:
            kept.append(_cut(row, length) if row.length > length else row)
    return kept, dropped


def common_length(rows: Sequence[Row]) -> int:
    """Return the length at which most tokens are kept; the longer one when two keep as many."""

    def kept(length: int) -> int:
        return length * sum(row.length >= length >= row.vision_end for row in rows)

    return max({row.length for row in rows}, key=lambda length: (kept(length), length))


def _cut(row: Row, length: int) -> Row:
    """Return a row cut at its end; what has one entry a token is cut, pictures are left alone."""
    inputs = {
        name: value[:, :length] if getattr(value, "shape", None) == (1, row.length) else value
        for name, value in row.inputs.items()
    }
    return replace(row, inputs=inputs, length=length, cut=True)


def summary(rows: Sequence[Row], dropped: Sequence[Dropped]) -> dict[str, Any]:
    """Return what a result records of its calibration: which rows, how many tokens of each sort."""
    vision = sum(row.vision for row in rows)
    text = sum(row.length for row in rows) - vision
    return {
        "rows": [
            {"id": row.id, "sha256": row.digest, "tokens": row.length, "vision_tokens": row.vision}
            for row in rows
        ],
        "dropped": [{"id": row.id, "reason": row.reason, "kind": row.kind} for row in dropped],
        "dropped_by_kind": _by_kind(dropped),
        "rows_used": len(rows),
        "rows_cut": sum(row.cut for row in rows),
        "rows_dropped": len(dropped),
        "text_tokens": text,
        "vision_tokens": vision,
        "vision_per_text": round(vision / text, 6) if text else None,
    }
