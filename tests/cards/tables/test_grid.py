from __future__ import annotations

from pathlib import Path

from hubq.cards.family import Family
from hubq.cards.gathering import card_facts
from hubq.cards.rendering import render_card
from hubq.cards.tables.grid import GridRow, GridTable
from tests.cards.factory import Factory
from tests.cards.tables.reading import cells, number, printed
from tests.cards.timings import told


def rows_of(table: GridTable | None) -> list[list[str]]:
    assert table is not None
    return cells(printed("grid", "grid_table", table))


def test_speed_ups_are_those_of_the_speed_table(family: Family) -> None:
    facts = card_facts(family, "AWQ")
    assert facts.tables.grid is not None
    shown = {
        (row.workload, name): cell.claim.value
        for row in facts.tables.grid.rows
        for name, cell in zip(facts.tables.grid.variants, row.cells, strict=True)
        if cell.claim is not None
    }
    speeds = {
        (row.workload, row.variant): row.relative.claim.value
        for row in facts.speed.rows
        if row.relative is not None and row.relative.claim is not None
    }
    assert shown == speeds
    assert len(shown) == 6


def test_what_was_not_timed_has_its_state(gappy: Family) -> None:
    facts = card_facts(gappy, "GPTQ-Int4")
    assert [row[3:] for row in rows_of(facts.tables.grid)[1:]] == [
        ["pending³", "0.85×", "failed²"]
    ] * 2


def test_servers_have_rows_of_their_own(served: Family) -> None:
    rows = rows_of(card_facts(served, "AWQ").tables.grid)
    assert [row[2] for row in rows[1:]] == [
        "single stream",
        "",
        "vLLM, single stream",
        "vLLM, 4 at a time",
        "vLLM, saturation",
    ]
    assert rows[-1][3:] == ["0.56×", "0.85×", "0.90×"]


def test_a_server_that_was_not_measured_has_its_state(served: Family) -> None:
    states = {"chat": "measured", "chat/c1": "measured", "chat/c4": "measured", "chat/max": "oom"}
    facts = dict(served.results["bench/AWQ/vllm"].facts["relative"])
    left = {kind: found for kind, found in facts.items() if not kind.endswith("/max")}
    lost = told(served, "AWQ", "vllm", states=states, why={"chat/max": "No room."}, relative=left)
    found = card_facts(lost, "AWQ")
    assert rows_of(found.tables.grid)[-1][5] == "OOM¹"
    assert found.footnotes[0]["text"] == "No room."


def test_more_hardware_and_regimes_are_more_rows() -> None:
    table = GridTable(
        variants=("INT W4A16", "FP|W8A8"),
        rows=tuple(
            GridRow(
                workload="DocVQA",
                hardware=hardware,
                regime=regime,
                cells=(number("2.20"), number("1.90")),
            )
            for hardware in ("A100", "H100")
            for regime in ("low latency", "throughput")
        ),
    )
    assert rows_of(table) == [
        ["Workload", "Hardware", "Regime", "INT W4A16", "FP|W8A8"],
        ["DocVQA", "A100", "low latency", "2.20×", "1.90×"],
        ["DocVQA", "", "throughput", "2.20×", "1.90×"],
        ["DocVQA", "H100", "low latency", "2.20×", "1.90×"],
        ["DocVQA", "", "throughput", "2.20×", "1.90×"],
    ]


def test_no_speed_is_no_grid(tmp_path: Path, templates: tuple[Path, ...]) -> None:
    factory = Factory(tmp_path)
    factory.quantize("AWQ")
    assert card_facts(factory.family(), "AWQ").tables.grid is None
    text = render_card(factory.family(), "AWQ", templates, charts=False)["README.md"].decode()
    assert "### Speed-ups" not in text


def test_the_card_shows_it(family: Family, templates: tuple[Path, ...]) -> None:
    text = render_card(family, "AWQ", templates, charts=False)["README.md"].decode()
    assert "| Workload | Hardware | Regime | GPTQ-Int8 | GPTQ-Int4 | AWQ |" in text
    assert "| single stream | 0.56× | 0.85× | 0.90× |" in text
