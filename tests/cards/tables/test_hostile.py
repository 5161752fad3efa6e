"""Names from outside end no cell and start no markup, whatever they hold."""

from __future__ import annotations

import pytest

from hubq.cards.tables.calibrations import CalibrationRow, CalibrationTable
from hubq.cards.tables.deploy import DeployRow, DeployTable
from hubq.cards.tables.grid import GridRow, GridTable
from hubq.cards.tables.losses import LossRow, LossTable
from hubq.cards.tables.margins import MarginRow, MarginTable
from hubq.cards.tables.methods import MethodGroup, MethodRow, MethodTable
from hubq.cards.tables.ranks import RankRow, RankStep
from hubq.cards.tables.spreads import SpreadRow
from tests.cards.tables.reading import cells, claim, number, printed
from tests.rows import some

HOSTILE = ("a|b", "*a*", "<b>x</b>", "`a`", "{{ 7 * 7 }}", "[a](javascript:x)", "a\\|b", "![a](b)")


@pytest.mark.parametrize("name", some(HOSTILE, 2))
def test_margins_and_spreads_keep_a_name(name: str) -> None:
    row = MarginRow(
        task=name,
        first=number("1.00"),
        second=number("2.00"),
        margin=claim("−1.00"),
        low=claim("+0.50"),
        high=claim("+1.50"),
        leader="second",
        ahead=name,
    )
    table = MarginTable(first="A", second=name, rows=(row,))
    assert cells(printed("margins", "margin_table", table, "95"))[1] == [
        name,
        "1.00",
        "2.00",
        f"{name} +1.00",
        "+0.50 to +1.50",
        name,
    ]
    spread = SpreadRow(
        task=name,
        lowest=name,
        highest="B",
        low=claim("1"),
        high=claim("2"),
        range=claim("1"),
    )
    assert cells(printed("spreads", "spread_table", (spread,)))[1] == [
        name,
        f"{name} 1",
        "B 2",
        "1",
    ]


@pytest.mark.parametrize("name", some(HOSTILE, 2))
def test_rows_of_scores_keep_a_name(name: str) -> None:
    one = number("1.00")
    loss = LossTable(
        tasks=(name,), rows=(LossRow(variant=name, this=True, cells=(one,), recovery=(None,)),)
    )
    assert cells(printed("losses", "loss_table", loss)) == [["", name], [name, "1.00 %"]]
    row = MethodRow(method=name, variant=name, this=False, cells=(one,), average=None, best=(True,))
    methods = MethodTable(tasks=(name,), groups=(MethodGroup(title=name, rows=(row,)),))
    assert cells(printed("methods", "method_table", methods)) == [
        ["Method", name],
        [name, ""],
        [name, "1.00"],
    ]
    calibration = CalibrationRow(
        variant=name,
        dataset=name,
        modality="text only",
        rows=None,
        vision_share=None,
        kl=None,
        cells=(one,),
        average=None,
    )
    table = CalibrationTable(tasks=(name,), method=name, rows=(calibration,))
    assert cells(printed("calibrations", "calibration_table", table)) == [
        [name, "Calibrated with", name],
        [name, f"text only, {name}", "1.00"],
    ]


@pytest.mark.parametrize("name", some(HOSTILE, 2))
def test_ranks_and_speeds_keep_a_name(name: str) -> None:
    step = RankStep(variant=name, score=claim("1"), gap=None, low=None, high=None, sure=False)
    assert cells(printed("ranks", "rank_table", (RankRow(task=name, steps=(step,)),)))[1] == [
        name,
        f"{name} 1",
    ]
    grid = GridTable(
        variants=(name,),
        rows=(GridRow(workload=name, hardware=name, regime=name, cells=(number("2.00"),)),),
    )
    assert cells(printed("grid", "grid_table", grid))[1] == [name, name, name, "2.00×"]
    run = DeployRow(
        run=name, this=True, score=None, wall=None, per_item=None, relative=None, delta=None
    )
    deploy = cells(printed("deploy", "deploy_table", DeployTable(reference=name, rows=(run,))))
    assert deploy[0][4] == f"Speed against {name}"
    assert deploy[1] == [name, *["–"] * 5]
