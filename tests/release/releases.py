"""A release of a small made-up source to an embedded Hub."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from hubq.model.stage import Kind, Plan
from hubq.plan import ORDER
from hubq.release.options import Options
from hubq.release.run import Report, run_session
from hubq.release.session import Session
from hubq.runner import Event, Observer
from tests.release.stand_in import StandInExecutor, write_recipe, write_source


class Releases:
    """Runs releases in a folder and remembers what happened."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.source = write_source(folder / "Small")
        self.recipe = write_recipe(folder / "recipe")
        self.said: list[str] = []
        self.events: list[Event] = []

    def options(self, **changes: Any) -> Options:
        """Return the options of a release to the embedded Hub."""
        chosen: dict[str, Any] = {
            "source": str(self.source),
            "recipe": str(self.recipe),
            "namespace": "acme",
            "hub": "local",
            "runs_dir": self.folder / "runs",
            "device": "cpu",
            "interpreters": {"gptqmodel": sys.executable},
        }
        return Options(**(chosen | changes))

    def session(self, kinds: Iterable[Kind] = ORDER, **changes: Any) -> Session:
        """Open a release."""
        return Session(self.options(**changes), kinds, self.said.append)

    def run(
        self,
        executor: StandInExecutor | None = None,
        kinds: Iterable[Kind] = ORDER,
        **changes: Any,
    ) -> Report:
        """Run a release."""
        self.events = []
        with self.session(kinds, **changes) as session:
            return run_session(session, self._watching, lambda _: executor or StandInExecutor())

    @contextlib.contextmanager
    def _watching(self, plan: Plan) -> Iterator[Observer]:
        assert plan.stages
        yield self.events.append
