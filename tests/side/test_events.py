from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

FILE = Path(__file__).resolve().parents[2] / "hubq" / "side" / "events.py"


@pytest.fixture
def events() -> Any:
    """A copy of the module of its own: it keeps its state in itself."""
    spec = importlib.util.spec_from_file_location("side_events_under_test", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def line(events: Any) -> Iterator[Any]:
    """Return a function that returns the events written so far."""
    reading, writing = os.pipe()
    events.connect(writing)

    def written() -> list[dict[str, Any]]:
        os.write(writing, b"\n")
        return [json.loads(text) for text in os.read(reading, 1 << 16).splitlines() if text]

    yield written
    os.close(reading)
    os.close(writing)


def test_without_a_line_events_go_nowhere(events: Any) -> None:
    events.progress(1, 2)
    events.phase("load")


def test_progress_is_thinned_but_its_first_and_last_go_out(events: Any, line: Any) -> None:
    for done in range(1001):
        events.progress(done, 1000, "rows")
    written = line()
    assert written[0]["done"] == 0
    assert written[-1] == {"event": "progress", "done": 1000, "total": 1000, "unit": "rows"}
    assert len(written) < 100


@pytest.mark.parametrize("point", ["check", "phase", "progress"])
def test_a_stop_is_raised_at_every_safe_point(events: Any, point: str) -> None:
    calls = {
        "check": events.check,
        "phase": lambda: events.phase("save"),
        "progress": lambda: events.progress(1, 2),
    }
    calls[point]()
    events.request_stop()
    assert events.stopping()
    with pytest.raises(events.Stop):
        calls[point]()


def test_a_stop_is_not_an_ordinary_exception(events: Any) -> None:
    assert not issubclass(events.Stop, Exception)


def test_metrics_and_memory_say_numbers(events: Any, line: Any) -> None:
    events.metric("loss", 0.5, layer=3, module="mlp")
    events.memory(device_bytes=7)
    metric, memory = line()
    assert metric["labels"] == {"layer": 3, "module": "mlp"}
    assert memory["peak_bytes"] >= memory["resident_bytes"] > 0
    assert memory["device_bytes"] == 7


def test_a_line_nobody_reads_any_more_does_not_stop_the_work(events: Any) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    events.connect(writing)
    events.phase("load")
    os.close(writing)
