"""Plans: a recipe and a source turned into stages and their order. Pure and printable."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from hubq.model.recipe import BASELINE, LoadedRecipe, VariantSpec
from hubq.model.source import Source
from hubq.model.stage import Kind, Need, Plan, Stage
from hubq.model.suite import HUBQ
from hubq.plan.context import Context
from hubq.plan.evaluation import Evaluation, task_settings
from hubq.plan.naming import calibration_of, quantize_environment, repo_names
from hubq.plan.snippets import snippet_ids, snippet_stages
from hubq.plan.speed import Speed
from hubq.workers.registry import worker_for

ORDER = tuple(Kind)
REPORT = "report"
"""The id of the stage that writes the family report."""

PUSH, VERIFY = "push", "verify"
"""The ids of the stages that publish the family and check what was published."""

PROBES = 16
"""How many items of each task the certificate's KL divergence is measured on."""


ALPHA = {"smoothquant": 0.8, "gptaq": 0.25}
"""What `alpha` is where a recipe does not say: the libraries' own examples and default."""


def make_plan(source: Source, loaded: LoadedRecipe, context: Context) -> Plan:
    """Return every stage of a release, each one after those it needs."""
    return _Planner(source, loaded, context).plan()


def targets(plan: Plan, kinds: Iterable[Kind]) -> Plan:
    """Return the part of a plan that stages of some kinds need, those stages included."""
    wanted = {stage.id for stage in plan.stages if stage.kind in set(kinds)}
    for stage in reversed(plan.stages):
        if stage.id in wanted:
            wanted.update(need.stage for need in stage.needs)
    kept = tuple(stage for stage in plan.stages if stage.id in wanted)
    return msgspec.structs.replace(plan, stages=kept)


def until(plan: Plan, last: Kind) -> Plan:
    """Return the part of a plan up to and including one kind of stage."""
    return targets(plan, ORDER[: ORDER.index(last) + 1])


def resolve_stage(source: Source) -> Stage:
    """Return the stage that fetches a source; its key depends on nothing but what is fetched."""
    settings = {"digest": source.digest, "name": source.name}
    return Stage(id="resolve", kind=Kind.RESOLVE, backend="hubq", settings=settings)


