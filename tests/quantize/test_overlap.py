from __future__ import annotations

import base64
import csv
import json
from pathlib import Path

import msgspec
import pytest
from PIL import Image

from hubq.errors import BadInput
from hubq.model.recipe import Calibration
from hubq.quantize import overlap, pictures, rows
from hubq.quantize.overlap import Item, ItemPrints, Overlap
from hubq.quantize.rows import Row
from hubq.resources import bundled
from tests.quantize.drawing import drawn, png, saved, text

DATA = bundled("examples") / "nano-qwen2-vl" / "data"
LONG = " ".join(f"word{k}" for k in range(20))
PICTURES = [png(seed) for seed in range(8)]
ROWS = [Row(id=f"r{k}", image=text(p), question="What is it?") for k, p in enumerate(PICTURES)]


def pictured(seed: int, data: bytes) -> Item:
    return Item(task="T", key=str(seed), question="What is it?", images=(data,))


def kinds(found: tuple[Overlap, ...]) -> list[tuple[str, str, str]]:
    return [(one.row, one.key, one.kind) for one in found]


def test_nothing_is_found_where_nothing_overlaps() -> None:
    items = [pictured(seed, png(seed)) for seed in range(8, 16)]
    assert overlap.find(ROWS, items) == ()
    assert overlap.find([], items) == ()
    assert overlap.find(ROWS, []) == ()


def test_a_picture_is_found_exact_and_encoded_or_trimmed_anew() -> None:
    items = [
        pictured(0, saved(drawn(0), "BMP")),
        pictured(1, saved(drawn(1), "JPEG", quality=60)),
        pictured(2, saved(drawn(2).resize((80, 60)))),
        pictured(3, saved(drawn(3).crop((1, 1, 159, 119)))),
    ]
    found = overlap.find(ROWS, items)
    assert kinds(found) == [
        ("r0", "0", "image"),
        ("r1", "1", "near-image"),
        ("r2", "2", "near-image"),
        ("r3", "3", "near-image"),
    ]
    assert found[0].detail == "the same pixels"
    assert found[1].detail.endswith(" of 576 bits differ")


def test_every_picture_of_an_item_and_every_item_of_a_picture_is_looked_at() -> None:
    both = Item(task="T", key="0", question="?", images=(png(9), PICTURES[1]))
    other = Item(task="U", key="0", question="?", images=(PICTURES[1],))
    found = overlap.find(ROWS, [both, other])
    assert [(one.row, one.task, one.kind) for one in found] == [
        ("r1", "T", "image"),
        ("r1", "U", "image"),
    ]


def test_pictures_on_disk_are_read_once_and_not_at_all_with_their_prints(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PICTURES[4])
    item = Item(task="T", key="0", question="?", images=(tmp_path / "a.png",))
    prints = overlap.item_prints([item])
    (tmp_path / "a.png").unlink()
    kept = msgspec.json.decode(msgspec.json.encode(prints), type=ItemPrints)
    assert kept == prints
    assert kinds(overlap.find(ROWS, [item], kept)) == [("r4", "0", "image")]
    with pytest.raises(BadInput, match="T: item 0: the image: "):
        overlap.find(ROWS, [item])


def test_prints_of_another_algorithm_are_refused() -> None:
    with pytest.raises(BadInput, match="prints of older/1 cannot be compared"):
        overlap.find(ROWS, [], ItemPrints(algorithm="older/1", prints={}))


def test_pictures_of_one_colour_are_alike_only_when_they_are_the_same() -> None:
    plain = [saved(Image.new("RGB", (40, 40), colour)) for colour in ("white", "black")]
    row = Row(id="r", image=text(plain[0]), question="?")
    found = overlap.find([row], [pictured(0, plain[0]), pictured(1, plain[1])])
    assert kinds(found) == [("r", "0", "image")]


