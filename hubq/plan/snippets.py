"""The stages that run the code on cards: one for each engine of a recipe.

What they run is on a draft of the card that knows no scores (`hubq.cards.snippets`), so they depend
on nothing that is measured.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from hubq.model.recipe import LoadedRecipe
from hubq.model.stage import Kind, Need, Stage
from hubq.plan.context import Context
from hubq.plan.naming import stage_environment

SNIPPET_S = 1800
"""How long a script on a card, or a server until it is ready, may take in seconds."""


def snippet_ids(name: str, loaded: LoadedRecipe) -> dict[str, str]:
    """Return engine -> id of the stage that runs its snippets of a variant's card."""
    others = (engine for engine in loaded.recipe.engines if engine != "transformers")
    return {
        "transformers": f"card/{name}/snippets",
        **{engine: f"card/{name}/snippets/{engine}" for engine in others},
    }


def snippet_stages(
    name: str, repo: str, certificates: Iterable[str], loaded: LoadedRecipe, context: Context
) -> list[Stage]:
    """Return the stages that run the snippets of a variant's card.

    Args:
        name: of the variant.
        repo: that its snippets name.
        certificates: the ids of the stages that certify it.
        loaded: the recipe.
        context: what else the plan depends on.
    """
    settings: dict[str, Any] = {
        "variant": name,
        "repo": repo,
        "card": msgspec.to_builtins(loaded.recipe.card),
        "command": context.command,
        "templates": context.templates,
        "engines": list(loaded.recipe.engines),
        "timeout_s": SNIPPET_S,
        "device": context.device,
    }
    needs = [Need(stage="resolve"), Need(stage=f"quantize/{name}")]
    needs += [Need(stage=stage, required=False) for stage in certificates]
    stages = []
    for engine, stage_id in snippet_ids(name, loaded).items():
        stage = Stage(
            id=stage_id,
            kind=Kind.CARD,
            backend=engine,
            variant=name,
            settings=settings,
            program=context.programs[f"{Kind.CARD.value}/{engine}"],
            place=context.device,
            needs=tuple(needs),
            # A server takes a port, and on a GPU all of its memory.
            exclusive=engine != "transformers" or context.device == "cuda",
        )
        environment = context.environments[stage_environment(stage, loaded)]
        stages.append(msgspec.structs.replace(stage, environment=environment))
    return stages
