"""Made-up families of other variants than the nano recipe's, with few results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from hubq.evaluate.samples import Sample
from hubq.model.recipe import Calibration, LoadedRecipe, VariantSpec
from tests.cards.factory import Factory, made_up_samples
from tests.cards.nano import loaded_recipe

TASKS = ("NanoMath_MINI", "NanoMulti_VAL")


def recipe_of(variants: Iterable[VariantSpec], tasks: Iterable[str] = TASKS) -> LoadedRecipe:
    """Return the nano recipe with other variants and some of its tasks."""
    loaded = loaded_recipe(variants=tuple(variants))
    chosen = tuple(task for task in loaded.suite.tasks if task.name in set(tasks))
    suite = msgspec.structs.replace(loaded.suite, tasks=chosen)
    return msgspec.structs.replace(loaded, suite=suite)


def scored(
    folder: Path,
    variants: Iterable[VariantSpec],
    rights: Mapping[str, int],
    *,
    items: int = 200,
    tasks: Iterable[str] = TASKS,
) -> Factory:
    """Return a factory of quantized variants that got so many items right on every task.

    Args:
        folder: where the runs folder goes.
        variants: of the recipe.
        rights: name, `BF16` among them, -> how many of the first items are right.
        items: of each task.
        tasks: of the suite.
    """
    factory = Factory(folder, recipe_of(variants, tasks))
    for spec in factory.loaded.recipe.variants:
        factory.quantize(spec.name)
    for name, right in rights.items():
        for task in factory.loaded.suite.tasks:
            factory.score(name, task.name, samples(right, items))
    return factory


def samples(right: int, items: int) -> tuple[Sample, ...]:
    """Return items of which the first so many are right."""
    first = made_up_samples("BF16", TASKS[0])[0]
    return tuple(
        msgspec.structs.replace(
            first,
            key=f"q{number}",
            cluster=f"c{number}",
            prompt_hash=f"h{number}",
            score=float(number < right),
        )
        for number in range(items)
    )


def calibrated(name: str, calibration: Calibration | None = None) -> VariantSpec:
    """Return a variant that differs from others of these in its calibration alone."""
    return VariantSpec(name=name, method="gptq", bits=3, group_size=-1, calibration=calibration)


CAPTIONS = Calibration(dataset="bundled:captions.jsonl", samples=64, modality="text")
WIKITEXT = Calibration(
    dataset="hub:Salesforce/wikitext@main/wikitext-2/train.parquet", samples=32, modality="text"
)
