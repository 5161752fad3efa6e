"""Tests of published speeds, deployments, grids and tables that nobody understands."""

from __future__ import annotations

from hubq.cards.footnotes import sign_of
from hubq.model.card import CellState
from hubq.model.marks import plain
from tests.cards.published.reports import known, source_of, text_of
from tests.cards.reading import cell_text, texts


def said(number: int) -> tuple[str, ...]:
    speeds = known("qwen2-vl.md").sheets[number].speeds
    assert speeds is not None
    return texts(speeds.sentences)


def rows(number: int, *, beside: bool = False) -> list[tuple[str, ...]]:
    speeds = known("qwen2-vl.md").sheets[number].speeds
    assert speeds is not None
    table = speeds.beside if beside else speeds.table
    return [table.heads, *(tuple(map(plain, row.cells)) for row in table.rows)]


def test_a_speed_table_stands_in_the_form_of_its_page() -> None:
    heads, first, second, *_ = rows(3)
    assert heads == (
        *("Model", "Input Length", "Quantization"),
        *("GPU Num", "Speed(tokens/s)", "GPU Memory(GB)"),
    )
    assert first == ("Qwen2-VL-2B-Instruct", "1", "BF16", "1", "35.29", "4.68")
    assert second == ("", "", "GPTQ-Int8", "1", "28.59", "3.55")
    assert rows(3)[5][:3] == ("", "6144", "BF16")


def test_a_speed_table_stands_in_our_form_too() -> None:
    found = rows(3, beside=True)
    assert found[0] == ("Input Length", "Beside BF16", "GPTQ-Int8", "GPTQ-Int4", "AWQ")
    assert found[2] == ("1", "speed", "0.81×", "1.13×", "0.85×")
    last = ("3.6\N{NO-BREAK SPACE}%", "5.7\N{NO-BREAK SPACE}%", "5.7\N{NO-BREAK SPACE}%")
    assert found[-1] == ("", "memory saved", *last)


def test_a_speed_on_another_number_of_gpus_says_so() -> None:
    assert rows(1, beside=True)[2][2:] == (
        "1.07×",
        "1.24× (1 instead of 2 GPUs)",
        "1.35× (1 instead of 2 GPUs)",
    )


def test_cells_slower_than_the_baseline_are_named() -> None:
    text = said(3)[0]
    assert "slower than BF16: GPTQ-Int8" in text
    assert "GPTQ-Int8 (0.81× at 1, 0.81× at 6144, 0.85× at 14336, 0.85× at 30720)" in text
    assert "GPTQ-Int4 (0.94× at 30720)" in text
    assert "0.81× at 1" in said(2)[0]


def test_a_longer_input_that_is_faster_is_remarked() -> None:
    assert "BF16 is faster at 6144 (36.58) than at 1 (35.29)" in said(3)[1]
    assert not any("warm" in text for text in said(2))


def test_a_saving_that_vanishes_is_named() -> None:
    assert "AWQ 38.5 % (4.68 → 2.88) at 1 but 5.7 % (31.64 → 29.84) at 30720" in said(3)[2]


def test_different_numbers_of_gpus_are_named() -> None:
    (text,) = said(1)
    assert "BF16/GPTQ-Int8/GPTQ-Int4/AWQ: 2/2/1/1 at 1" in text
    assert "4/2/2/2 at 30720" in text
    assert text.endswith("only GPTQ-Int8 at 1 and at 6144 ran on as many as BF16.")


def test_a_deployment_is_worked_out_again() -> None:
    (table,) = known("qwen3.md").sheets[4].deploys
    rows = [
        (cell_text(row.wall), cell_text(row.per_item), cell_text(row.relative), row.relation)
        for row in table.rows
    ]
    assert rows == [
        ("58.5", "9,140", "1.00", ""),
        ("176.7", "27,600", "3.02", "slower"),
        ("58.9", "9,210", "1.01", "parity"),
    ]
    assert [cell_text(row.delta) for row in table.rows] == ["–", "−0.71", "−2.48"]
    assert texts(table.remarks) == (
        "Time and time per item tell that each run was over 384 items.",
    )


def test_states_stand_with_the_notes_of_the_page() -> None:
    facts = known("qwen3.md")
    scores = facts.sheets[0].scores
    assert scores is not None
    rows = [tuple(map(plain, row.cells)) for row in scores.rows]
    assert rows[1][4] == "OOM¹"
    assert rows[4][2:] == ("running²",) * 5
    assert [note.text for note in scores.notes] == [
        "The GPU had no room left for these quantized runs; a smaller batch is to come.",
        "Still answering when this was written.",
    ]


def test_a_suspect_row_and_cell_have_the_same_sign() -> None:
    scores = known("qwen3.md").sheets[3].scores
    assert scores is not None
    row = [plain(cell) for cell in scores.rows[2].cells]
    sign = sign_of(CellState.SUSPECT, 1)
    assert (row[0], row[-1]) == (f"FQ W8A8 sq-ph α=0.8{sign}", f"(suspect){sign}")


def test_speed_ups_stand_as_stated_with_the_largest_of_each() -> None:
    grid = known("speed-ups.md").sheets[0].grid
    assert grid is not None
    rows = [tuple(map(plain, row.cells)) for row in grid.table.rows]
    assert rows[0] == (
        *("Pixtral-Large", "DocVQA", "A100", "low latency"),
        *("–", "–", "&gt;2.2x"),
    )
    assert rows[4][-1] == "1.3–1.7x"
    assert texts(grid.sentences)[0].startswith("FP W8A8: the largest is 3.4x")


def test_a_table_nobody_understands_stands_as_it_is() -> None:
    page = "| Branch | Size | Desc |\n|---|---|---|\n| main | 3.90 GB | 4-bit, *best* |\n"
    text = text_of(source_of(page))
    assert "was not understood; it is printed as it stands" in text
    assert "| main | 3.90\N{NO-BREAK SPACE}GB | 4-bit, best |" in text
