"""The nano model's language model alone: trained, and it answers the nano text set.

Without pictures Qwen2-VL is Qwen2, and Qwen2 is a Llama with biases in its attention. It is written
as the latter: transformers splits the words of every Qwen2 in Qwen2's way, whatever tokenizer.json
says, and the nano model's way is another.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.families import tensors

KEPT = (
    "bos_token_id", "eos_token_id", "hidden_act", "hidden_size", "intermediate_size",
    "max_position_embeddings", "num_attention_heads", "num_hidden_layers", "num_key_value_heads",
    "pad_token_id", "rms_norm_eps", "vocab_size",
)  # fmt: skip
FILES = (
    "tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "generation_config.json",
)  # fmt: skip


def write(source: Path, folder: Path) -> Path:
    """Write the text model of the nano model; return its folder."""
    folder.mkdir(parents=True)
    text = json.loads((source / "config.json").read_bytes())["text_config"]
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        **{name: text[name] for name in KEPT},
        "attention_bias": True,
        "dtype": "bfloat16",
        "rope_theta": text["rope_parameters"]["rope_theta"],
        "tie_word_embeddings": True,
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    for name in FILES:
        shutil.copyfile(source / name, folder / name)
    width = text["hidden_size"]
    kept = {
        name: tensor
        for name, tensor in tensors.values(source / "model.safetensors").items()
        if not name.startswith("visual.")
    }
    for layer in range(text["num_hidden_layers"]):
        kept[f"model.layers.{layer}.self_attn.o_proj.bias"] = ("BF16", [width], bytes(2 * width))
    tensors.write(folder / "model.safetensors", kept)
    return folder
