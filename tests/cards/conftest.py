"""The made-up nano family, made once a session: results never change."""

from __future__ import annotations

from pathlib import Path

import pytest

from hubq.cards.family import Family
from hubq.model.card import CellState
from hubq.model.gap import Gap
from hubq.resources import bundled
from tests.cards.factory import Factory
from tests.cards.nano import loaded_recipe, with_serving

GAPS = {
    "quantize/AWQ": Gap(
        state=CellState.FAILED,
        reason="calibration rows of unequal length, which the scale search of AWQ cannot use",
    ),
    "score/GPTQ-Int4/NanoMulti_VAL": Gap(state=CellState.OOM, reason="the batch was too large"),
    "bench/GPTQ-Int8": Gap(state=CellState.PENDING, reason="waiting for a free GPU"),
}


@pytest.fixture(scope="session")
def templates() -> tuple[Path, ...]:
    """Return the bundled templates."""
    return (bundled("card_templates"),)


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Factory:
    """Return a factory that has made every result. Do not make more with it."""
    return Factory(tmp_path_factory.mktemp("runs")).everything()


@pytest.fixture
def family(whole: Factory) -> Family:
    """Return a family in which everything was measured."""
    return whole.family()


@pytest.fixture
def gappy(whole: Factory) -> Family:
    """Return a family whose AWQ variant failed, and which lacks a score and a speed."""
    lost = {name: gap for name, gap in GAPS.items() if name in whole.results}
    rests = [name for name in whole.results if name.split("/")[1] == "AWQ" and name not in lost]
    family = whole.family(gaps=lost)
    for name in rests:
        del family.results[name], family.folders[name]
        family.environments.pop(name, None)
    return family


@pytest.fixture(scope="session")
def whole_served(tmp_path_factory: pytest.TempPathFactory) -> Factory:
    """Return a factory that has made every result of a family that is served too."""
    loaded = with_serving(loaded_recipe())
    return Factory(tmp_path_factory.mktemp("served"), loaded).everything()


@pytest.fixture
def served(whole_served: Factory) -> Family:
    """Return a family in which everything was measured, servers among it."""
    return whole_served.family()
