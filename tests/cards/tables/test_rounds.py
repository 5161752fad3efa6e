from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from hubq.cards.family import Family
from hubq.cards.gathering import card_facts
from hubq.cards.rendering import render_card
from hubq.model.card import CellState
from tests.cards.reading import cell_text
from tests.cards.timings import measured_as, told


def line(family: Family, templates: tuple[Path, ...]) -> str:
    """Return the paragraph beneath the speed table."""
    text = render_card(family, "AWQ", templates, charts=False)["README.md"].decode()
    found = text.partition("Plain transformers generation")[2].partition("\n\n")[0]
    return " ".join(found.split())


def copied(family: Family, folder: Path, before: str, after: str) -> None:
    """Let the baseline's timing lie in another folder, with some of its text changed."""
    for path in family.folders["bench/BF16"].iterdir():
        content = path.read_text(encoding="utf-8").replace(before, after)
        (folder / path.name).write_text(content, encoding="utf-8")
    family.folders["bench/BF16"] = folder


def test_the_card_says_how_rounds_were_run(family: Family, templates: tuple[Path, ...]) -> None:
    said = line(family, templates)
    assert (
        "BF16 and the variants took turns in one sitting, loaded side by side: warm-up "
        "until two runs differed by no more than 5 % (10 runs at most), then 5 to 15 rounds, until "
        "they had each ratio to within 2 %." in said
    )
    assert "the intervals reckon with 1 % of speed for that (one standard deviation" in said
    assert "95 % interval by Student's t on logarithms" in said
    assert "under 5 % after Holm's correction over 6 comparisons" in said


def test_models_that_were_loaded_in_turn_and_afresh_are_said(
    family: Family, templates: tuple[Path, ...], tmp_path: Path
) -> None:
    copied(family, tmp_path, '"processes": 1', '"processes": 9')
    said = line(told(family, "BF16", residency="in-turn", processes=9), templates)
    assert "in one sitting, each loaded when its turn came, 9 times afresh:" in said
    assert "reckon with" not in said


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("cuda-allocated", "the most that PyTorch had allocated on the GPU"),
        ("resident", "the most that the whole process held during the workload"),
        ("resident-since-start", "had held since it began, libraries and loading included"),
        ("device", "the most that the driver counted for the process"),
    ],
)
def test_the_card_says_whose_memory_it_was(
    family: Family, templates: tuple[Path, ...], tmp_path: Path, kind: str, words: str
) -> None:
    copied(family, tmp_path, '"kind": "resident"', f'"kind": "{kind}"')
    assert words in line(family, templates)


def test_memory_that_nobody_could_read_has_a_state(family: Family) -> None:
    moved = measured_as(family, "AWQ", "peak_memory_bytes/", 1.0)
    result = moved.results["bench/AWQ"]
    kept = tuple(m for m in result.measures if not m.name.startswith("peak_memory_bytes/"))
    moved.results["bench/AWQ"] = msgspec.structs.replace(result, measures=kept)
    row = next(row for row in card_facts(moved, "AWQ").speed.rows if row.variant == "AWQ")
    assert row.memory.state is CellState.NOT_RUN
    assert cell_text(row.speed) == "190.70"