def test_text_is_found_where_it_counts() -> None:
    asked = [
        Row(id="long", question=f"Please read: {LONG}."),
        Row(id="short", question="What is 48+13?", answer="61"),
        Row(id="seen", question="What is 48+13?", image=text(PICTURES[0])),
    ]
    items = [
        Item(task="T", key="a", question=LONG.upper(), answers=("x",)),
        Item(task="T", key="b", question="What is 48 + 13"),
        Item(task="T", key="c", question="What is 48+13?", images=(PICTURES[7],)),
    ]
    found = overlap.find(asked, items)
    assert kinds(found) == [("long", "a", "text"), ("short", "b", "text")]
    assert found[0].detail == "13 words: " + " ".join(LONG.split()[:13])
    assert found[1].detail == "the question: what is 48 13"


def test_what_is_found_by_its_picture_is_not_told_again_by_its_words() -> None:
    row = Row(id="r", question="Describe it.", answer=LONG, image=text(PICTURES[0]))
    same = Item(task="T", key="0", question="?", answers=(LONG,), images=(PICTURES[0],))
    other = Item(task="T", key="1", question="?", answers=(LONG,), images=(PICTURES[1],))
    assert kinds(overlap.find([row], [same, other])) == [("r", "0", "image"), ("r", "1", "text")]


def test_an_instruction_that_every_item_ends_with_counts_for_nothing() -> None:
    ending = "Think it over well, then answer with one single word or a phrase, nothing more."
    items = [Item(task="T", key=str(k), question=f"Item {k}?\n{ending}") for k in range(20)]
    asked = [Row(id=f"r{k}", question=f"Row {k}?\n{ending}") for k in range(3)]
    assert overlap.find(asked, items) == ()


def test_a_description_counts_and_names_the_first_few() -> None:
    items = [pictured(seed, PICTURES[seed]) for seed in range(5)]
    found = overlap.find(ROWS, items)
    assert overlap.describe(found) == (
        "5 calibration row(s) stand in the evaluation sets (5 by image): "
        "r0 = T/0 (the same pixels); r1 = T/1 (the same pixels); r2 = T/2 (the same pixels); ..."
    )
    said = overlap.facts(found)
    assert (said["rows"], said["items"], said["by_kind"]) == (5, 5, {"image": 5})
    assert json.loads(json.dumps(said)) == said
    assert overlap.describe(()) == ""


def bundled_items(name: str, limit: int) -> list[Item]:
    csv.field_size_limit(1 << 30)
    with (DATA / f"{name}.tsv").open(encoding="utf-8", newline="") as stream:
        lines = list(csv.DictReader(stream, delimiter="\t"))[:limit]
    return [
        Item(
            task=name,
            key=line["index"],
            question=line["question"],
            answers=(line["answer"],),
            images=(base64.b64decode(line["image"]),),
        )
        for line in lines
    ]


@pytest.mark.parametrize("modality", ["image-text", "text"])
def test_the_bundled_sets_do_not_overlap(modality: str) -> None:
    names = ("NanoBench_DEV", "NanoDocVQA_VAL", "NanoMMU_VAL", "NanoVista_MINI")
    items = [item for name in names for item in bundled_items(name, 150)]
    spoken = [json.loads(line) for line in (DATA / "NanoText_TEST.jsonl").read_bytes().splitlines()]
    items += [
        Item(task="NanoText_TEST", key=str(one["index"]), question=one["question"])
        for one in spoken
    ]
    wanted = Calibration(dataset="c", modality=modality)  # type: ignore[arg-type]
    found = overlap.find(rows.read(DATA / "calibration.jsonl", wanted), items)
    assert overlap.describe(found) == ""


def test_a_bundled_evaluation_picture_encoded_anew_is_found_among_all_others() -> None:
    items = bundled_items("NanoDocVQA_VAL", 60)
    taken = []
    for number, item in enumerate(items[:12]):
        image = item.images[0]
        assert isinstance(image, bytes)
        picture = pictures.decode(image)
        copies = (
            saved(picture, "JPEG", quality=60),
            saved(picture.resize((42, 42))),
            saved(picture.crop((1, 1, 83, 83))),
        )
        taken.append(Row(id=item.key, image=text(copies[number % 3]), question="Read all."))
    found = overlap.find(taken, items)
    assert [(one.row, one.kind) for one in found] == [(r.id, "near-image") for r in taken]
    assert all(one.row == one.key for one in found)
