"""Inputs: where the files that a recipe names are on this machine, and their digests."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable
from pathlib import Path

from hubq.errors import BadInput
from hubq.evaluate import files
from hubq.hub.hashes import HashCache
from hubq.hub.port import Hub
from hubq.model.recipe import LoadedRecipe
from hubq.model.suite import HARNESS_FOLDERS, TaskSpec
from hubq.plan import calibration_of
from hubq.quantize import datasets, methods
from hubq.units import human_duration, human_size

_EVERY_S = 5.0


class Telling:
    """Says how far a download is: at its start, every few seconds, and at its end."""

    def __init__(self, name: str, say: Callable[[str], None]) -> None:
        self.name, self.say = name, say
        self.begun: float | None = None
        self.spoken = self.first = 0.0

    def __call__(self, done: int, total: int) -> None:
        """Be told how many bytes are there and how many there will be (0 when not known)."""
        now = time.monotonic()
        if self.begun is None:
            self.begun, self.first = now, done
        elif now - self.spoken < _EVERY_S and done != total:
            return
        self.spoken = now
        rate = (done - self.first) / max(now - self.begun, 1e-9)
        of = f" of {human_size(total)}" if total else ""
        left = f", {human_duration((total - done) / rate)} left" if total and rate > 0 else ""
        speed = f", {human_size(int(rate))}/s" if rate > 0 else ""
        self.say(f"fetching {self.name}: {human_size(done)}{of}{speed}{left}")


class Inputs:
    """The files that one release reads, by the names the recipe gives them.

    Args:
        loaded: the recipe.
        own: the person's data folder, looked into first; none for none.
        hub_for: repo -> the Hub to read its files from.
        say: told how far a download is.
        fetch: whether a task's file that is nowhere is downloaded.

    Raises:
        BadInput: a file is not there and cannot be had.
    """

    def __init__(
        self,
        loaded: LoadedRecipe,
        own: Path | None,
        hub_for: Callable[[str], Hub],
        *,
        say: Callable[[str], None],
        fetch: bool = True,
    ) -> None:
        self.loaded, self.hub_for, self.say, self.fetch = loaded, hub_for, say, fetch
        self._need_parquet()
        self.folders = [*([own] if own else []), Path(loaded.folder)]
        self.calibrations = self._calibrations()
        self.paths = {task.file: self._task(task) for task in loaded.suite.tasks if task.file}
        for name in (*self.calibrations, *self._fidelity()):
            self.paths[name] = self._dataset(name)
        self.folders_of = {task.name: self._folders(task) for task in loaded.suite.tasks}
        for task in loaded.suite.tasks:
            if "include_path" in task.harness_options:
                named = str(task.harness_options["include_path"])
                self.paths[named] = self.folders_of[task.name]["include_path"]

    def digests(self) -> dict[str, str]:
        """Return the digest of each file and dataset that the recipe names.

        A method without calibration has no dataset; the stage's key then says so.
        """
        single = {name: path for name, path in self.paths.items() if path.is_file()}
        caches = {folder: HashCache(folder) for folder in {p.parent for p in single.values()}}
        known = {name: caches[path.parent].sha256(path) for name, path in single.items()}
        for cache in caches.values():
            cache.save()
        others = {
            name: datasets.digest(path) for name, path in self.paths.items() if name not in single
        }
        return known | others

    def _need_parquet(self) -> None:
        """Refuse Parquet files that cannot be read here, before anything is downloaded."""
        named = (*(task.file for task in self.loaded.suite.tasks), *self._fidelity())
        file = next((name for name in named if name.endswith(".parquet")), "")
        if file and importlib.util.find_spec("pyarrow") is None:
            raise BadInput(
                f"{file}: Parquet files need pyarrow", remedy='Run: pip install "hubq[parquet]"'
            )

    def _task(self, task: TaskSpec) -> Path:
        return files.locate(
            task,
            folders=self.folders,
            hub=self._dataset,
            offline=not self.fetch,
            progress=Telling(task.name, self.say),
        )

    def _folders(self, task: TaskSpec) -> dict[str, Path]:
        """Return option -> folder, for the options of a harness that name folders."""
        named = (name for name in HARNESS_FOLDERS if name in task.harness_options)
        return {name: self._dataset(str(task.harness_options[name])) for name in named}

    def _dataset(self, name: str) -> Path:
        return datasets.locate(name, folders=self.folders, hub_for=self.hub_for)

    def _fidelity(self) -> list[str]:
        spec = self.loaded.suite.fidelity
        return [] if spec is None else [name for name in (spec.file, spec.text) if name]

    def _calibrations(self) -> list[str]:
        """Return the datasets that the recipe's variants are calibrated with."""
        variants = self.loaded.recipe.variants
        calibrated = (variant for variant in variants if methods.facts(variant).calibrated)
        return sorted({calibration_of(variant, self.loaded).dataset for variant in calibrated})
