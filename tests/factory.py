"""Small real values for tests: a source, a context, a plan."""

from __future__ import annotations

from typing import Any

import msgspec

from hubq import recipes
from hubq.model.recipe import LoadedRecipe
from hubq.model.source import Source
from hubq.model.stage import Plan
from hubq.plan import Context, environments, make_plan
from hubq.workers.registry import WORKERS

CONFIG: dict[str, Any] = {"model_type": "qwen2_vl", "hidden_size": 128, "intermediate_size": 256}


def a_source(**changes: Any) -> Source:
    """Return a pinned source."""
    source = Source(
        name="Nano",
        repo="org/Nano",
        commit="c" * 40,
        endpoint="https://huggingface.co",
        digest="c" * 40,
        path="",
        config=CONFIG,
        files={"model.safetensors": 1000},
    )
    return msgspec.structs.replace(source, **changes)


def a_recipe(name: str = "nano") -> LoadedRecipe:
    """Return a bundled recipe."""
    return recipes.load(name)


def a_context(loaded: LoadedRecipe, **changes: Any) -> Context:
    """Return a context in which every digest is made up."""
    files = [loaded.recipe.calibration.dataset, *(task.file for task in loaded.suite.tasks)]
    kinds = [f"{worker.kind}/{worker.backend}" for worker in WORKERS]
    kinds += ["score/hubq", "bench/hubq", "card/hubq"]
    context = Context(
        namespace="acme",
        endpoint="https://huggingface.co",
        site="https://huggingface.co",
        device="cpu",
        host="h",
        environments=dict.fromkeys(environments(loaded, "transformers"), "e"),
        programs=dict.fromkeys(kinds, "p"),
        datasets={file: f"d:{file}" for file in files},
        templates="t",
        command="hubq release org/Nano",
    )
    return msgspec.structs.replace(context, **changes)


def a_plan(loaded: LoadedRecipe | None = None, **changes: Any) -> Plan:
    """Return the plan of a nano release."""
    recipe = loaded or a_recipe()
    return make_plan(a_source(), recipe, a_context(recipe, **changes))
