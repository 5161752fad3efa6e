from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from hubq.cards.family import Family
from hubq.cards.gathering import card_facts
from hubq.cards.rendering import render_card
from hubq.cards.tables.serving import ServingTable
from hubq.model.marks import plain
from hubq.model.workload import LatencyTarget
from tests.cards.factory import Factory
from tests.cards.nano import loaded_recipe, with_serving
from tests.cards.reading import texts
from tests.cards.tables.reading import cells
from tests.cards.timings import told


def table_of(family: Family) -> ServingTable:
    found = card_facts(family, "AWQ").serving
    assert found is not None
    return found


def section(family: Family, templates: tuple[Path, ...]) -> str:
    text = render_card(family, "AWQ", templates, charts=False)["README.md"].decode()
    return text.partition("### Serving\n")[2].partition("hubq:end speed")[0]


def test_a_family_that_is_not_served_has_no_such_table(
    family: Family, templates: tuple[Path, ...]
) -> None:
    assert card_facts(family, "AWQ").serving is None
    text = render_card(family, "AWQ", templates, charts=False)["README.md"].decode()
    assert "### Serving" not in text
    assert "**Serving** was not measured" in text


def test_rows_go_by_load_and_then_by_variant(served: Family) -> None:
    (chat,) = table_of(served).workloads
    assert [(plain(row.load), row.variant) for row in chat.rows[::4]] == [
        ("1 at a time", "BF16"),
        ("4 at a time", "BF16"),
        ("2.5 a second", "BF16"),
        ("all 12 at once", "BF16"),
    ]
    assert [row.pace for row in chat.rows[:2]] == ["", "slower"]


def test_the_table_shows_rates_latencies_goodput_and_the_ratio(
    served: Family, templates: tuple[Path, ...]
) -> None:
    rows = cells(section(served, templates).partition("<details>")[0])
    assert rows[0] == [
        *("Load", "Quantization", "Relative to BF16"),
        *("Requests/s", "Output tokens/s"),
        *("TTFT p50 / p99 (ms)", "ITL p50 / p99 (ms)", "End to end p50 / p99 (ms)"),
    ]
    assert rows[1] == [
        *("1 at a time", "BF16", "–", "10.30", "164.7"),
        *("16.5 / 17.1", "5.3 / 5.3", "98.9 / 102.4"),
    ]
    assert rows[2][2] == "0.56× (0.54 to 0.58), slower"
    assert len(rows) == 1 + 4 * 4


def test_what_goodput_and_rates_mean_is_said(served: Family, templates: tuple[Path, ...]) -> None:
    text = section(served, templates)
    assert (
        "Every request kept the target (its first token within 200 ms, each further token within "
        "50 ms on average), so that goodput is requests/s." in text
    )
    assert "At a rate of requests *relative* is the time to the last token" in text
    assert (
        "**chat**: 1 image of 84 × 84 pixels and 64 text tokens in, 16 out, each request with a "
        "prompt of its own." in text
    )


def test_goodput_has_a_column_where_requests_missed_the_target(
    tmp_path: Path, templates: tuple[Path, ...]
) -> None:
    loaded = with_serving(loaded_recipe())
    (chat,) = loaded.workloads.serving
    strict = (msgspec.structs.replace(chat, target=LatencyTarget(ttft_ms=60, e2e_ms=500)),)
    workloads = msgspec.structs.replace(loaded.workloads, serving=strict)
    factory = Factory(tmp_path, msgspec.structs.replace(loaded, workloads=workloads))
    factory.quantize("AWQ")
    for name in ("BF16", "AWQ"):
        factory.bench(name)
    text = section(factory.family(), templates)
    (row,) = (row for row in cells(text.partition("<details>")[0]) if row[0] == "all 12 at once")
    assert float(row[4]) < float(row[3])
    assert (
        "Goodput counts the requests a second that kept the target: its first token within 60 ms, "
        "its last token within 500 ms." in text
    )


def test_without_a_target_there_is_no_goodput(served: Family) -> None:
    (chat,) = served.loaded.workloads.serving
    plain = (msgspec.structs.replace(chat, target=None),)
    workloads = msgspec.structs.replace(served.loaded.workloads, serving=plain)
    loaded = msgspec.structs.replace(served.loaded, workloads=workloads)
    (found,) = table_of(msgspec.structs.replace(served, loaded=loaded)).workloads
    assert found.heads[0] == "Requests/s"
    assert found.target == ""


