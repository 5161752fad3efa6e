"""The nano model's language model alone: a trained Qwen2 that answers the nano text set.

Without pictures Qwen2-VL's positions are those of Qwen2, and its weights have the same names.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.families import tensors

#: Of Qwen2-VL's text configuration, what Qwen2's does not have.
NOT_QWEN2 = ("model_type", "rope_parameters", "dtype")


def write(source: Path, folder: Path) -> Path:
    """Write the text model of a Qwen2-VL with one weight file; return its folder."""
    folder.mkdir(parents=True)
    tensors.write_subset(source, folder, "visual.")
    config = json.loads((source / "config.json").read_bytes())
    text = {k: v for k, v in config["text_config"].items() if k not in NOT_QWEN2}
    text |= {
        "architectures": ["Qwen2ForCausalLM"],
        "model_type": "qwen2",
        "dtype": "bfloat16",
        "rope_theta": config["text_config"]["rope_parameters"]["rope_theta"],
    }
    (folder / "config.json").write_text(json.dumps(text, indent=2) + "\n")
    for name in (
        "tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "generation_config.json"
    ):  # fmt: skip
        shutil.copyfile(source / name, folder / name)
    return folder
