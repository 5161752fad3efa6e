"""Watching a run: bars with rate and time left in a terminal, plain lines anywhere else."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from typing import Self

from hubq.cli.output import say
from hubq.model.stage import Kind, Plan, Stage
from hubq.runner import Event, Observer, Voice
from hubq.units import human_duration, human_size

_EVERY = 10.0
"""Seconds between plain progress lines of one stage."""
_BYTES = "bytes"


@contextlib.contextmanager
def watching(plan: Plan, *, clock: Callable[[], float] = time.monotonic) -> Iterator[Observer]:
    """Give an observer that shows a run on stderr while the block lasts; clock in seconds."""
    if sys.stderr.isatty():
        with _Terminal(plan) as terminal:
            yield terminal.see
    else:
        yield _Lines(plan, clock).see


@contextlib.contextmanager
def narrating(name: str) -> Iterator[Voice]:
    """Give a voice for one thing that hubq does itself, shown like a stage."""
    stage = Stage(id=name, kind=Kind.PUSH, backend="hubq", settings={})
    begun = time.monotonic()
    with watching(Plan(name=name, stages=(stage,))) as observer:
        observer(Event(stage=name, what="started"))
        yield Voice(name, observer)
        observer(Event(stage=name, what="done", seconds=time.monotonic() - begun))


def _what(event: Event) -> str:
    """Return what an event's progress is of: a stage, or an item of it."""
    return f"{event.stage}  {event.item}" if event.item else event.stage


def _amount(done: float, total: float, unit: str) -> str:
    """Return how far something is: `3/8 items`, `1.2 MB/4.0 MB`."""
    if unit == _BYTES:
        return f"{human_size(done)}/{human_size(total)}"
    return f"{done:.0f}/{total:.0f} {unit}"


def _rate(rate: float, unit: str) -> str:
    """Return how fast it goes on: `2.1/s`, `4.0 MB/s`."""
    return f"{human_size(rate)}/s" if unit == _BYTES else f"{rate:.1f}/s"


class _Lines:
    """One line for each thing worth knowing; progress at most every ten seconds a stage."""

    def __init__(self, plan: Plan, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.total = len(plan.stages)
        self.settled = 0
        self.cached = 0
        self.begun: dict[str, float] = {}
        self.spoken: dict[str, float] = {}
        self.found: dict[str, float] = {}

    def see(self, event: Event) -> None:
        """Say what happened."""
        if event.what in ("done", "failed", "infeasible", "skipped", "cached"):
            self.settled += 1
        count = f"[{self.settled:>{len(str(self.total))}}/{self.total}]"
        if event.what == "done":
            say(f"{count} {event.stage}  {human_duration(event.seconds)}")
        elif event.what == "failed":
            say(f"{count} {event.stage}  FAILED: {event.text}")
        elif event.what == "infeasible":
            say(f"{count} {event.stage}  infeasible: {event.text}")
        elif event.what == "skipped":
            say(f"{count} {event.stage}  skipped: {event.text}")
        elif event.what == "started":
            self.begun[event.stage] = self.spoken[event.stage] = self.clock()
        elif event.what == "said":
            say(f"        {event.stage}  {event.text}")
        elif event.what == "progress" and event.total:
            self._progress(event)

    def _progress(self, event: Event) -> None:
        now, what = self.clock(), _what(event)
        begun = self.begun.setdefault(what, now)
        # What an earlier run had finished says nothing of this one's rate.
        first = self.found.setdefault(f"{what} {event.unit}", event.done)
        if now - self.spoken.setdefault(what, now) < _EVERY or event.done <= first:
            return
        self.spoken[what] = now
        rate = (event.done - first) / max(now - begun, 1e-9)
        left = (event.total - event.done) / rate
        say(
            f"        {what}  {_amount(event.done, event.total, event.unit)}"
            f"  {_rate(rate, event.unit)}  {human_duration(left)} left"
        )


class _Terminal:
    """A bar for the release and one for each stage that runs."""

    def __init__(self, plan: Plan) -> None:
        from rich.console import Console
        from rich.markup import escape
        from rich.progress import (
            BarColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[amount]}"),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )
        self.whole = self.progress.add_task(
            "[bold]release", total=len(plan.stages), rate="", amount=""
        )
        self.escape = escape
        self.bars: dict[str, int] = {}
        self.found: dict[str, float] = {}

    def __enter__(self) -> Self:
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    def see(self, event: Event) -> None:
        """Move the bars."""
        text = self.escape(event.text)
        if event.what == "started":
            self.bars[event.stage] = self.progress.add_task(
                event.stage, total=None, rate="", amount=""
            )
            return
        if event.what == "progress":
            self._move(event)
            return
        if event.what == "said":
            self.progress.print(f"  [dim]{event.stage}[/]  {text}")
            return
        self._settle()
        for what in [w for w in self.bars if w.split("  ")[0] == event.stage]:
            self.progress.remove_task(self.bars.pop(what))  # type: ignore[arg-type]
        if event.what == "done":
            took = human_duration(event.seconds)
            self.progress.print(f"[green]✓[/] {event.stage}  [dim]{took}[/]")
        elif event.what == "failed":
            self.progress.print(f"[red]✗[/] {event.stage}  {text}", markup=True)
        elif event.what == "infeasible":
            self.progress.print(f"[yellow]∅[/] {event.stage}  {text}", markup=True)
        elif event.what == "skipped":
            self.progress.print(f"[yellow]-[/] {event.stage}  [dim]{text}[/]")

    def _settle(self) -> None:
        """Move the bar of the whole release by one stage."""
        self.progress.advance(self.whole)
        whole = next(task for task in self.progress.tasks if task.id == self.whole)
        self.progress.update(self.whole, amount=f"{whole.completed:.0f}/{whole.total:.0f}")

    def _bar(self, event: Event) -> int | None:
        """Return the bar that an event moves; an item gets one when it is first heard of."""
        what = _what(event)
        if event.item and event.stage in self.bars and what not in self.bars:
            name = f"  {self.escape(event.item)}"
            self.bars[what] = self.progress.add_task(name, total=event.total, rate="", amount="")
        if event.item and event.done >= event.total and what in self.bars:
            self.progress.remove_task(self.bars.pop(what))  # type: ignore[arg-type]
        return self.bars.get(what)

    def _move(self, event: Event) -> None:
        bar = self._bar(event)
        if bar is None:
            return
        if event.total:
            task = next(task for task in self.progress.tasks if task.id == bar)
            first = self.found.setdefault(f"{_what(event)} {event.unit}", event.done)
            done = event.done - first
            rate = _rate(done / task.elapsed, event.unit) if task.elapsed and done else ""
            amount = _amount(event.done, event.total, event.unit)
            self.progress.update(
                bar,  # type: ignore[arg-type]
                completed=event.done,
                total=event.total,
                rate=rate,
                amount=amount,
            )
        else:
            said = f"{event.stage} [dim]{self.escape(event.text)}[/]"
            self.progress.update(bar, description=said)  # type: ignore[arg-type]
