"""Drawing the questions of a published variant that are asked again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from hubq.errors import BadInput
from hubq.evaluate import items, parts
from hubq.model.codec import digest
from hubq.model.suite import TaskSpec
from hubq.release.endpoint import Endpoint
from hubq.release.inputs import Telling
from hubq.release.options import Options
from hubq.release.rerun_tasks import Published, Task, file_of
from hubq.store import Store


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """A task with the questions that are asked again.

    Attributes:
        task: as published.
        whole: the prepared folder with every question.
        part: that with those drawn; count: how many they are.
    """

    task: Task
    whole: Path
    part: Path
    count: int


def allot(sizes: Mapping[str, int], count: int) -> dict[str, int]:
    """Return how many questions each task gets: as many as the others, as far as it has them.

    Args:
        sizes: task -> how many questions it has.
        count: how many there are to be together.
    """
    given = dict.fromkeys(sorted(sizes), 0)
    left = min(count, sum(sizes.values()))
    while left:
        for name in given:
            if left and given[name] < sizes[name]:
                given[name] += 1
                left -= 1
    return given


class Drawing:
    """Draws the questions of one variant.

    Args:
        options: data folder, and whether files may be fetched.
        published: the variant.
        store: where prepared questions are kept.
        endpoint: the Hub to read evaluation files from.
        progress: told what is read and fetched.
    """

    def __init__(
        self,
        options: Options,
        published: Published,
        store: Store,
        endpoint: Endpoint,
        progress: Callable[[str], None],
    ) -> None:
        self.options, self.published, self.store = options, published, store
        self.endpoint, self.progress = endpoint, progress

    def draw(self, count: int, seed: int) -> tuple[list[Drawn], dict[str, str]]:
        """Return the questions to ask, and task -> why it is not asked.

        Raises:
            BadInput: nothing can be asked.
        """
        skipped = dict(self.published.skipped)
        wholes: dict[str, tuple[Task, Path, str]] = {}
        for task in self.published.tasks:
            try:
                wholes[task.name] = (task, *self._whole(task))
            except BadInput as error:
                skipped[task.name] = error.message
        if not wholes:
            why = "; ".join(f"{name}: {reason}" for name, reason in sorted(skipped.items()))
            raise BadInput(
                f"{self.published.label}: nothing can be evaluated again here: {why}",
                remedy="Name the folder with the evaluation files: --data-dir",
            )
        sizes = {name: _questions(whole) for name, (_, whole, _) in wholes.items()}
        return [
            self._part(*wholes[name], part, seed)
            for name, part in allot(sizes, count).items()
            if part
        ], skipped

    def _whole(self, task: Task) -> tuple[Path, str]:
        """Return a task's prepared folder and its digest, shared with the releases made here."""
        file = file_of(
            task,
            own=self.options.data_dir,
            hub_for=self.endpoint.hub_for,
            offline=self.options.offline,
            progress=Telling(task.name, self.progress),
        )
        known = task.settings["task"]["digest"]
        identity = digest([msgspec.to_builtins(task.spec), known, items.items_digest()])
        if not (self.store.root / "tasks" / identity).is_dir():
            self.progress(f"reading {task.name}")
        return self._prepared(identity, task.spec, file), identity

    def _prepared(self, identity: str, spec: TaskSpec, file: Path) -> Path:
        def make(folder: Path) -> None:
            items.prepare(spec, file, folder)

        return self.store.derived("tasks", identity, make)

    def _part(self, task: Task, whole: Path, identity: str, count: int, seed: int) -> Drawn:
        def take(folder: Path) -> None:
            parts.take(whole, count, seed, folder)

        part = self.store.derived("tasks", digest([identity, count, seed, "rerun"]), take)
        return Drawn(task=task, whole=whole, part=part, count=count)


def _questions(folder: Path) -> int:
    return len({item.question_key for item in items.read_items(folder)})
