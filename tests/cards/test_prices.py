from __future__ import annotations

from pathlib import Path

import pytest

from hubq.cards.comparison import compare
from hubq.cards.family import Family
from hubq.cards.gathering import card_facts
from hubq.cards.rendering import render_card
from tests.cards.tables.reading import cells
from tests.cards.timings import priced


def test_a_cost_is_the_price_of_the_seconds_that_a_million_tokens_take(served: Family) -> None:
    found = compare(priced(served), served.published)["prices"]
    speed = served.results["bench/AWQ"].measure("tokens_per_second/text")
    cost = found["plain"]["text"]["AWQ"]
    assert cost["value"] == pytest.approx(1.25 / 3600 / 190.7 * 1e6)
    assert cost["low"] == pytest.approx(1.25 / 3600 / (speed.high or 0) * 1e6)
    assert cost["low"] < cost["value"] < cost["high"]
    rate = served.results["bench/AWQ/vllm"].measure("output_tokens_per_second/chat/max").value
    assert found["served"]["chat/max"]["AWQ"]["value"] == pytest.approx(1.25 / 3600 / rate * 1e6)


def test_without_a_price_there_is_no_cost(family: Family) -> None:
    assert compare(family, family.published)["prices"] == {}
    facts = card_facts(family, "AWQ")
    assert facts.speed.prices is None


def test_the_card_says_the_price_and_the_currency(
    served: Family, templates: tuple[Path, ...]
) -> None:
    text = render_card(priced(served), "AWQ", templates, charts=False)["README.md"].decode()
    plain, _, after = text.partition("What a million generated tokens cost at the speeds above")
    assert after.startswith(", 1.25 EUR an hour for the machine")
    rows = cells(plain.rpartition("</details>")[2])
    assert rows[0] == ["Workload", "Quantization", "Per million tokens (EUR)"]
    assert [row[:2] for row in rows[1:3]] == [["text", "BF16"], ["", "GPTQ-Int8"]]
    assert rows[1][2].startswith("1.63 (")
    assert "cost under each load, 1.25 EUR an hour" in after


def test_a_small_cost_has_digits_of_its_own(family: Family) -> None:
    table = card_facts(priced(family, 0.01), "AWQ").speed.prices
    assert table is not None
    claim = table.costs.rows[0].cells[0][0].value.claim
    assert claim is not None
    assert claim.shown == "0.0131"
    assert claim.unit == "EUR"
