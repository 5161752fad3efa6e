"""Say what plain transformers 5 makes of checkpoints: what is left over, what differs, how far.

    python -I legacy_probe.py SIDE SOURCE ROWS CHECKPOINT...

It runs in the gptqmodel environment and prints one line of JSON: checkpoint -> what was found.
"""
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def main(side: str, source: str, rows: str, *checkpoints: str) -> None:
    """Load a source and each checkpoint, run them on the same rows and compare."""
    sys.path.append(side)
    asked = [json.loads(line) for line in Path(rows).read_text().splitlines()]
    expected, _, answer = run(source, asked)
    told = {"": {"answer": answer}} | {
        checkpoint: look(source, checkpoint, asked, expected) for checkpoint in checkpoints
    }
    sys.stdout.write("\n" + json.dumps(told) + "\n")


def look(source: str, checkpoint: str, asked: list[dict[str, Any]], expected: Any) -> Any:
    """Return what one checkpoint is like."""
    import torch

    got, report, answer = run(checkpoint, asked)
    apart = [(p.exp() * (p - q)).sum(-1).mean() for p, q in zip(expected, got, strict=True)]
    before, after = tensors(source), tensors(checkpoint)
    packed = {name.removesuffix(".qweight") for name in after if name.endswith(".qweight")}
    return {
        "report": report,
        "packed": len(packed),
        "kl": float(torch.stack(apart).mean()),
        "answer": answer,
        "dtypes": sorted({str(t.dtype) for t in after.values() if t.is_floating_point()}),
        "new": sorted(n for n in after if n not in before and n.rpartition(".")[0] not in packed),
        "biases": sorted(n for n in after if n.endswith(".bias") and n not in before),
        "differ": sorted(
            name
            for name, tensor in after.items()
            if name in before and not torch.equal(before[name].to(tensor.dtype), tensor)
        ),
        "lost": sorted(n for n in before if n not in after and n[: -len(".weight")] not in packed),
    }


def run(path: str, asked: list[dict[str, Any]]) -> tuple[list[Any], Any, str]:
    """Return the log probabilities for each row, the load report, and one answer."""
    import conversation
    import loading
    import torch

    def encoded(row: dict[str, Any], answer: str | None) -> Any:
        images = [conversation.open_image(row["image"])] if row["image"] else []
        rendered = conversation.render(processor, row["question"], len(images), answer)
        return conversation.encode(processor, rendered, images)

    model, processor, report = loading.load_with_report(path, "float32", "cpu")
    inputs = encoded(next((row for row in asked if row["image"]), asked[0]), None)
    with torch.inference_mode():
        rows = [model(**encoded(row, row["answer"])).logits[0] for row in asked]
        output = model.generate(**inputs, do_sample=False, max_new_tokens=8)
    tokens = output[0, inputs["input_ids"].shape[1] :]
    answer = conversation.tokenizer_of(processor).decode(tokens, skip_special_tokens=True)
    return [logits.float().log_softmax(-1) for logits in rows], report, answer


def tensors(folder: str) -> dict[str, Any]:
    """Return every tensor of a model's folder."""
    from safetensors.torch import load_file

    found: dict[str, Any] = {}
    for path in Path(folder).glob("*.safetensors"):
        found |= load_file(path)
    return found


if __name__ == "__main__":
    main(*sys.argv[1:])
