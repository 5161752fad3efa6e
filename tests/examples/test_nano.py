"""The nano example is complete, small, in the real formats, and its sets do not leak."""

from __future__ import annotations

import ast
import base64
import csv
import hashlib
import json
import struct
from functools import cache
from pathlib import Path
from typing import Any

import pytest

NANO = Path(__file__).parents[2] / "examples" / "nano-qwen2-vl"
MODEL = NANO / "model"
DATA = NANO / "data"
MIB = 1 << 20
COLUMNS = {
    "NanoDocVQA_VAL.tsv": ["index", "image", "question", "answer"],
    "NanoBench_DEV.tsv": [
        *("index", "image", "question", "hint", "A", "B", "C", "D"),
        *("answer", "category", "l2-category", "split"),
    ],
    "NanoVista_MINI.tsv": [
        *(
            "index",
            "image",
            "question",
            "answer",
            "question_type",
            "answer_type",
            "category",
            "task",
        ),
    ],
    "NanoMMU_VAL.tsv": [
        *("index", "image", "question", "A", "B", "C", "D", "answer", "category", "split"),
    ],
    "NanoText_TEST.jsonl": ["index", "question", "answer", "category"],
}
SUFFIXES = {
    "NanoDocVQA_VAL.tsv": "\nAnswer the question using a single word or phrase.",
    "NanoBench_DEV.tsv": "\nAnswer with the option's letter from the given choices directly.",
    "NanoVista_MINI.tsv": "\nAnswer with a number.",
    "NanoMMU_VAL.tsv": "\nAnswer with the option's letter from the given choices directly.",
    "NanoText_TEST.jsonl": "",
}
SETS = sorted(COLUMNS)
CHOICES = ["NanoBench_DEV.tsv", "NanoMMU_VAL.tsv"]
Row = dict[str, Any]


@cache
def rows_of(name: str) -> list[Row]:
    with (DATA / name).open(encoding="utf-8", newline="") as stream:
        if name.endswith(".jsonl"):
            return [json.loads(line) for line in stream]
        return list(csv.DictReader(stream, delimiter="\t"))


@cache
def header() -> dict[str, Row]:
    with (MODEL / "model.safetensors").open("rb") as stream:
        (size,) = struct.unpack("<Q", stream.read(8))
        parsed: dict[str, Row] = json.loads(stream.read(size))
    parsed.pop("__metadata__", None)
    return parsed


def prompt_of(name: str, row: Row) -> str:
    options = "".join(f"\n{letter}. {row[letter]}" for letter in "ABCD" if letter in row)
    return f"{row['question']}{options}{SUFFIXES[name]}"


def digest(image: str | None, prompt: str) -> str:
    return hashlib.sha256(base64.b64decode(image or "") + prompt.encode()).hexdigest()


def config() -> Row:
    parsed: Row = json.loads((MODEL / "config.json").read_text(encoding="utf-8"))
    return parsed


def test_the_model_folder_is_complete_and_small() -> None:
    names = {path.name for path in MODEL.iterdir()}
    assert names >= {
        *("config.json", "generation_config.json", "model.safetensors", "README.md"),
        *("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"),
        "preprocessor_config.json",
    }
    assert sum(path.stat().st_size for path in MODEL.iterdir()) <= 8 * MIB


def test_the_weights_are_qwen2_vl_in_bfloat16() -> None:
    tensors = header()
    assert {tensor["dtype"] for tensor in tensors.values()} == {"BF16"}
    assert any(".layers.0.self_attn.q_proj.weight" in name for name in tensors)
    assert any(
        name.startswith("visual.blocks.0.") or ".visual.blocks.0." in name for name in tensors
    )
    parameters = sum(
        tensor["data_offsets"][1] - tensor["data_offsets"][0] for tensor in tensors.values()
    )
    assert 2_000_000 <= parameters <= 6_000_000  # bytes, two a parameter


def test_every_text_linear_fits_groups_of_128() -> None:
    inner = [
        tensor["shape"]
        for name, tensor in header().items()
        if name.endswith("_proj.weight") and ".layers." in name
    ]
    assert len(inner) == 7 * config()["text_config"]["num_hidden_layers"]
    assert all(shape[1] % 128 == 0 for shape in inner)


def test_the_configuration_names_the_architecture_and_no_path() -> None:
    assert config()["architectures"] == ["Qwen2VLForConditionalGeneration"]
    for path in MODEL.glob("*.json"):
        assert "_name_or_path" not in path.read_text(encoding="utf-8")


def test_the_card_declares_licence_language_and_task() -> None:
    _, front, _ = (MODEL / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    assert "license: apache-2.0" in front
    assert "pipeline_tag: image-text-to-text" in front
    assert "library_name: transformers" in front


@pytest.mark.parametrize("name", SETS)
def test_a_set_has_a_thousand_unique_items_in_its_form(name: str) -> None:
    rows = rows_of(name)
    assert list(rows[0]) == COLUMNS[name]
    assert [int(row["index"]) for row in rows] == list(range(len(rows)))
    assert (
        len({digest(row.get("image"), prompt_of(name, row)) for row in rows}) == len(rows) >= 1000
    )


@pytest.mark.parametrize("name", sorted(set(SETS) - {"NanoText_TEST.jsonl"}))
def test_pictures_are_84_by_84_palette_pngs(name: str) -> None:
    for row in rows_of(name):
        png = base64.b64decode(row["image"], validate=True)
        assert png[:8] == b"\x89PNG\r\n\x1a\n"
        assert struct.unpack(">4sIIBB", png[12:26]) == (b"IHDR", 84, 84, png[24], 3)


@pytest.mark.parametrize("name", CHOICES)
def test_choices_have_four_different_options_and_every_letter_is_used(name: str) -> None:
    rows = rows_of(name)
    assert all(len({row[letter] for letter in "ABCD"}) == 4 for row in rows)
    counts = [sum(row["answer"] == letter for row in rows) for letter in "ABCD"]
    assert min(counts) > len(rows) / 6


def test_document_answers_are_lists_and_numeric_answers_integers() -> None:
    for row in rows_of("NanoDocVQA_VAL.tsv"):
        answers = ast.literal_eval(row["answer"])
        assert isinstance(answers, list)
        assert all(isinstance(answer, str) and answer for answer in answers)
    assert all(row["answer"].isdigit() for row in rows_of("NanoVista_MINI.tsv"))


def test_calibration_is_complete_and_shares_nothing_with_the_sets() -> None:
    rows = rows_of("calibration.jsonl")
    assert len(rows) == 256
    assert all(list(row) == ["id", "image", "question", "answer"] for row in rows)
    assert any(row["image"] for row in rows)
    assert any(row["image"] is None for row in rows)
    calibrated = {digest(row["image"], row["question"]) for row in rows}
    tested = {
        digest(row.get("image"), prompt_of(name, row)) for name in SETS for row in rows_of(name)
    }
    assert len(calibrated) == len(rows)
    assert not calibrated & tested
    pictures = {row["image"] for row in rows if row["image"]}
    assert not pictures & {row.get("image") for name in SETS for row in rows_of(name)}


def test_the_data_folder_is_small() -> None:
    assert sum(path.stat().st_size for path in DATA.iterdir()) <= 8 * MIB
