"""A card on which something was measured since says that, what follows, and nothing else."""

from __future__ import annotations

import random
from pathlib import Path

import msgspec
import pytest

from hubq.cards.family import Family
from hubq.cards.ledger import SELF
from hubq.cards.rendering import marked_card, render_card
from hubq.cards.updating import Changes, Made, changes
from hubq.model.card import CellState, Evidence
from hubq.model.gap import Gap
from hubq.model.marks import plain, unmark
from tests.cards.factory import Factory

Templates = tuple[Path, ...]
VARIANT = "GPTQ-Int4"
STATES = (CellState.OOM, CellState.FAILED, CellState.PENDING, CellState.RUNNING)


def gaps_in(whole: Factory, draw: random.Random) -> dict[str, Gap]:
    """Return gaps of some stages, each with one of three reasons; the card's own is never lost."""
    own = (f"quantize/{VARIANT}", f"certify/{VARIANT}")
    kinds = ("quantize", "certify", "score", "bench")
    names = [name for name in whole.results if name.startswith(kinds) and name not in own]
    return {
        name: Gap(state=draw.choice(STATES), reason=f"reason {draw.randrange(3)}")
        for name in draw.sample(names, draw.randint(2, 6))
    }


def lacking(whole: Factory, gaps: dict[str, Gap]) -> Family:
    """Return the family without the results of some stages, and of those that need them."""
    family = whole.family(gaps=gaps)
    lost = {name.partition("/")[2] for name in gaps if name.startswith("quantize/")}
    for name in [name for name in family.results if name.split("/")[1] in lost]:
        del family.results[name], family.folders[name]
        family.environments.pop(name, None)
    return family


def made(family: Family, templates: Templates) -> Made:
    files = render_card(family, VARIANT, templates, charts=False)
    evidence = msgspec.json.decode(files["hubq.json"], type=Evidence)
    return Made(text=marked_card(family, VARIANT, templates), evidence=evidence)


def updated(before: Family, after: Family, templates: Templates) -> tuple[Made, Made, Changes]:
    old, new = made(before, templates), made(after, templates)
    return old, new, changes(msgspec.structs.replace(old, text=plain(old.text)), new)


def test_a_measured_cell_its_footnote_and_what_follows_change(
    whole: Factory, templates: Templates
) -> None:
    gaps = {
        "score/GPTQ-Int4/NanoMulti_VAL": Gap(state=CellState.OOM, reason="too large"),
        "bench/AWQ": Gap(state=CellState.FAILED, reason="no kernel"),
    }
    later = {"bench/AWQ": gaps["bench/AWQ"]}
    _, _, found = updated(whole.family(gaps=gaps), whole.family(gaps=later), templates)
    cells = {change.name: (change.before, change.after) for change in found.cells}
    assert cells["score.GPTQ-Int4.NanoMulti_VAL"] == ("oom", "62.25")
    assert found.measured == ("score/GPTQ-Int4/NanoMulti_VAL",)
    assert not any(name.startswith("speed.") for name in cells)
    assert {"delta.GPTQ-Int4.NanoMulti_VAL", "average.GPTQ-Int4"} <= {c.name for c in found.derived}
    assert ("¹ Scoring ran out of memory: too large.", "") in [
        (note.before, note.after) for note in found.footnotes
    ]
    assert any(
        (note.before[:1], note.after[:1]) == ("²", "¹") and "no kernel" in note.after
        for note in found.footnotes
    )
    assert found.unexplained == ()
    assert found.charts
    assert any("score.GPTQ-Int4.NanoMulti_VAL" in part.because for part in found.lines)


@pytest.mark.parametrize(
    "seed", [*range(2), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(2, 16))]
)
def test_whatever_is_measured_later_all_else_stays(
    whole: Factory, templates: Templates, seed: int
) -> None:
    draw = random.Random(seed)  # noqa: S311 - a reproducible draw
    gaps = gaps_in(whole, draw)
    left = {name: gap for name, gap in gaps.items() if draw.random() < 0.5}
    before, after = lacking(whole, gaps), lacking(whole, left)
    old, new, found = updated(before, after, templates)
    assert found.unexplained == ()
    measured = after.results.keys() - before.results.keys()
    assert set(found.measured) == {name for name in measured if "RTN-Int3" not in name}
    one = {claim.id: claim for claim in old.evidence.claims}
    two = {claim.id: claim for claim in new.evidence.claims}
    both = [name for name in one.keys() & two.keys() if one[name].key == two[name].key != SELF]
    assert {name: one[name].shown for name in both} == {name: two[name].shown for name in both}
    assert_lines_follow(old, new, found)


def assert_lines_follow(old: Made, new: Made, found: Changes) -> None:
    """Check that lines which print nothing that changed are others only where prose follows."""
    changed = {change.name for change in (*found.cells, *found.derived)}
    notes = [side for note in found.footnotes for side in (note.before, note.after) if side]
    signs = {note.partition(" ")[0] for note in notes}
    for mine, other in ((old, new), (new, old)):
        text, spots = unmark(mine.text)
        theirs, start = set(unmark(other.text)[0].splitlines()), 0
        for block, line in zip(of_block(text), text.splitlines(), strict=True):
            here = {spot.claim for spot in spots if start <= spot.start < start + len(line)}
            start += len(line) + 1
            follows = here & changed or any(sign in line for sign in signs)
            assert line in theirs or follows or block not in UNTOUCHED, line


UNTOUCHED = ("making", "use", "certificate", "reproduction", "license")
"""Blocks that say nothing of scores and speeds."""


def of_block(text: str) -> list[str]:
    """Return the block that each line stands in; empty for none."""
    found, name = [], ""
    for line in text.splitlines():
        name = line.split()[2] if line.startswith("<!-- hubq:begin") else name
        found.append(name)
        name = "" if line.startswith("<!-- hubq:end") else name
    return found


def test_nothing_new_is_no_change(family: Family, templates: Templates) -> None:
    _, _, found = updated(family, family, templates)
    assert not found
    assert found.unexplained == ()


def test_another_template_explains_nothing(
    gappy: Family, templates: Templates, tmp_path: Path
) -> None:
    mine = tmp_path / "vision-language.md.j2"
    mine.write_text('{% extends "text.md.j2" %}{% block license %}Ask us.\n{% endblock %}')
    old, new = made(gappy, templates), made(gappy, (tmp_path, *templates))
    found = changes(old, new)
    assert found.unexplained[0].startswith("the last card was made with other templates")
    assert any("Ask us." in line for line in found.unexplained)


def test_what_was_lost_or_measured_again_is_no_update(whole: Factory, templates: Templates) -> None:
    lost = {"bench/AWQ": Gap(state=CellState.PENDING, reason="Not run yet.")}
    _, _, found = updated(whole.family(), whole.family(gaps=lost), templates)
    assert found.unexplained == ("bench/AWQ: its result is on the card and is not there now",)
    old, new = made(whole.family(), templates), made(whole.family(), templates)
    results = dict(new.evidence.results)
    key = next(key for key, result in results.items() if result["stage"] == "bench/AWQ")
    results["ab" * 32] = results.pop(key)
    again = msgspec.structs.replace(new.evidence, results=results)
    found = changes(old, msgspec.structs.replace(new, evidence=again))
    assert found.unexplained == ("bench/AWQ: it was measured again, with other inputs",)


def test_the_marks_of_blocks_are_not_differences(gappy: Family, templates: Templates) -> None:
    old = made(gappy, templates)
    sealed = old.text.replace("hubq:begin scores -->", "hubq:begin scores sha256=00 -->")
    assert not changes(msgspec.structs.replace(old, text=sealed), old)
