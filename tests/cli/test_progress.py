"""Progress: plain lines anywhere, bars in a terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from hubq.cli import progress
from hubq.runner import Event
from tests.factory import a_plan

EVENTS = [
    Event(stage="resolve", what="cached"),
    Event(stage="quantize/AWQ", what="started"),
    Event(stage="quantize/AWQ", what="progress", text="load"),
    Event(stage="quantize/AWQ", what="progress", done=2, total=4, unit="layers"),
    Event(stage="quantize/AWQ", what="done", seconds=61.0),
    Event(stage="push", what="started"),
    Event(stage="push", what="said", text="acme/x: sending [3] files"),
    Event(stage="push", what="progress", done=2e6, total=4e6, unit="bytes"),
    Event(stage="push", what="progress", done=1, total=3, unit="bytes", item="acme/x/a"),
    Event(stage="push", what="progress", done=7e6, total=9e6, unit="bytes", item="acme/x/big"),
    Event(stage="push", what="progress", done=3, total=3, unit="bytes", item="acme/x/a"),
    Event(stage="bench/AWQ", what="started"),
    Event(stage="bench/AWQ", what="failed", text="no timer", seconds=1.0),
    Event(stage="card/AWQ", what="skipped", text="bench/AWQ: no timer"),
]


def test_plain_lines_say_what_ended_and_why(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.watching(a_plan()) as see:
        for event in EVENTS:
            see(event)
    said = capsys.readouterr().err
    assert "quantize/AWQ  1 min 01 s" in said
    assert "bench/AWQ  FAILED: no timer" in said
    assert "card/AWQ  skipped: bench/AWQ: no timer" in said
    assert "push  acme/x: sending [3] files" in said
    assert "resolve" not in said


def test_bytes_are_shown_as_sizes(capsys: pytest.CaptureFixture[str]) -> None:
    clock = iter([0.0, 0.0, 20.0])
    with progress.watching(a_plan(), clock=lambda: next(clock)) as see:
        see(Event(stage="push", what="started"))
        for done in (0, 2e6):
            see(Event(stage="push", what="progress", done=done, total=4e6, unit="bytes"))
    assert "push  2.0 MB/4.0 MB  100.0 kB/s  20.0 s left" in capsys.readouterr().err


def test_an_item_of_a_stage_has_its_own_rate(capsys: pytest.CaptureFixture[str]) -> None:
    clock = iter([0.0, 0.0, 20.0])
    with progress.watching(a_plan(), clock=lambda: next(clock)) as see:
        see(Event(stage="push", what="started"))
        for done in (0, 2e6):
            see(
                Event(
                    stage="push",
                    what="progress",
                    done=done,
                    total=4e6,
                    unit="bytes",
                    item="acme/x/model.safetensors",
                )
            )
    said = capsys.readouterr().err
    assert "push  acme/x/model.safetensors  2.0 MB/4.0 MB  100.0 kB/s  20.0 s left" in said


def test_one_thing_that_hubq_does_itself_is_narrated(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.narrating("undoing") as tell:
        tell("acme/x: deleting a branch")
    said = capsys.readouterr().err
    assert "undoing  acme/x: deleting a branch" in said
    assert "[1/1] undoing" in said


def test_plain_progress_has_rate_and_time_left(capsys: pytest.CaptureFixture[str]) -> None:
    clock = iter([0.0, 0.0, 20.0])
    with progress.watching(a_plan(), clock=lambda: next(clock)) as see:
        see(EVENTS[1])
        see(Event(stage="quantize/AWQ", what="progress", done=0, total=4, unit="layers"))
        see(EVENTS[3])
    assert "2/4 layers  0.1/s  20.0 s left" in capsys.readouterr().err


def test_what_an_earlier_run_had_finished_is_no_rate(capsys: pytest.CaptureFixture[str]) -> None:
    clock = iter([0.0, 0.0, 20.0])
    with progress.watching(a_plan(), clock=lambda: next(clock)) as see:
        see(EVENTS[1])
        for done in (80, 90):
            see(Event(stage="quantize/AWQ", what="progress", done=done, total=100, unit="items"))
    assert "90/100 items  0.5/s  20.0 s left" in capsys.readouterr().err


def test_a_terminal_shows_bars_and_keeps_what_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=120)
    monkeypatch.setattr("rich.console.Console", lambda **_: console)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    with progress.watching(a_plan()) as see:
        for event in EVENTS:
            see(event)
    said = screen.getvalue()
    assert "quantize/AWQ" in said
    assert "no timer" in said
    assert "release" in said
    assert "acme/x: sending" in said
    assert "2.0 MB/4.0 MB" in said
    assert "acme/x/big" in said
    assert "7.0 MB/9.0 MB" in said
