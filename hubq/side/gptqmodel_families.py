"""Families of models that GPTQModel 7.7.0 does not know, or knows wrongly."""

from __future__ import annotations

import copy
from typing import Any

LLAVA_ONEVISION = "llava_onevision"


def register() -> None:
    """Tell GPTQModel of these families; once told it knows them for the life of the process."""
    from gptqmodel.models import auto

    if LLAVA_ONEVISION not in auto.MODEL_MAP:
        auto.MODEL_MAP[LLAVA_ONEVISION] = _llava_onevision()
        auto.SUPPORTED_MODELS.append(LLAVA_ONEVISION)
    qwen3_vl = auto.MODEL_MAP["qwen3_vl"]
    qwen3_vl.module_tree = norms_first(qwen3_vl.module_tree)


def _llava_onevision() -> Any:
    """Return the definition of LLaVA-OneVision; without one the library takes it for a text model.

    Its modules are where LLaVA has them. Beside them the model has one tensor of its own,
    `image_newline`.
    """
    from gptqmodel.models.definitions.llava import LlavaQModel

    return type("LlavaOnevisionQModel", (LlavaQModel,), {"direct_meta_modules": ["model"]})


def norms_first(module_tree: list[Any]) -> list[Any]:
    """Return a definition whose norms of queries and keys stand before the attention's Linears.

    AWQ folds the scales of a Linear into what stands before it. Where the norms stand between
    Linears it tries to fold the output projection's into the keys' norm and fails.
    """
    tree = copy.deepcopy(module_tree)
    attention = tree[-1]["self_attn"]
    norms = tuple(name for name in attention if ":!" in name)
    tree[-1]["self_attn"] = norms + tuple(name for name in attention if ":!" not in name)
    return tree
