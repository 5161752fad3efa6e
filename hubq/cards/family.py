"""Families: everything that the cards of one release may speak of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from hubq.errors import BadInput
from hubq.model.card import CellState
from hubq.model.gap import Gap
from hubq.model.recipe import BASELINE, LoadedRecipe, VariantSpec
from hubq.model.result import Result
from hubq.model.source import Source
from hubq.model.suite import TaskSpec
from hubq.model.workload import SITTING

ENVIRONMENT_FILE = "environment.json"


_DOING = {
    "quantize": "Quantizing",
    "certify": "Checking the checkpoint",
    "generate": "Answering the items",
    "score": "Scoring",
    "bench": "Timing",
}
_ENDED = {
    CellState.FAILED: "failed",
    CellState.OOM: "ran out of memory",
    CellState.TIMEOUT: "took too long",
    CellState.INFEASIBLE: "cannot be done here",
}
NOT_RUN = Gap(state=CellState.PENDING, reason="Not run yet.")
NOT_PLANNED = Gap(state=CellState.NOT_RUN, reason="Not part of this release.")


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """A source, its variants, and what every stage of their release left.

    Attributes:
        source: what the variants are made from.
        loaded: the recipe with its suite and workloads.
        results: stage id -> result, for the stages that have one.
        folders: stage id -> the folder of that result, to read its files.
        gaps: stage id -> why there is no result.
        repos: variant -> repo id, for the variants that are published.
        command: the hubq command that makes the release again.
        version: of the hubq that writes the cards.
        environments: stage id -> environment stack, as `environment.json` has it.
        site: the address that links to repos on the card start with; empty for links from the
            root of whatever Hub shows the card.
        overlaps: variant -> what its calibration rows share with the evaluation sets (`rows`,
            `items`, `by_task`); only those that share anything.
        readme: the source's README, front matter and all; empty where it has none.
        processor: the source's `preprocessor_config.json`; empty where it has none.
        planned: the ids of the release's stages; none where every stage is taken to be one.
    """

    source: Source
    loaded: LoadedRecipe
    results: dict[str, Result]
    folders: dict[str, Path]
    gaps: dict[str, Gap]
    repos: dict[str, str]
    command: str
    version: str
    environments: dict[str, dict[str, Any]]
    site: str = "https://huggingface.co"
    overlaps: dict[str, dict[str, Any]] = {}
    readme: str = ""
    processor: dict[str, Any] = {}
    planned: frozenset[str] | None = None

    @property
    def tasks(self) -> tuple[TaskSpec, ...]:
        """The benchmarks, in the order of their columns."""
        return self.loaded.suite.tasks

    @property
    def harnesses(self) -> tuple[str, ...]:
        """The harnesses of the tasks; scores of two never stand in one table."""
        return tuple(dict.fromkeys(task.harness for task in self.tasks))

    @property
    def published(self) -> tuple[str, ...]:
        """The names of the variants that get a repo, in the recipe's order."""
        return tuple(spec.name for spec in self.loaded.recipe.variants if spec.publish)

    @property
    def controls(self) -> tuple[str, ...]:
        """The names of the variants that are measured and never published."""
        return tuple(spec.name for spec in self.loaded.recipe.variants if not spec.publish)

    def spec(self, variant: str) -> VariantSpec:
        """Return how a variant is made.

        Raises:
            BadInput: the recipe has no variant of that name.
        """
        for spec in self.loaded.recipe.variants:
            if spec.name == variant:
                return spec
        raise BadInput(f"{self.loaded.recipe.name}: no variant {variant!r}")

    def margin(self, task: str) -> float:
        """Return the loss in points that was declared, before the run, to be none that matters."""
        return self.loaded.recipe.margins.get(task, self.loaded.recipe.margin)

    def gap(self, stage_id: str) -> Gap:
        """Say why a stage has no result, in the words of the stage that failed first."""
        for candidate in (stage_id, *_ancestors(stage_id)):
            if candidate in self.gaps:
                because = self.gaps[candidate].because
                root = because if because in self.gaps else candidate
                return _told(root, self.gaps[root])
        return NOT_RUN if self.planned is None or stage_id in self.planned else NOT_PLANNED

    def fit(self, variant: str) -> bool:
        """Say whether a variant was made and certified, so that its repo can be linked to."""
        asked = f"certify/{variant}"
        refused = any(name == asked or name.startswith(f"{asked}/") for name in self.gaps)
        return f"quantize/{variant}" in self.results and not refused

    def link(self, repo: str) -> str:
        """Return the address of a repo's page."""
        return f"{self.site}/{repo}"


def read_environments(folders: dict[str, Path]) -> dict[str, dict[str, Any]]:
    """Return stage id -> environment stack, for the results that hold an `environment.json`."""
    found = {}
    for stage_id, folder in folders.items():
        path = folder / ENVIRONMENT_FILE
        if path.is_file():
            found[stage_id] = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    return found


def _told(stage_id: str, gap: Gap) -> Gap:
    """Return a gap whose reason says what was being done when it came about."""
    doing, how = _DOING.get(stage_id.partition("/")[0]), _ENDED.get(gap.state)
    if doing is None or how is None:
        return gap
    return msgspec.structs.replace(gap, reason=f"{doing} {how}: {gap.reason}")


def _ancestors(stage_id: str) -> tuple[str, ...]:
    """Return the stages whose failure leaves this one without a result, nearest first."""
    kind, _, rest = stage_id.partition("/")
    variant, _, task = rest.partition("/")
    if kind == "bench" and variant != SITTING:
        sitting = "/".join(filter(None, ("bench", SITTING, task)))
        return (sitting,) if variant == BASELINE else (f"quantize/{variant}", sitting)
    if variant == BASELINE or kind == "quantize":
        return (f"generate/{variant}/{task}",) if kind == "score" else ()
    made = f"quantize/{variant}"
    return (f"generate/{variant}/{task}", made) if kind == "score" else (made,)
