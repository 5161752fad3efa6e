from __future__ import annotations

from hubq.audit.rules.branch_table import RULE
from tests.audit.cases import case, findings
from tests.rows import each_row

_HEAD = "# X\n\n| Branch | Bits | GS | Act Order | Size | Desc |\n|---|---|---|---|---|---|\n"
_QUANTIZE = {"quantize_config.json": {"bits": 4, "group_size": 128, "desc_act": True}}


@each_row(
    ("row", "said", "found"),
    [
        ("| [gptq-8bit-128g-actorder_True](x) | 4 | 128 | Yes | 7 GB | |", "4", "its name says 8"),
        ("| gptq-4bit-32g-actorder_True | 4 | 128 | Yes | 4 GB | |", "128", "its name says 32"),
        ("| gptq-4bit--1g-actorder_True | 4 | 128 | Yes | 4 GB | |", "128", "its name says None"),
        ("| gptq-4bit-32g-actorder_False | 4 | 32 | Yes | 4 GB | |", "Yes", "its name says No"),
        ("| a | 8 | 128 | Yes | 4 GB | 4-bit, with Act Order. |", "8", "its description says 4"),
        ("| a | 4 | 128 | Yes | 4 GB | 4-bit, group size 64g. |", "128", "its description says 64"),
        (
            "| a | 4 | 128 | Yes | 4 GB | 4-bit, without Act Order. |",
            "Yes",
            "its description says No",
        ),
    ],
)
def test_a_row_that_contradicts_itself_is_found(row: str, said: str, found: str) -> None:
    (one,) = findings(RULE, case(f"{_HEAD}{row}\n"))
    assert (one.severity, one.line) == ("warning", 5)
    assert one.said.endswith(f": {said}")
    assert one.found == found


def test_the_row_of_this_branch_is_held_against_the_configuration() -> None:
    card = f"{_HEAD}| main | 8 | 32 | No | 4 GB | |\n| b-8bit-32g | 8 | 32 | No | 4 GB | |\n"
    found = findings(RULE, case(card, texts=_QUANTIZE))
    assert [one.found for one in found] == [
        "quantize_config.json says 4",
        "quantize_config.json says 128",
        "quantize_config.json says Yes",
    ]


def test_the_same_settings_with_another_size_are_worth_a_word() -> None:
    card = f"{_HEAD}| main | 4 | 128 | No | 4.52 GB | |\n| b | 4 | 128 | Yes | 3.90 GB | |\n"
    (found,) = findings(RULE, case(card))
    assert (found.severity, found.said) == ("info", "main: 4.52 GB")


@each_row(
    "rows",
    [
        "| main | 4 | 128 | Yes | 4.16 GB | 4-bit, with Act Order and group size 128g. |",
        "| main | 4 | 128 | Yes | 4 GB | |\n| a-4bit-32g-actorder_True | 4 | 32 | Yes | 5 GB | |",
        (
            "| gptq-3bit-128g-actorder_False | 3 | 128 | No | 4 GB | 3-bit, but no act-order, as "
            "3-bit None. |\n"
        ),
        (
            "| gptq-8bit--1g-actorder_True | 8 | None | Yes | 4 GB | 8-bit, with Act Order. No "
            "group size, to lower VRAM. |\n"
        ),
        "| some branch | ? | - | Processing | x | |",
    ],
)
def test_rows_that_agree_are_fine(rows: str) -> None:
    assert not findings(RULE, case(f"{_HEAD}{rows}\n", texts=_QUANTIZE))


def test_other_tables_are_left_alone() -> None:
    names = "# X\n\nA branch.\n\n| Name | Size |\n|---|---|\n| main | 4 GB |\n"
    models = "| Model | Bits |\n|---|---|\n| main | 8 |\n"
    assert not findings(RULE, case(f"{names}\n{models}", texts=_QUANTIZE))
