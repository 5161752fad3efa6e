"""A release opened: source pinned, recipe read, plan made. Nothing expensive has been done yet."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from hubq import recipes
from hubq.errors import BadInput
from hubq.evaluate import harness
from hubq.hub.publication.ownership import check_targets
from hubq.hub.resolve import is_folder, pin_source, resolve_folder
from hubq.model.codec import pretty, read_json
from hubq.model.gap import Gap
from hubq.model.recipe import BASELINE, LoadedRecipe
from hubq.model.source import COMMIT, Source, split_reference
from hubq.model.stage import Kind, Plan, Stage
from hubq.model.suite import Engine
from hubq.plan import (
    PUSH,
    Context,
    calibration_of,
    environments,
    make_plan,
    resolve_stage,
    targets,
)
from hubq.quantize import (
    footprint,
    learning,
    methods,
    preflight,
    tensor_parallel,
)
from hubq.quantize.footprint import Estimate
from hubq.quantize.shapes import Weights, weight_bytes
from hubq.quantize.tensor_parallel import Split
from hubq.release.attesting import check_ready as check_signing
from hubq.release.endpoint import Endpoint
from hubq.release.engines import choose
from hubq.release.inputs import Inputs
from hubq.release.machine import Machine
from hubq.release.options import Options
from hubq.release.programs import program_digests
from hubq.store import Store

PUBLISHING = frozenset({Kind.PUSH, Kind.VERIFY})
NAMED = PUBLISHING | {Kind.CARD}


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """An index of a release, kept in the runs folder so that `status` and `show` find things.

    Attributes:
        name: of the release.
        source: repo and commit, or the folder's name.
        recipe: where the recipe was read.
        plan: every stage.
        keys: stage id -> key of its result, as of the last run.
        gaps: stage id -> why it has no result, as of the last run.
    """

    name: str
    source: str
    recipe: str
    plan: Plan
    keys: dict[str, str]
    gaps: dict[str, Gap] = {}
    schema: int = 1


class Session:
    """Everything that a release knows before it runs.

    Args:
        options: what the person asked for.
        kinds: the kinds of stage wanted; the plan holds them and what they need.
        progress: told what is being done before the run proper (reading, fetching, hashing).
        fetch: whether evaluation files that are not on this machine are downloaded.

    Raises:
        BadInput: the source, the recipe or the machine will not do.
    """

    def __init__(
        self,
        options: Options,
        kinds: Iterable[Kind],
        progress: Callable[[str], None],
        *,
        fetch: bool = True,
    ) -> None:
        self.options = options
        self.kinds = frozenset(kinds)
        self.progress = progress
        self.store = Store(options.runs_dir)
        self.endpoint = Endpoint(options.hub, options.runs_dir)
        self.machine = Machine(options)
        self.source = self._pin()
        self.loaded = self._recipe()
        self.weights = self._preflight()
        self.choice = choose(self.loaded, self.machine, options.engine)
        self.inputs = Inputs(
            self.loaded,
            options.data_dir,
            self.endpoint.hub_for,
            say=progress,
            fetch=fetch and not options.offline,
        )
        self.context = self._context()
        self.whole = make_plan(self.source, self.loaded, self.context)
        self.plan = targets(self.whole, self.kinds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.endpoint.close()

    @property
    def name(self) -> str:
        """The release's name in the runs folder."""
        return self.source.name

    def missing(self) -> list[str]:
        """Return the ids of the stages whose results are not there yet."""
        keys = self.plan.keys()
        return [stage.id for stage in self.plan.stages if not self.store.has(keys[stage.id])]

    def needs_disk(self) -> int:
        """Return the bytes that what is missing will take on disk, about."""
        todo = {name.partition("/")[2] for name in self.missing() if name.startswith("quantize/")}
        variants = [v for v in self.loaded.recipe.variants if v.name in todo]
        return footprint.disk_needed(weight_bytes(self.source.files), variants, self.weights)

    def estimates(self) -> tuple[Estimate, ...]:
        """Return what making each variant takes; none where the source's shapes are not known."""
        if not self.weights.linears:
            return ()
        earlier, device = learning.stored(self.store), self.machine.device
        plain = (
            footprint.estimate(self.weights, variant, calibration_of(variant, self.loaded), device)
            for variant in self.loaded.recipe.variants
        )
        return tuple(learning.corrected(one, earlier) for one in plain)

    def splits(self) -> dict[str, tuple[Split, ...]]:
        """Return over how many GPUs the baseline and each variant split."""
        config = self.source.config
        return {
            name: tensor_parallel.splits(self.weights, config, variant)
            for name, variant in [
                (BASELINE, None),
                *((variant.name, variant) for variant in self.loaded.recipe.variants),
            ]
        }

    def refusals(self) -> dict[tuple[str, Engine], str]:
        """Return (variant, engine) -> why that engine cannot load it on this device."""
        machine, recipe = self.machine, self.loaded.recipe
        return methods.refusals(
            recipe.variants, recipe.engines, machine.device, capability=machine.capability
        )

    def remarks(self) -> list[str]:
        """Return what is to be known of variants that an engine does load on this device."""
        machine, refused = self.machine, self.refusals()
        return [
            f"{variant.name} in {engine}: {said}"
            for variant in self.loaded.recipe.variants
            for engine in self.loaded.recipe.engines
            if (variant.name, engine) not in refused
            for said in methods.remarks(
                variant, engine, machine.device, capability=machine.capability
            )
        ]

    def check_ready(self) -> None:
        """Refuse to start what cannot end: a full disk, no token, no permission.

        Raises:
            BadInput: says which, and what to do about it.
        """
        missing = self.missing()
        if any(name.startswith("quantize/") for name in missing):
            self.store.need_space(self.needs_disk())
        if PUSH in missing:
            check_signing(self.options.terms)
            check_targets(
                self.endpoint.hub, self.plan.repos.values(), direct=self.options.terms.direct
            )

    def save_index(self, keys: dict[str, str], gaps: dict[str, Gap]) -> None:
        """Keep what this release is made of, for `status` and `show`.

        Stages that this run was not asked for are in it too, so that `hubq quantize` does not make
        `hubq show` forget the cards: of those, what an earlier run left is kept where nothing newer
        is there.
        """
        whole, asked = self.whole.keys(), {stage.id for stage in self.plan.stages}
        earlier = self._earlier()
        stale = {name for name in whole if name not in asked and not self.store.has(whole[name])}
        kept = {
            name: key
            for name, key in (earlier.keys if earlier else {}).items()
            if name in stale and self.store.has(key)
        }
        known = (earlier.gaps if earlier else {}).items()
        left = {name: gap for name, gap in known if name in stale - kept.keys()}
        release = Release(
            name=self.name,
            source=self.source.label,
            recipe=self.loaded.origin,
            plan=self.whole,
            keys={**whole, **kept, **keys},
            gaps={**left, **gaps},
        )
        self.store.write_index(self.name, pretty(release))

    def _earlier(self) -> Release | None:
        """Return the index as the last run left it; none where there is none that can be read."""
        path = self.store.index(self.name)
        try:
            return read_json(path, Release) if path.is_file() else None
        except BadInput:
            return None

    def _pin(self) -> Source:
        reference = self.options.source
        if is_folder(reference):
            return resolve_folder(reference)
        repo, revision = split_reference(reference)
        if repo.count("/") != 1:
            raise BadInput(
                f"{reference}: neither a folder nor a Hub id",
                remedy="Give a folder, or org/name (with @revision if you like).",
            )
        commit = self.endpoint.local_head(repo, revision) or revision
        if commit and COMMIT.match(commit):
            known = self._known(repo, commit)
            if known is not None:
                return known
            return pin_source(self.endpoint.hub_for(repo), f"{repo}@{commit}")
        self.progress(f"looking up {reference}")
        return pin_source(self.endpoint.hub_for(repo), reference)

    def _known(self, repo: str, commit: str) -> Source | None:
        """Return a pinned source from an earlier run's result; nothing is asked of the Hub."""
        name = repo.rpartition("/")[2]
        stub = Source(name=name, digest=commit, path="", config={})
        key = resolve_stage(stub).key({})
        if not self.store.has(key):
            return None
        source = msgspec.convert(self.store.load(key).facts["source"], Source)
        return source if source.repo == repo else None

    def _recipe(self) -> LoadedRecipe:
        named = self.options.recipe or recipes.for_model_type(self.source.model_type)
        loaded = recipes.load(named, suite=self.options.suite)
        chosen = recipes.choose_variants(loaded, self.options.variants)
        narrowed = recipes.choose_tasks(chosen, self.options.tasks, self.options.limit)
        for index, task in enumerate(narrowed.suite.tasks):
            harness.check(task, f"suite {narrowed.suite.name}: tasks[{index}]")
        return narrowed

    def _preflight(self) -> Weights:
        """Refuse what headers and configuration alone show to be impossible."""
        return preflight.check_recipe(self.source, self.loaded.recipe, self.loaded.origin)

    def _context(self) -> Context:
        return Context(
            namespace=self._namespace(),
            endpoint=self.endpoint.name,
            site="" if self.endpoint.local else self.endpoint.name,
            terms=self.options.terms,
            allow_gaps=self.options.allow_gaps,
            allow_failing_snippets=self.options.allow_failing_snippets,
            device=self.machine.device,
            host=self.machine.digest,
            environments=self._environments(),
            programs=program_digests(),
            datasets=self.inputs.digests(),
            templates=self._templates(),
            command=self._command(),
            engine=self.choice.engine,
            dtype=self.choice.dtype,
        )

    def _environments(self) -> dict[str, str]:
        names = environments(self.loaded, self.choice.engine)
        return {name: self.machine.environment_digest(name) for name in names}

    def _templates(self) -> str:
        from hubq.cards.digest import templates_digest

        return templates_digest(self.options.template_folders)

    def _namespace(self) -> str:
        if self.options.namespace:
            return self.options.namespace
        if self.endpoint.local or not self.kinds & NAMED:
            return "local"
        try:
            return self.endpoint.hub.whoami().name
        except BadInput as error:
            raise BadInput(
                f"whose the repos will be is not known: {error.message}",
                remedy=f"Name it with --namespace. {error.remedy}",
            ) from error

    def _command(self) -> str:
        """Return the command that makes this release again, as it stands on the cards."""
        options = self.options
        source = f"{self.source.repo}@{self.source.commit}" if self.source.repo else self.name
        words = ["hubq", "release", source]
        if options.recipe:
            words += ["--recipe", Path(options.recipe).name]
        if options.suite:
            words += ["--suite", Path(options.suite).name]
        for variant in options.variants:
            words += ["--variant", variant]
        for task in options.tasks:
            words += ["--task", task]
        if options.limit:
            words += ["--limit", str(options.limit)]
        if options.engine:
            words += ["--engine", options.engine]
        return shlex.join(words)


def describe(plan: Plan, keys: dict[str, str], store: Store) -> list[dict[str, Any]]:
    """Return a plan's stages with key and state, for printing."""
    return [
        {
            "stage": stage.id,
            "kind": stage.kind.value,
            "backend": stage.backend,
            "key": keys[stage.id],
            "state": _state(stage, there=store.has(keys[stage.id])),
            "needs": [need.stage for need in stage.needs],
        }
        for stage in plan.stages
    ]


def _state(stage: Stage, *, there: bool) -> str:
    if there:
        return "to look at again" if stage.again else "cached"
    return "to run"
