from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.quantize.drawing import png, text

SIDE = Path(__file__).resolve().parents[2] / "hubq" / "side"
PICTURE = 99


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(SIDE))
    for name in [path.stem for path in SIDE.glob("*.py")]:
        monkeypatch.delitem(sys.modules, name, raising=False)
    return importlib.import_module("calibration_rows")


class Processor:
    """Makes one token of a word, and six of a picture."""

    image_processor = "there is one"
    bos_token = None

    def apply_chat_template(self, messages: list[dict[str, Any]], **_: object) -> str:
        parts = [part for message in messages for part in message["content"]]
        return " ".join(part.get("text", "<picture>") for part in parts)

    def __call__(self, text: list[str], images: list[Any] | None = None, **_: object) -> Any:
        ids: list[int] = []
        for word in text[0].split():
            ids += [PICTURE] * 6 if word == "<picture>" else [len(word)]
        tokens = np.array([ids])
        pictures = {"pixel_values": np.zeros((24, 8))} if images else {}
        return {"input_ids": tokens, "attention_mask": np.ones_like(tokens), **pictures}


def row(name: str, words: int, *, picture: bool = False) -> dict[str, Any]:
    image = text(png()) if picture else None
    return {"id": name, "image": image, "question": "word " * words, "answer": None}


ROWS = [row("a", 3), row("b", 9), row("c", 3, picture=True), row("d", 9, picture=True), row("e", 1)]


def encode(module: Any, rows: list[dict[str, Any]], longest: int, **options: Any) -> Any:
    return module.encode(rows, Processor(), longest, frozenset({PICTURE}), **options)


def kinds(dropped: list[Any]) -> dict[str, str]:
    return {one.id: one.kind for one in dropped}


def test_rows_are_dropped_whole_each_with_its_reason(module: Any) -> None:
    kept, dropped = encode(module, ROWS, 9, shortest=2)
    assert [(one.id, one.length, one.vision) for one in kept] == [
        ("a", 3, 0),
        ("b", 9, 0),
        ("c", 9, 6),
    ]
    assert kinds(dropped) == {"d": "long", "e": "short"}
    assert dropped[0].reason == "15 tokens, more than 9"
    _, dropped = encode(module, ROWS, 5)
    assert kinds(dropped) == {"b": "long", "c": "pictures", "d": "pictures"}
    assert dropped[1].reason == "its pictures alone reach 6 tokens, beyond 5"


def test_where_it_is_asked_for_text_is_cut_and_pictures_never(module: Any) -> None:
    kept, dropped = encode(module, ROWS, 8, cut=True)
    assert [(one.id, one.length, one.cut) for one in kept] == [
        ("a", 3, False),
        ("b", 8, True),
        ("c", 8, True),
        ("d", 8, True),
        ("e", 1, False),
    ]
    assert kept[2].inputs["attention_mask"].shape == (1, 8)
    assert kept[2].inputs["pixel_values"].shape == (24, 8)
    assert dropped == []
    _, dropped = encode(module, ROWS, 5, cut=True)
    assert kinds(dropped) == {"c": "pictures", "d": "pictures"}


def test_a_picture_that_no_token_stands_for_is_an_error(module: Any) -> None:
    with pytest.raises(ValueError, match="row c: no token is known to stand for its picture"):
        module.encode(ROWS, Processor(), 99, frozenset({7}))


def test_fewer_than_half_of_the_rows_are_too_few(module: Any) -> None:
    kept, dropped = encode(module, ROWS, 9, shortest=2)
    assert module.shortage(kept, dropped, 6) == ""
    assert module.shortage(kept, dropped, 7) == (
        "3 of 7 calibration rows are left, fewer than half "
        "(dropped: 1 long, 1 short; such as d: 15 tokens, more than 9)"
    )
    assert module.shortage([], [], 0).endswith("(dropped: none)")


def test_a_summary_counts_tokens_of_each_sort_and_what_was_dropped(module: Any) -> None:
    kept, dropped = encode(module, ROWS, 9, shortest=2)
    said = module.summary(kept, dropped)
    assert said["dropped_by_kind"] == {"long": 1, "short": 1}
    assert (said["rows_used"], said["rows_dropped"], said["rows_cut"]) == (3, 2, 0)
    assert (said["text_tokens"], said["vision_tokens"]) == (15, 6)
    assert said["vision_per_text"] == 0.4
    assert said["rows"][0]["sha256"] == module.content_digest(ROWS[0])
    nothing = module.summary([], [])
    assert (nothing["rows_used"], nothing["vision_per_text"]) == (0, None)


def test_rows_of_one_length_are_cut_or_dropped_and_the_rest_is_left_as_it_is(module: Any) -> None:
    rows, _ = encode(module, ROWS, 99)
    kept, dropped = module.equalize(rows)
    assert [(one.id, one.length, one.cut) for one in kept] == [
        ("b", 9, False),
        ("c", 9, False),
        ("d", 9, True),
    ]
    assert kinds(dropped) == {"a": "unequal", "e": "unequal"}
