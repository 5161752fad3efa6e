"""Tests of hubq.cards.published.sheets."""

from __future__ import annotations

from hubq.cards.published.sheets import sheets_of
from tests.cards.published.reports import block_of, kept, sheet_of
from tests.rows import each_row


@each_row(
    ("page", "kinds"),
    [
        ("qwen2-vl.md", ["scores", "speed", "speed", "speed"]),
        ("red-hat.html", ["scores"]),
        ("speed-ups.md", ["grid"]),
        ("vlmq.md", ["settings", "scores", "scores", "scores"]),
        ("qwen3.md", ["scores", "scores", "scores", "scores", "deploy"]),
    ],
)
def test_what_a_table_shows_follows_from_its_structure(page: str, kinds: list[str]) -> None:
    found = [sheet.kind for sheet in sheets_of((kept(page),))]
    expected = kinds if page != "vlmq.md" else ["settings", "scores", "settings", "scores"]
    assert found == expected


def test_models_and_groups_are_blocks() -> None:
    sheets = sheets_of((kept("qwen2-vl.md"),))
    assert [block.title for block in sheets[0].blocks] == [
        "Qwen2-VL-72B-Instruct",
        "Qwen2-VL-7B-Instruct",
        "Qwen2-VL-2B-Instruct",
    ]
    assert {block.baseline for block in sheets[0].blocks} == {"BF16"}


def test_lines_of_one_name_are_told_apart_by_what_their_rows_say() -> None:
    block = sheets_of((kept("vlmq.md"),))[0].blocks[0]
    assert block.lines[1].name == "Text-vision, LI Ratio 0%"
    assert {line.label for line in block.lines} == {
        "Text-only",
        "Text-vision",
        "Text-vision (Ours)",
    }


def test_a_line_is_held_against_the_baseline_of_its_workload() -> None:
    block = sheets_of((kept("qwen2-vl.md"),))[3].blocks[0]
    found = {pair.line.name: pair.base.name if pair.base else "" for pair in block.pairs}
    assert found["6144 / AWQ"] == "6144 / BF16"
    assert found["1 / BF16"] == ""


def test_of_several_parts_only_the_precision_may_differ() -> None:
    block = block_of(
        "| Precision | Kernel | Speed (tokens/s) |\n|---|---|---|\n"
        "| BF16 | v2 | 32.88 |\n| Int8 | v2 | 29.28 |\n| BF16 | v1 | 32.76 |\n"
        "| Int8 | v1 | 28.31 |\n"
    )
    found = {pair.line.name: pair.base.name if pair.base else "" for pair in block.pairs}
    assert found == {
        "BF16 / v2": "",
        "Int8 / v2": "BF16 / v2",
        "BF16 / v1": "",
        "Int8 / v1": "BF16 / v1",
    }


def test_the_row_without_a_difference_is_what_others_are_held_against() -> None:
    page = "| Run | Overall | Δ |\n|---|---|---|\n| one | 0.39 | — |\n| two | 0.38 | −0.01 |\n"
    assert block_of(page).baseline == "one"


def test_a_table_of_other_things_is_plain() -> None:
    page = "| Branch | Group | Size |\n|---|---|---|\n| main | 128 | 3.90 GB |\n| b | 32 | 4 GB |\n"
    assert sheet_of(page).kind == "plain"
