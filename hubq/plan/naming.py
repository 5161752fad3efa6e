"""Names in a plan: the repos that variants go to, and the environments that stages run in."""

from __future__ import annotations

from hubq.model.recipe import Calibration, LoadedRecipe, VariantSpec
from hubq.model.source import Source
from hubq.model.stage import Kind, Stage
from hubq.model.suite import FIDELITY, HUBQ, Engine
from hubq.workers.registry import worker_for

_IN_INFERENCE = ("transformers", FIDELITY)


def repo_names(loaded: LoadedRecipe, source: Source, namespace: str) -> dict[str, str]:
    """Return variant -> repo id for the variants that are published."""
    return {
        variant.name: loaded.recipe.repo.format(
            namespace=namespace, source=source.name, variant=variant.name
        )
        for variant in loaded.recipe.variants
        if variant.publish
    }


def quantize_environment(variant: VariantSpec) -> str:
    """Return the name of the environment in which a variant is made."""
    return variant.environment or worker_for(Kind.QUANTIZE.value, variant.backend).environment


def stage_environment(stage: Stage, loaded: LoadedRecipe) -> str:
    """Return the name of the environment in which a worker does a stage."""
    if stage.kind is Kind.QUANTIZE:
        named = next(v for v in loaded.recipe.variants if v.name == stage.variant)
        return quantize_environment(named)
    if stage.backend in _IN_INFERENCE:
        return loaded.recipe.inference
    return worker_for(stage.kind.value, stage.backend).environment


def environments(loaded: LoadedRecipe, engine: Engine) -> tuple[str, ...]:
    """Return the names of the environments that a release with a recipe needs, sorted.

    Args:
        loaded: the recipe.
        engine: what answers the items.
    """
    names = {quantize_environment(variant) for variant in loaded.recipe.variants}
    names.add(loaded.recipe.inference)
    extra = (engine for engine in loaded.recipe.engines if engine != "transformers")
    names.update(worker_for(Kind.CERTIFY.value, engine).environment for engine in extra)
    if loaded.serving:
        names.add(worker_for(Kind.BENCH.value, "vllm").environment)
    asking = {engine if task.harness == HUBQ else task.harness for task in loaded.suite.tasks}
    others = asking - {"transformers"}
    names.update(worker_for(Kind.GENERATE.value, name).environment for name in others)
    return tuple(sorted(names))


def calibration_of(variant: VariantSpec, loaded: LoadedRecipe) -> Calibration:
    """Return the calibration of a variant: its own, or the recipe's."""
    return variant.calibration or loaded.recipe.calibration
