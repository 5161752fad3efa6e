"""Calibration rows: from questions with pictures to the token rows that a quantizer is fed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
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
    """

    id: str
    digest: str
    inputs: dict[str, Any]
    length: int
    vision: int
    vision_end: int


@dataclass(frozen=True, kw_only=True)
class Dropped:
    """A row that is not used, and why."""

    id: str
    reason: str


def read(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a JSONL file in its order."""
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def encode(
    rows: Sequence[dict[str, Any]], processor: Any, longest: int, vision_ids: frozenset[int]
) -> tuple[list[Row], list[Dropped]]:
    """Turn rows into token rows; a row longer than allowed is dropped whole, never cut.

    Args:
        rows: `{"id", "image": base64 or none, "question", "answer"}`.
        processor: the source's own.
        longest: in tokens, text and vision together.
        vision_ids: the ids of the tokens that stand for pictures.
    """
    kept, dropped = [], []
    for done, row in enumerate(rows):
        events.progress(done, len(rows), "rows")
        made = _encode(row, processor, vision_ids)
        if made.length > longest:
            reason = f"{made.length} tokens, more than {longest}"
            dropped.append(Dropped(id=made.id, reason=reason))
        else:
            kept.append(made)
    return kept, dropped


def _encode(row: dict[str, Any], processor: Any, vision_ids: frozenset[int]) -> Row:
    images = [conversation.open_image(row["image"])] if row.get("image") else []
    rendered = conversation.render(processor, row["question"], len(images), row.get("answer"))
    inputs = conversation.encode(processor, rendered, images)
    ids = inputs["input_ids"][0].tolist()
    places = [place for place, token in enumerate(ids) if token in vision_ids]
    content = json.dumps(
        [row.get("image"), row["question"], row.get("answer")], ensure_ascii=False
    ).encode()
    return Row(
        id=str(row["id"]),
        digest=hashlib.sha256(content).hexdigest(),
        inputs=inputs,
        length=len(ids),
        vision=len(places),
        vision_end=places[-1] + 1 if places else 0,
    )


def equalize(rows: Sequence[Row]) -> tuple[list[Row], list[Dropped]]:
    """Return rows of one length: each cut at its end, none inside its pictures.

    AWQ's scale search only sees all rows when they are equally long. The length is the one that
    keeps most tokens; rows that are shorter, or whose pictures reach beyond it, are dropped.
    """
    length = common_length(rows)
    kept, dropped = [], []
    for row in rows:
        if row.length < length:
            dropped.append(Dropped(id=row.id, reason=f"{row.length} tokens, fewer than {length}"))
        elif row.vision_end > length:
            dropped.append(Dropped(id=row.id, reason=f"pictures reach beyond {length} tokens"))
        else:
            kept.append(_cut(row, length))
    return kept, dropped


def common_length(rows: Sequence[Row]) -> int:
    """Return the length at which most tokens are kept; the longer one when two keep as many."""

    def kept(length: int) -> int:
        return length * sum(row.length >= length >= row.vision_end for row in rows)

    return max({row.length for row in rows}, key=lambda length: (kept(length), length))


def _cut(row: Row, length: int) -> Row:
    import torch

    inputs = {
        name: value[:, :length]
        if torch.is_tensor(value) and value.shape == (1, row.length)
        else value
        for name, value in row.inputs.items()
    }
    return Row(
        id=row.id,
        digest=row.digest,
        inputs=inputs,
        length=length,
        vision=row.vision,
        vision_end=row.vision_end,
    )


def summary(rows: Sequence[Row], dropped: Sequence[Dropped]) -> dict[str, Any]:
    """Return what a result records of its calibration: which rows, how many tokens of each sort."""
    vision = sum(row.vision for row in rows)
    text = sum(row.length for row in rows) - vision
    return {
        "rows": [
            {"id": row.id, "sha256": row.digest, "tokens": row.length, "vision_tokens": row.vision}
            for row in rows
        ],
        "dropped": [{"id": row.id, "reason": row.reason} for row in dropped],
        "rows_used": len(rows),
        "text_tokens": text,
        "vision_tokens": vision,
        "vision_per_text": round(vision / text, 6) if text else None,
    }
