from __future__ import annotations

import pytest

from hubq.cards.comparison import compare
from hubq.cards.family import Family
from hubq.cards.ratios import judge
from hubq.model.recipe import BASELINE
from hubq.stats import holm
from tests.cards.timings import paced, told


def test_a_ratio_is_that_of_the_rounds(family: Family) -> None:
    found = compare(family, family.published)["speed"]["text"]["AWQ"]
    measure = family.results["bench/AWQ"].measure("ratio/tokens_per_second/text")
    assert found["ratio"] == measure.value == pytest.approx(190.7 / 212.4)
    assert (found["low"], found["high"], found["n"]) == (measure.low, measure.high, measure.n)
    assert found["low"] < found["ratio"] < found["high"]


def test_a_rate_of_requests_is_judged_by_latency(served: Family) -> None:
    chat = compare(served, served.published)["serving"]["chat"]
    assert {step: found["AWQ"]["quantity"] for step, found in chat.items()} == {
        "c1": "request_rate",
        "c4": "request_rate",
        "r2.5": "e2e_seconds",
        "max": "request_rate",
    }
    assert chat["r2.5"]["AWQ"]["ratio"] == pytest.approx(212.4 / 190.7)


def test_a_longer_wait_is_slower_though_its_ratio_is_above_one(served: Family) -> None:
    chat = compare(served, served.published)["serving"]["chat"]
    assert {found["AWQ"]["verdict"] for found in chat.values()} == {"slower"}


def test_the_correction_runs_over_every_cell_of_the_published_variants(served: Family) -> None:
    found = compare(served, served.published)
    rows = [*found["speed"].values(), *found["serving"]["chat"].values()]
    cells = [row[name] for row in rows for name in served.published]
    assert found["timed"] == len(cells) == 3 * (2 + 4)
    assert [cell["holm"] for cell in cells] == pytest.approx(holm([cell["p"] for cell in cells]))


def test_a_control_changes_nothing_for_the_others(served: Family) -> None:
    alone = compare(served, served.published)
    both = compare(served, (*served.published, *served.controls))
    control = served.controls[0]
    for name in served.published:
        assert both["speed"]["text"][name] == alone["speed"]["text"][name]
    assert both["speed"]["text"][control]["holm"] is not None
    assert both["timed"] == alone["timed"]


def test_what_does_not_hold_after_the_correction_is_open(family: Family) -> None:
    moved = paced(family, "AWQ", 0.97, 0.03)
    assert compare(moved, moved.published)["speed"]["text"]["AWQ"]["verdict"] == "open"
    alone = compare(paced(moved, "AWQ", 0.97, 0.001), ("AWQ",))
    assert alone["speed"]["text"]["AWQ"]["verdict"] == "slower"


def test_a_single_round_decides_nothing(family: Family) -> None:
    found = compare(paced(family, "AWQ", 0.5, None), family.published)
    cell = found["speed"]["text"]["AWQ"]
    assert (cell["verdict"], cell["holm"]) == ("open", None)
    assert found["timed"] == 4


def test_the_same_speed_is_neither() -> None:
    cell = {"quantity": "tokens_per_second", "ratio": 1.0, "p": 0.0, "capped": False}
    speed = {"text": {"A": cell}}
    judge(speed, {}, (("A",),))
    assert speed["text"]["A"]["verdict"] == "open"


def test_rounds_that_ended_at_their_cap_take_a_smaller_p(family: Family) -> None:
    slower = paced(family, "AWQ", 0.97, 0.001)
    noisy = told(slower, "AWQ", stopped={"text": "most", "image": "narrow"})
    for moved, capped, verdict in ((slower, False, "slower"), (noisy, True, "open")):
        cell = compare(moved, ("AWQ",))["speed"]["text"]["AWQ"]
        assert (cell["capped"], cell["verdict"]) == (capped, verdict)
        assert 0.001 < cell["holm"] < 0.05


def test_what_was_not_timed_is_left_out(gappy: Family) -> None:
    found = compare(gappy, gappy.published)["speed"]["text"]
    assert list(found) == ["GPTQ-Int4"]
    assert BASELINE not in found
