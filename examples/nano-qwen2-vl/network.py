"""The nano model's parts before training: tokenizer, processor, configuration, initial weights."""

from __future__ import annotations

import json
import math
from pathlib import Path

import torch
from drawing import COLOURS, SHAPES
from items import SUFFIXES
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import nn
from transformers import (
    GenerationConfig,
    PreTrainedTokenizerFast,
    Qwen2VLConfig,
    Qwen2VLForConditionalGeneration,
)

SPECIAL_TOKENS = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
)
WIDTH = 128
IMAGE_TOKENS = 9
VOCABULARY = 768
MIN_PIXELS = 56 * 56
MAX_PIXELS = 84 * 84

CHAT_TEMPLATE = """\
{%- for message in messages -%}
<|im_start|>{{ message['role'] }}
{% if message['content'] is string -%}
{{ message['content'] }}
{%- else -%}
{%- for part in message['content'] -%}
{%- if part['type'] == 'image' or 'image' in part or 'image_url' in part -%}
<|vision_start|><|image_pad|><|vision_end|>
{%- elif part['type'] == 'video' or 'video' in part -%}
<|vision_start|><|video_pad|><|vision_end|>
{%- elif 'text' in part -%}
{{ part['text'] }}
{%- endif -%}
{%- endfor -%}
{%- endif -%}
<|im_end|>
{% endfor -%}
{%- if add_generation_prompt -%}
<|im_start|>assistant
{% endif -%}
"""


def chat_text(prompt: str, *, pictured: bool) -> str:
    """Return what the chat template renders for one question, up to where the answer starts."""
    picture = f"<|vision_start|>{'<|image_pad|>' * IMAGE_TOKENS}<|vision_end|>" if pictured else ""
    return f"<|im_start|>user\n{picture}{prompt}<|im_end|>\n<|im_start|>assistant\n"


def build_tokenizer(texts: list[str]) -> Tokenizer:
    """Train a byte-level BPE: fixed phrases are one token, characters to be read stand alone."""
    phrases = [suffix.strip().replace(".", r"\.") for suffix in SUFFIXES.values() if suffix]
    words = "|".join((*COLOURS, *SHAPES))
    pattern = "|".join(
        (
            rf"user\n|assistant\n|\n[A-D]\. (?:{words}|[A-Z0-9])(?![A-Za-z0-9])|\n[A-D]\. ",
            *phrases,
            r" ?[A-Z]?[a-z]+|[0-9]|[A-Z]|\s|[^\sA-Za-z0-9]+",
        )
    )
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def build_config(tokenizer: Tokenizer) -> Qwen2VLConfig:
    """Return the configuration: every text Linear reads 128 or 256 values, so groups of 128 fit."""
    ids = {token: tokenizer.token_to_id(token) for token in SPECIAL_TOKENS}
    text = {
        "vocab_size": math.ceil(tokenizer.get_vocab_size() / 64) * 64,
        "hidden_size": WIDTH,
        "intermediate_size": 2 * WIDTH,
        "num_hidden_layers": 6,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 1024,
        "rms_norm_eps": 1e-6,
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": 10_000.0,
            "mrope_section": [8, 4, 4],
        },
        "bos_token_id": ids["<|endoftext|>"],
        "eos_token_id": ids["<|im_end|>"],
        "pad_token_id": ids["<|endoftext|>"],
        "tie_word_embeddings": True,
    }
    vision = {"depth": 2, "embed_dim": WIDTH, "hidden_size": WIDTH, "num_heads": 4, "mlp_ratio": 2}
    return Qwen2VLConfig(
        text_config=text,
        vision_config=vision,
        image_token_id=ids["<|image_pad|>"],
        video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
        tie_word_embeddings=True,
    )


def build_model(config: Qwen2VLConfig) -> Qwen2VLForConditionalGeneration:
    """Return a model whose weights are scaled to its width; 0.02 is far too small at 128."""
    model = Qwen2VLForConditionalGeneration(config)
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear | nn.Conv3d):
            output = name.endswith(("o_proj", "down_proj", "attn.proj", "fc2"))
            deviation = (0.35 if output else 1.0) / math.sqrt(module.weight[0].numel())
            nn.init.normal_(module.weight, std=deviation)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    nn.init.normal_(model.get_input_embeddings().weight, std=0.1)
    model.tie_weights()
    return model


def _write_json(path: Path, value: dict[str, object]) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def save(model: Qwen2VLForConditionalGeneration, tokenizer: Tokenizer, folder: Path) -> None:
    """Write a complete model folder in bfloat16, in the form of the published repositories."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {
        name: value.detach().to(torch.bfloat16) for name, value in model.state_dict().items()
    }
    copy = Qwen2VLForConditionalGeneration(model.config).to(torch.bfloat16)
    copy.load_state_dict(weights)
    ends = [tokenizer.token_to_id("<|im_end|>"), tokenizer.token_to_id("<|endoftext|>")]
    copy.generation_config = GenerationConfig(
        bos_token_id=ends[1],
        eos_token_id=ends,
        pad_token_id=ends[1],
        do_sample=False,
        max_new_tokens=16,
    )
    copy.save_pretrained(folder)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|im_end|>",  # noqa: S106 (a token of text)
        pad_token="<|endoftext|>",  # noqa: S106
        padding_side="left",
        model_max_length=1024,
        extra_special_tokens={
            "image_token": "<|image_pad|>",
            "video_token": "<|video_pad|>",
            "vision_bos_token": "<|vision_start|>",
            "vision_eos_token": "<|vision_end|>",
        },
        chat_template=CHAT_TEMPLATE,
    )
    fast.save_pretrained(folder)
    _write_json(
        folder / "preprocessor_config.json",
        {
            "image_processor_type": "Qwen2VLImageProcessor",
            "processor_class": "Qwen2VLProcessor",
            "do_convert_rgb": True,
            "image_mean": [0.5, 0.5, 0.5],
            "image_std": [0.5, 0.5, 0.5],
            "min_pixels": MIN_PIXELS,
            "max_pixels": MAX_PIXELS,
            "size": {"shortest_edge": MIN_PIXELS, "longest_edge": MAX_PIXELS},
            "patch_size": 14,
            "temporal_patch_size": 2,
            "merge_size": 2,
        },
    )
