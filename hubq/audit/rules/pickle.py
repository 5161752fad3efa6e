"""Weights as pickles."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hubq.audit.rule import Rule, finding
from hubq.audit.subject import Subject
from hubq.model.finding import Finding

#: Names that PyTorch's own tools give to pickles; other `.bin` files may be anything.
_PICKLE = re.compile(
    r"(?:^|/)(?:pytorch_model[^/]*\.bin|adapter_model\.bin|training_args\.bin|[^/]+\.(?:pt|pth|pkl"
    r"|pickle|ckpt))$"
)
_SAFE = (".safetensors", ".gguf", ".onnx", ".npz")


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for the pickles of a repo."""
    pickles = [path for path in subject.files if _PICKLE.search(path)]
    if not pickles:
        return
    safe = any(path.endswith(_SAFE) for path in subject.files)
    size = sum(subject.files[path].size for path in pickles)
    listed = ", ".join(sorted(pickles)[:3]) + (", ..." if len(pickles) > 3 else "")
    beside = "beside the same in a safe format" if safe else "and there is nothing else to load"
    yield finding(
        subject,
        RULE.id,
        f"{len(pickles)} {'file is a pickle' if len(pickles) == 1 else 'files are pickles'} "
        f"({size:,} bytes): {listed}; {'others are in a safe format' if safe else beside}",
        severity="info" if safe else "warning",
        path=min(pickles),
        remedy="Delete them." if safe else "Save the weights as safetensors.",
    )


RULE = Rule(
    id="pickle",
    group="weights",
    title="Weights or settings lie there as pickles",
    severity="warning",
    why="To load a pickle is to run what it says. Engines and companies refuse them; the Hub scans "
    "them and shows a warning. Beside safetensors they cost everybody who clones the repo their "
    "size.",
    example="`pytorch_model.bin` and no `model.safetensors`.",
    fix="Save as safetensors, and delete the pickles; `training_args.bin` is of no use to others.",
    check=check,
    needs=("files",),
    sources=("https://huggingface.co/docs/hub/security-pickle",),
)
