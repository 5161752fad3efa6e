"""Calibration rows that the evaluation asks about are refused, or stand on the card."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hubq.errors import Refused
from tests.release.releases import Releases
from tests.release.stand_in import StandInExecutor

pytestmark = pytest.mark.long


@pytest.fixture
def releases(tmp_path: Path) -> Releases:
    """Releases of a recipe of whose calibration rows one is asked in the evaluation."""
    made = Releases(tmp_path)
    rows = made.recipe.parent / "rows.jsonl"
    asked = json.loads((made.recipe.parent / "words.jsonl").read_text().splitlines()[3])
    row = {"id": "leak", "question": asked["question"], "answer": asked["answer"], "image": None}
    lines = [json.loads(line) for line in rows.read_text().splitlines()]
    rows.write_text("".join(json.dumps(line) + "\n" for line in [row, *lines[:3]]))
    return made


def test_an_overlap_is_refused_before_anything_is_started(releases: Releases) -> None:
    executor = StandInExecutor()
    with pytest.raises(Refused, match="leak = Words/3") as caught:
        releases.run(executor)
    assert caught.value.exit_code == 3
    assert "--allow-overlap" in caught.value.remedy
    assert executor.started == []


def test_an_overlap_that_is_allowed_stands_on_every_card(releases: Releases) -> None:
    report = releases.run(allow_overlap=True)
    assert report.exit_code == 0
    with releases.session() as session:
        keys = session.plan.keys()
        card = (session.store.folder(keys["card/AWQ"]) / "README.md").read_text()
    said = (
        "Calibration rows of AWQ that stand in the evaluation sets too: 1; questions concerned: 1"
    )
    assert said in card.replace("\n", " ")


def test_what_was_quantized_is_not_looked_at_again(releases: Releases) -> None:
    releases.run(allow_overlap=True)
    executor = StandInExecutor()
    report = releases.run(executor)
    assert report.done == ()
    assert executor.started == []
