"""Conversations: from a question with pictures to a model's input, by the source's own template."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def open_image(data: str | bytes | Path) -> Any:
    """Return an RGB picture from a file, from raw bytes or from base64 text.

    Raises:
        ValueError: the data is no picture.
    """
    from PIL import Image, UnidentifiedImageError

    if isinstance(data, str):
        data = base64.b64decode(data, validate=True)
    source = data if isinstance(data, Path) else io.BytesIO(data)
    try:
        with Image.open(source) as picture:
            return picture.convert("RGB")
    except (UnidentifiedImageError, OSError) as error:
        raise ValueError(f"not a picture: {error}") from error


def is_vision_language(processor: Any) -> bool:
    """Return whether a processor takes pictures; a bare tokenizer does not."""
    return getattr(processor, "image_processor", None) is not None


def tokenizer_of(processor: Any) -> Any:
    """Return the tokenizer inside a processor, or the tokenizer itself."""
    return getattr(processor, "tokenizer", processor)


def render(processor: Any, text: str, pictures: int, answer: str | None = None) -> str:
    """Return the chat template's text for one question, and its answer when there is one.

    Args:
        processor: an AutoProcessor or AutoTokenizer with a chat template.
        text: the user's words.
        pictures: how many pictures go before them.
        answer: the assistant's words; none to end where they would begin.
    """
    content: Any = text
    if is_vision_language(processor):
        content = [{"type": "image"}] * pictures + [{"type": "text", "text": text}]
    messages = [{"role": "user", "content": content}]
    if answer is not None:
        words = [{"type": "text", "text": answer}] if is_vision_language(processor) else answer
        messages.append({"role": "assistant", "content": words})
    rendered = processor.apply_chat_template(
        messages, tokenize=False, add_generation_prompt=answer is None
    )
    return str(rendered)


def encode(processor: Any, rendered: str, images: Sequence[Any]) -> dict[str, Any]:
    """Return the tensors of one rendered conversation, with a batch dimension of one.

    Nothing is truncated; `input_ids` is of shape [1, tokens]. A beginning that the template has
    written is not put before it once more.
    """
    arguments: dict[str, Any] = {"text": [rendered], "return_tensors": "pt"}
    start = tokenizer_of(processor).bos_token
    if start and rendered.startswith(start):
        arguments["add_special_tokens"] = False
    if images:
        arguments["images"] = list(images)
    return dict(processor(**arguments))


def forced(
    processor: Any, text: str, images: Sequence[Any], answer: str
) -> tuple[dict[str, Any], int]:
    """Return the tensors of a question followed by its answer, and the answer's length in tokens.

    The answer ends with the template's end of turn, which is counted. It is tokenized apart from
    the question, as it would be generated, so that no token reaches across the boundary.
    """
    import torch

    prompt = render(processor, text, len(images))
    whole = render(processor, text, len(images), answer)
    tokenizer = tokenizer_of(processor)
    tail = whole[len(prompt) :].rstrip() if whole.startswith(prompt) else ""
    tail = tail or answer + (tokenizer.eos_token or "")
    inputs = encode(processor, prompt, images)
    ids = tokenizer(tail, add_special_tokens=False, return_tensors="pt")["input_ids"]
    length = inputs["input_ids"].shape[1]
    for name, value in list(inputs.items()):
        if torch.is_tensor(value) and value.ndim == 2 and value.shape == (1, length):
            filling = ids if name == "input_ids" else torch.zeros_like(ids)
            filling = torch.ones_like(ids) if name == "attention_mask" else filling
            inputs[name] = torch.cat([value, filling.to(value.dtype)], dim=1)
    return inputs, int(ids.shape[1])
