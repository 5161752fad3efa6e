"""`hubq bench show` and `compare`: what people see, what CI sees."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hubq.cli.main import cli
from hubq.errors import BadInput
from hubq.model.codec import pretty
from hubq.model.stage import Kind
from tests.bench.kept import ASKED, bench, entry, lost, run
from tests.release.releases import Releases

BASE = [100.0, 101.0, 99.0, 100.5, 99.5]
FIRST = [90.1, 90.7, 89.3, 90.2, 89.6]
SERVED = {"input_tokens": 8, "output_tokens": 8, "concurrency": 4}


def hubq(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments))


def kept(folder: Path, name: str, factor: float = 1.0, **changes: Any) -> str:
    """Write a run in which a variant is this much as fast as at first; return its path."""
    own = [factor * value for value in FIRST]
    found = run(
        bench("BF16", entry(BASE, **changes)),
        bench("GPTQ-Int4", entry(own, BASE, **changes), busy=["It was busy."]),
        name=name,
    )
    path = folder / f"{name}.json"
    path.write_text(pretty(found), encoding="utf-8")
    return str(path)


def test_a_run_is_shown_with_intervals_ratios_and_conditions(tmp_path: Path) -> None:
    done = hubq("bench", "show", kept(tmp_path, "old"))
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0] == "transformers: tokens over seconds"
    assert "GPTQ-Int4" in lines[3]
    assert "89.98 (89.30 to 90.66)" in lines[3]
    assert "0.8998 (" in lines[3]
    assert "1.0 kB" in lines[3]
    assert "5 rounds in 1 process, models loaded side by side, bfloat16, A CPU." in done.stdout
    assert "In brackets: 95 % intervals.\n" in done.stdout
    assert "Busy: It was busy." in done.stdout
    shared = hubq("bench", "show", kept(tmp_path, "shared", load_spread=0.015)).stdout
    assert "95 % intervals, with 1.50 % for the load that rounds share.\n" in shared


def test_a_price_gives_costs_of_tokens(tmp_path: Path) -> None:
    path = kept(tmp_path, "old")
    done = hubq("bench", "show", path, "--price", "3.6:eur", "--variant", "GPTQ-Int4")
    assert "EUR a million tokens" in done.stdout
    assert "11.114 (11.030 to 11.198)" in done.stdout
    assert "short     BF16" not in done.stdout
    told = json.loads(hubq("bench", "show", path, "--price", "3.6", "--format", "json").stdout)
    cost = told["costs"]["GPTQ-Int4"]["transformers/short"]
    assert cost["value"] == pytest.approx(11.11, abs=0.01)
    assert told["price"] == {"per_hour": 3.6, "currency": "USD"}


def test_what_show_prints_as_json_can_be_compared(tmp_path: Path) -> None:
    path = kept(tmp_path, "old")
    again = tmp_path / "again.json"
    again.write_text(hubq("bench", "show", path, "--format", "json").stdout)
    done = hubq("bench", "compare", path, str(again))
    assert done.exit_code == 0, done.output
    assert "2 cells: 2 same. Nothing is beyond the limits" in done.stdout


def test_states_and_failures_are_shown(tmp_path: Path) -> None:
    restless = [{"seconds": [1.0, 2.0], "settled": False}]
    served = entry(
        FIRST,
        BASE,
        quantity="request_rate",
        step="c4",
        asked=SERVED,
        requests=20,
        requests_failed=2,
    )
    found = run(
        bench("BF16", entry(BASE, warm=restless), lost("oom", "no 3 GB left", "long")),
        bench("AWQ", served, engine="vllm"),
    )
    path = tmp_path / "run.json"
    path.write_text(pretty(found), encoding="utf-8")
    shown = hubq("bench", "show", str(path)).stdout
    assert "did not settle in the warm-up" in shown
    assert "oom: no 3 GB left" in shown
    assert "short/c4" in shown
    assert "2 of 20 requests failed" in shown


def test_slower_than_the_limit_is_exit_code_one(tmp_path: Path) -> None:
    old, new = kept(tmp_path, "old"), kept(tmp_path, "new", 0.9)
    done = hubq("bench", "compare", old, new)
    assert done.exit_code == 1
    assert "-10.0 % (-10.3 to -9.7)" in done.stdout
    told = "GPTQ-Int4 short is 10 % slower than before, relative to BF16; this is beyond noise"
    assert f"{told} and beyond the limit of 5 %." in done.stdout
    assert "Busy, new run: It was busy." in done.stdout
    assert hubq("bench", "compare", old, new, "--limit", "12%").exit_code == 0
    assert hubq("bench", "compare", new, old).exit_code == 0


def test_a_comparison_is_there_as_json(tmp_path: Path) -> None:
    old, new = kept(tmp_path, "old"), kept(tmp_path, "new", 0.9)
    done = hubq("bench", "compare", old, new, "--format", "json", "--variant", "GPTQ-Int4")
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert (told["beyond"], told["limit"], told["on"]) == (1, 0.05, "auto")
    (change,) = told["changes"]
    assert (change["basis"], change["verdict"]) == ("ratio", "slower")
    assert change["ratio"]["factor"] == pytest.approx(0.9)


def test_memory_that_grew_is_said_and_is_exit_code_one(tmp_path: Path) -> None:
    more = {"kind": "resident", "peak_bytes": 1200, "weights_bytes": 600}
    old, new = kept(tmp_path, "old"), kept(tmp_path, "new", memory=more)
    done = hubq("bench", "compare", old, new)
    assert done.exit_code == 1
    grew = "GPTQ-Int4 short: peak memory grew by 20 %, more than the limit of 5 %."
    assert grew in done.stdout
    assert "Beyond the limits: 2." in done.stdout
    assert hubq("bench", "compare", old, new, "--memory-limit", "25").exit_code == 0


def test_cells_of_one_run_alone_are_told(tmp_path: Path) -> None:
    old = kept(tmp_path, "old")
    new = kept(tmp_path, "new", asked={**ASKED, "output_tokens": 9})
    done = hubq("bench", "compare", old, new)
    assert "Only in the old run: BF16 short (transformers), GPTQ-Int4" in done.stdout
    assert "Only in the new run: BF16 short (transformers), GPTQ-Int4" in done.stdout
    assert "0 cells" in done.stdout


@pytest.mark.parametrize(
    ("option", "value"),
    [("--limit", "much"), ("--limit", "-3"), ("--memory-limit", "inf"), ("--on", "luck")],
)
def test_limits_that_are_none_are_wrong_use(tmp_path: Path, option: str, value: str) -> None:
    path = kept(tmp_path, "old")
    assert hubq("bench", "compare", path, path, option, value).exit_code == 2


@pytest.mark.parametrize("price", ["0", "cheap", "2.5:€", "-1"])
def test_prices_that_are_none_are_wrong_use(tmp_path: Path, price: str) -> None:
    assert hubq("bench", "show", kept(tmp_path, "old"), "--price", price).exit_code == 2


def test_memory_that_hardly_moved_is_no_news(tmp_path: Path) -> None:
    hardly = {"kind": "resident", "peak_bytes": 1003, "weights_bytes": 600}
    old, new = kept(tmp_path, "old"), kept(tmp_path, "new", memory=hardly)
    done = hubq("bench", "compare", old, new)
    assert "peak memory" not in done.stdout
    assert "Memory is the same within 1 %." in done.stdout


def test_what_was_measured_is_shown_when_a_run_ends(tmp_path: Path) -> None:
    releases = Releases(tmp_path)
    releases.run(kinds=[Kind.BENCH])
    options = releases.options()
    done = hubq(
        *("bench", "run", options.source, "--recipe", str(options.recipe)),
        *("--runs-dir", str(options.runs_dir), "--namespace", "acme", "--hub", "local"),
        *("--device", "cpu", "--interpreter", f"gptqmodel={options.interpreters['gptqmodel']}"),
    )
    assert done.exit_code == 0, done.output
    assert "Nothing to do" in done.stderr
    assert done.stdout.startswith("transformers: tokens over seconds\nworkload")


def test_a_run_that_is_not_there_is_said(tmp_path: Path) -> None:
    done = hubq("bench", "compare", kept(tmp_path, "old"), "nowhere", "--runs-dir", str(tmp_path))
    assert isinstance(done.exception, BadInput)
    assert done.exception.exit_code == 2
    assert "nowhere: no such release" in done.exception.message
