"""Say how far what GPTQModel looks at is from what the model has, for each calibration row.

    python see_activations.py SIDE SOURCE ROWS [SOURCE ROWS ...]

It runs in the gptqmodel environment. Each model is quantized to 8 bits, which hardly moves its
activations; the inputs of the last layer's query projection are compared with those of a forward
pass of the source. One JSON line a model: the relative error of each row.
"""
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROWS = {"samples": 16, "length": 512, "min_length": 1, "seed": 0, "modality": "image-text"}
SETTINGS = {
    "method": "gptq", "bits": 8, "group_size": 128, "desc_act": False, "sym": True, "damp": 0.05,
    "alpha": None, "device": "cpu", "calibration": ROWS,
}  # fmt: skip
PROBED = "self_attn.q_proj"


def main(arguments: Sequence[str]) -> None:
    """Compare every model that the arguments name."""
    sys.path.insert(0, arguments[0])
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for model, rows in zip(arguments[1::2], arguments[2::2], strict=True):
        with tempfile.TemporaryDirectory() as scratch:
            os.chdir(scratch)
            errors = compare(Path(model), Path(rows), Path(scratch))
        out.write(json.dumps(errors) + "\n")
    out.close()
    os._exit(0)


def compare(source: Path, rows: Path, scratch: Path) -> list[float]:
    """Return the relative error of each row's activations."""
    import loading
    import quantizing
    import torch

    task = quantizing.Task(
        settings=SETTINGS,
        source=source,
        rows=rows,
        checkpoint=scratch / "checkpoint",
        scratch=scratch,
        clock=quantizing.Clock(),
    )
    encoded, _ = quantizing.encoded_rows(task)
    model, _ = loading.load_model(source, "bfloat16", "cpu")
    probed = [name for name, _ in model.named_modules() if name.endswith(PROBED)]
    last = max(name for name in probed if "vis" not in name)
    expected: list[Any] = []
    model.get_submodule(last).register_forward_pre_hook(
        lambda _module, given: expected.append(given[0].float().flatten())
    )
    with torch.no_grad():
        for row in encoded:
            model(**row.inputs)
    seen = look(task, last)
    pairs = zip(expected, seen, strict=True)
    return [float((its - one.flatten()).norm() / its.norm()) for its, one in pairs]


def look(task: Any, name: str) -> list[Any]:
    """Return the inputs of a module that GPTQModel looks at while it quantizes, row by row."""
    import quantize_gptqmodel
    from gptqmodel.looper import gptq_processor

    seen: list[Any] = []

    class Watching(gptq_processor.GPTQ):  # type: ignore[misc]
        def add_batch(self, inp: Any, out: Any, batch_index: int | None = None) -> Any:
            if self._named_module.full_name == name:
                seen.append(inp.float())
            return super().add_batch(inp, out, batch_index=batch_index)

    gptq_processor.GPTQ = Watching
    quantize_gptqmodel.quantize(task)
    gptq_processor.GPTQ = Watching.__base__
    return seen


if __name__ == "__main__":
    main(sys.argv[1:])