def test_further_percentiles_are_folded_away(served: Family, templates: tuple[Path, ...]) -> None:
    text = section(served, templates)
    folded = text.partition("<summary>Further percentiles of chat</summary>")[2]
    rows = cells(folded.partition("</details>")[0])
    assert rows[0][2:7] == [
        *("Images/s", "TTFT p90 (ms)", "ITL p90 (ms)", "End to end p90 (ms)"),
        "TPOT p50 / p90 / p99 (ms)",
    ]
    assert rows[1][:2] == ["1 at a time", "BF16"]


def test_each_figure_is_its_measure_with_its_interval(served: Family) -> None:
    (chat,) = table_of(served).workloads
    row = next(row for row in chat.rows if row.variant == "AWQ")
    stage = served.results["bench/AWQ/vllm"]
    figure = row.cells[chat.heads.index("TTFT p50 / p99 (ms)")][1]
    measure = stage.measure("ttft_p99_seconds/chat/c1")
    assert figure.value.claim is not None
    assert figure.value.claim.value == pytest.approx(measure.value * 1000)
    assert figure.low is not None
    assert measure.low is not None
    assert figure.low.value == pytest.approx(measure.low * 1000)


def test_a_load_that_broke_the_server_has_its_state(
    served: Family, templates: tuple[Path, ...]
) -> None:
    result = served.results["bench/AWQ/vllm"]
    lost = told(
        served,
        "AWQ",
        "vllm",
        states={**result.facts["states"], "chat/max": "oom"},
        why={"chat/max": "CUDA out of memory."},
        relative={k: v for k, v in result.facts["relative"].items() if not k.endswith("/max")},
    )
    kept = [one for one in result.measures if not one.name.endswith("/max")]
    changed = msgspec.structs.replace(lost.results["bench/AWQ/vllm"], measures=tuple(kept))
    lost.results["bench/AWQ/vllm"] = changed
    text = render_card(lost, "AWQ", templates, charts=False)["README.md"].decode()
    assert "|  | **AWQ** | **–** | **OOM¹** | **–** |" in text
    assert "¹ CUDA out of memory." in text


def test_what_each_server_held_is_said(served: Family, templates: tuple[Path, ...]) -> None:
    rows = cells(section(served, templates).partition("What each server held</summary>")[2])
    assert rows[:2] == [
        [
            *("Quantization", "Weights in memory (MB)", "Past tokens that fit"),
            *("Linear layers run as", "Attention"),
        ],
        ["BF16", "2.81", "100,000", "Linear × 14", "sdpa"],
    ]


def test_a_server_that_was_up_by_itself_is_said(
    served: Family, templates: tuple[Path, ...]
) -> None:
    assert "all servers were up at once" in section(served, templates)
    moved = told(served, "BF16", "vllm", residency="in-turn")
    assert "each server was up when its turn came" in section(moved, templates)


def test_nothing_served_is_a_table_of_gaps(served: Family) -> None:
    left = {k: v for k, v in served.results.items() if not k.endswith("/vllm")}
    bare = msgspec.structs.replace(served, results=left)
    found = table_of(bare)
    assert found.method is None
    assert {row.cells[0][0].value.state.value for row in found.workloads[0].rows} == {"pending"}
    assert found.servers == ()


def test_requests_that_failed_are_counted(served: Family, tmp_path: Path) -> None:
    assert texts(table_of(served).remarks) == ()
    folder = tmp_path / "changed"
    folder.mkdir()
    for path in served.folders["bench/AWQ/vllm"].iterdir():
        content = path.read_text(encoding="utf-8")
        if path.name == "bench.json":
            content = content.replace('"requests_failed": 0', '"requests_failed": 3', 1)
        (folder / path.name).write_text(content, encoding="utf-8")
    served.folders["bench/AWQ/vllm"] = folder
    (remark,) = texts(table_of(served).remarks)
    assert remark.startswith("**Failed requests.** They are in no figure but this: 3 of 20 of AWQ ")
    assert remark.endswith(" under chat (1 at a time).")
