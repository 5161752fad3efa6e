"""Quantize with GPTQModel as its own README does it, and nothing else: the other side of a ratio.

PYTHON bare.py MODEL ROWS.jsonl OUT        with the interpreter of the gptqmodel environment
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from gptqmodel import GPTQModel
from gptqmodel.quantization.config import GPTQConfig
from transformers import AutoTokenizer


def main(source: str, rows: str, out: str) -> None:
    """Quantize to 4 bits in groups of 128."""
    tokenizer = AutoTokenizer.from_pretrained(source)
    examples = []
    for line in Path(rows).read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        messages = [
            {"role": "user", "content": row["question"]},
            {"role": "assistant", "content": row["answer"]},
        ]
        text = tokenizer.apply_chat_template(messages, tokenize=False)
        examples.append(dict(tokenizer(text)))
    model = GPTQModel.load(source, GPTQConfig(bits=4, group_size=128, damp_percent=0.05))
    model.quantize(examples, batch_size=1, calibration_sort=None)
    model.save(out)


if __name__ == "__main__":
    main(*sys.argv[1:])
