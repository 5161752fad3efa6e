from __future__ import annotations

import pytest

from hubq.cards.family import Family
from hubq.cards.gathering import card_facts
from hubq.cards.tables.sizes import unit_of
from tests.cards.factory import Factory
from tests.cards.nano import source
from tests.cards.reading import cell_text


def test_a_share_is_of_the_baselines_bytes(family: Family) -> None:
    rows = {row.variant: row for row in card_facts(family, "AWQ").sizes.rows}
    share, size, base = rows["AWQ"].share, rows["AWQ"].size, rows["BF16"].size
    assert share is not None
    assert size is not None
    assert base is not None
    assert share.claim is not None
    assert size.claim is not None
    assert base.claim is not None
    assert share.claim.value == pytest.approx(size.claim.value / base.claim.value * 100)


def test_large_models_are_shown_in_gigabytes(whole: Factory) -> None:
    large = source(files={"model.safetensors": 4_400_000_000})
    sizes = card_facts(whole.family(source=large), "AWQ").sizes
    assert sizes.unit == "GB"
    assert cell_text(sizes.rows[0].size) == "4.40"


def test_without_the_sources_weights_there_is_no_share(whole: Factory) -> None:
    sizes = card_facts(whole.family(source=source(files={})), "AWQ").sizes
    assert cell_text(sizes.rows[0].size) == "–"
    assert sizes.rows[1].share is None


def test_a_variant_that_was_not_made_has_its_state(gappy: Family) -> None:
    rows = card_facts(gappy, "GPTQ-Int4").sizes.rows
    assert cell_text(rows[-1].size) == "failed²"


def test_a_gigabyte_is_a_power_of_ten() -> None:
    assert [unit_of(sizes) for sizes in ((), (999_999_999,), (5, 1_000_000_000))] == [
        "MB",
        "MB",
        "GB",
    ]
