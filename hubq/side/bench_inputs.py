"""Inputs of timed runs: as many tokens and pictures as a workload says, the same for all models."""

from __future__ import annotations

from typing import Any

import conversation

#: Ordinary words, said again until a prompt is long enough; what they say does not change the time.
WORDS = "The quick brown fox jumps over the lazy dog and 12 others look on. "


def build(processor: Any, workload: dict[str, Any], device: Any) -> dict[str, Any]:
    """Return the tensors of a workload: pictures first, then exactly `input_tokens` text tokens.

    There is no chat template around them: Qwen's shortest prompt is one token long. The pictures'
    own tokens (and the marks around them) come on top.
    """
    import torch

    tokenizer = conversation.tokenizer_of(processor)
    tokenizer.padding_side = "left"
    words: list[int] = tokenizer(WORDS, add_special_tokens=False)["input_ids"]
    count, batch = workload["input_tokens"], workload["batch_size"]
    text = torch.tensor([(words * (count // len(words) + 1))[:count]])
    inputs: dict[str, Any] = {"input_ids": text, "attention_mask": torch.ones_like(text)}
    if workload["images"]:
        shown = _pictures(processor, workload)
        for name, filling in (("input_ids", text), ("attention_mask", torch.ones_like(text))):
            inputs[name] = torch.cat([shown.pop(name), filling], dim=1)
        if (kinds := shown.pop("mm_token_type_ids", None)) is not None:
            inputs["mm_token_type_ids"] = torch.cat([kinds, torch.zeros_like(text)], dim=1)
        inputs.update(shown)
    return {
        name: value.repeat(batch, *[1] * (value.ndim - 1)).to(device)
        for name, value in inputs.items()
    }


def _pictures(processor: Any, workload: dict[str, Any]) -> dict[str, Any]:
    """Return the tensors of a workload's pictures: seeded noise, which no encoder can skip."""
    import numpy as np
    from PIL import Image

    width, height = workload["image_size"]
    noise = np.random.default_rng(0)
    pictures = [
        Image.fromarray(noise.integers(0, 256, (height, width, 3), dtype=np.uint8))
        for _ in range(workload["images"])
    ]
    rendered = conversation.render(processor, "", workload["images"])
    first, last = _picture_span(processor, rendered)
    return conversation.encode(processor, rendered[first:last], pictures)


def _picture_span(processor: Any, rendered: str) -> tuple[int, int]:
    """Return where the pictures' marks begin and end in a rendered conversation."""
    tokenizer = conversation.tokenizer_of(processor)
    mark = str(processor.image_token)
    opening = str(getattr(tokenizer, "vision_bos_token", "") or "")
    closing = str(getattr(tokenizer, "vision_eos_token", "") or "")
    first, last = rendered.index(mark), rendered.rindex(mark) + len(mark)
    if opening and rendered[:first].endswith(opening):
        first -= len(opening)
    if closing and rendered[last:].startswith(closing):
        last += len(closing)
    return first, last