class _Planner:
    """Makes the stages of one plan; short-lived."""

    def __init__(self, source: Source, loaded: LoadedRecipe, context: Context) -> None:
        self.source, self.loaded, self.context = source, loaded, context
        self.variants = loaded.recipe.variants
        self.tasks = loaded.suite.tasks
        self.evaluation = Evaluation(loaded, context)
        self.speed = Speed(loaded, context)
        self.repos = repo_names(loaded, source, context.namespace)

    def plan(self) -> Plan:
        names = [BASELINE, *(variant.name for variant in self.variants)]
        stages = [resolve_stage(self.source)]
        stages += [self._quantize(variant) for variant in self.variants]
        stages += self.evaluation.generating(BASELINE)
        for variant in self.variants:
            stages += self._certify(variant)
            stages += self.evaluation.generating(variant.name)
        stages += [stage for name in names for stage in self.evaluation.scoring(name)]
        stages += self.speed.sittings()
        stages += [stage for name in names for stage in self.speed.measuring(name)]
        stages += [stage for name in self.repos for stage in self._snippets(name)]
        stages += [self._card(name) for name in self.repos]
        stages.append(self._card(""))
        stages += [self._push(), self._verify()] if self.repos else []
        return Plan(name=self.source.name, stages=tuple(stages), repos=self.repos)

    def _program(self, kind: Kind, backend: str) -> str:
        return self.context.programs[f"{kind.value}/{backend}"]

    def _quantize(self, variant: VariantSpec) -> Stage:
        calibration = calibration_of(variant, self.loaded)
        settings = {
            **_plain(variant, without=_NOT_IN_QUANTIZE),
            "alpha": variant.alpha if variant.alpha is not None else ALPHA.get(variant.method),
            "calibration": {
                **_plain(calibration, without=("dataset",)),
                "digest": self.context.datasets.get(calibration.dataset),
            },
            "device": self.context.device,
        }
        return Stage(
            id=f"quantize/{variant.name}",
            kind=Kind.QUANTIZE,
            backend=variant.backend,
            variant=variant.name,
            settings=settings,
            environment=self.context.environments[quantize_environment(variant)],
            program=self._program(Kind.QUANTIZE, variant.backend),
            place=self.context.device,
            needs=(Need(stage="resolve"),),
        )

    def _certify(self, variant: VariantSpec) -> list[Stage]:
        """Return the stages that certify a variant: one for each engine, transformers first."""
        shared = {
            "name": variant.name,
            "method": variant.method,
            "bits": variant.bits,
            "group_size": variant.group_size,
            "desc_act": variant.desc_act,
            "sym": variant.sym,
            "backend": variant.backend,
            "tasks": [
                task_settings(task, self.context) for task in self.tasks if task.harness == HUBQ
            ],
            "dtype": self.loaded.suite.dtype,
            "device": self.context.device,
        }
        limits = {"max_kl": variant.max_kl, "min_top1": variant.min_top1, "probes": PROBES}
        stages = [self._certified(variant, "transformers", shared | limits)]
        others = (engine for engine in self.loaded.recipe.engines if engine != "transformers")
        return stages + [self._certified(variant, engine, shared) for engine in others]

    def _certified(self, variant: VariantSpec, engine: str, settings: dict[str, Any]) -> Stage:
        own = worker_for(Kind.CERTIFY.value, engine).environment
        name = self.loaded.recipe.inference if engine == "transformers" else own
        suffix = "" if engine == "transformers" else f"/{engine}"
        return Stage(
            id=f"certify/{variant.name}{suffix}",
            kind=Kind.CERTIFY,
            backend=engine,
            variant=variant.name,
            settings=settings,
            environment=self.context.environments[name],
            program=self._program(Kind.CERTIFY, engine),
            place=self.context.device,
            needs=(Need(stage="resolve"), Need(stage=f"quantize/{variant.name}")),
        )

    def _certificates(self, name: str) -> list[str]:
        """Return the ids of the stages that certify a variant."""
        engines = (engine for engine in self.loaded.recipe.engines if engine != "transformers")
        return [f"certify/{name}", *(f"certify/{name}/{engine}" for engine in engines)]

    def _snippets(self, name: str) -> list[Stage]:
        """Return the stages that run the code on a variant's card."""
        certificates = self._certificates(name)
        return snippet_stages(name, self.repos[name], certificates, self.loaded, self.context)

    def _card(self, name: str) -> Stage:
        """Return a card's stage, or the family report's when `name` is empty."""
        names = [BASELINE, *(v.name for v in self.variants if v.publish or not name)]
        recipe = self.loaded.recipe
        settings = {
            "variant": name,
            "variants": names,
            "tasks": [task.name for task in self.tasks],
            "notes": {task.name: task.note for task in self.tasks},
            "addresses": {task.name: task.address for task in self.tasks},
            "recipe": recipe.name,
            "title": recipe.title,
            "card": _plain(recipe.card),
            "evidence": _plain(recipe.evidence),
            "margin": recipe.margin,
            "margins": recipe.margins,
            "explained": recipe.explained,
            "suite": self.loaded.suite.title,
            "workloads": self.loaded.workloads.title,
            "source": [self.source.repo, self.source.commit, self.source.name],
            "repos": self.repos,
            "command": self.context.command,
            "site": self.context.site,
            "templates": self.context.templates,
        }
        return Stage(
            id=f"card/{name}" if name else REPORT,
            kind=Kind.CARD,
            backend="hubq",
            variant=name,
            settings=settings,
            program=self._program(Kind.CARD, "hubq"),
            needs=(Need(stage="resolve"), *self._shown(name, names)),
        )

    def _shown(self, name: str, names: list[str]) -> Iterator[Need]:
        """Yield what a card shows, or the report when `name` is empty.

        Args:
            name: whose card it is; its checkpoint is all that it cannot do without.
            names: the baseline and the variants that it speaks of.
        """
        others = [variant for variant in names if variant != BASELINE]
        for variant in others:
            yield Need(stage=f"quantize/{variant}", required=variant == name)
        stages = [stage for variant in names for stage in self.speed.ids(variant)]
        stages += [stage for variant in others for stage in self._certificates(variant)]
        stages += [stage for variant in names for stage in self.evaluation.ids(variant)]
        stages += snippet_ids(name, self.loaded).values() if name else ()
        yield from (Need(stage=stage, required=False) for stage in stages)

    def _push(self) -> Stage:
        """Return the stage that publishes the family; it says itself what stands in the way."""
        settings = {
            "endpoint": self.context.endpoint,
            "repos": self.repos,
            "terms": _plain(self.context.terms),
            "allow_gaps": self.context.allow_gaps,
            "allow_failing_snippets": self.context.allow_failing_snippets,
        }
        wanted = [
            stage
            for name in self.repos
            for stage in (f"quantize/{name}", *self._certificates(name), f"card/{name}")
        ]
        return Stage(
            id=PUSH,
            kind=Kind.PUSH,
            backend="hubq",
            settings=settings,
            needs=tuple(Need(stage=stage, required=False) for stage in wanted),
            again=True,
        )

    def _verify(self) -> Stage:
        return Stage(
            id=VERIFY,
            kind=Kind.VERIFY,
            backend="hubq",
            settings={"endpoint": self.context.endpoint, "repos": self.repos},
            needs=(Need(stage=PUSH),),
            again=True,
        )


_NOT_IN_QUANTIZE = (
    *("name", "backend", "environment", "publish", "max_kl", "min_top1", "calibration"),
)


def _plain(value: msgspec.Struct, *, without: tuple[str, ...] = ()) -> dict[str, Any]:
    data: dict[str, Any] = msgspec.to_builtins(value)
    return {name: data[name] for name in data if name not in without}
