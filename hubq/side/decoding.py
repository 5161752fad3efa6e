"""Decoding: how a loaded model is made to answer greedily, and what of it can move an answer."""

from __future__ import annotations

from typing import Any

import loading


def describe(model: Any) -> dict[str, Any]:
    """Return what of a loaded model can move its answers: kernels, attention, types, versions."""
    import torch
    import transformers

    parts = {"text": model.config.get_text_config()}
    if (vision := getattr(model.config, "vision_config", None)) is not None:
        parts["vision"] = vision
    attention = {name: getattr(part, "_attn_implementation", None) for name, part in parts.items()}
    return {
        "kernels": loading.model_kernels(model),
        "attention": attention,
        "dtype": str(model.dtype).removeprefix("torch."),
        "device": str(model.device),
        "threads": torch.get_num_threads(),
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
    }


def neutral_generation(model: Any, tokenizer: Any) -> Any:
    """Return a greedy generation configuration that keeps only the model's end and pad tokens.

    A source's own file may ask for sampling, penalties or forced tokens; none of that belongs in a
    comparison, and `generate` would fill such fields in again from the model's configuration.
    """
    from transformers import GenerationConfig

    own = model.generation_config
    ends = own.eos_token_id if own.eos_token_id is not None else tokenizer.eos_token_id
    ends = list(ends) if isinstance(ends, list | tuple) else [ends]
    pads = (own.pad_token_id, tokenizer.pad_token_id, ends[0])
    pad = next(token for token in pads if token is not None)
    return GenerationConfig(do_sample=False, eos_token_id=ends, pad_token_id=pad)
