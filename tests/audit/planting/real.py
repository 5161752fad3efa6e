"""Real cards that were read and found clean. They lie outside of this repo."""

from __future__ import annotations

import re
from pathlib import Path

from tests.audit.planting.repos import Repo, Spot

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "cards" / "readme"
CLEAN = (
    "neuralmagic_Meta-Llama-3.1-8B-Instruct-FP8",
    "Qwen_Qwen2-1.5B-Instruct-AWQ",
    "bartowski_gemma-2-9b-it-GGUF",
)
"""Names of files in that folder."""

_PLACES = {
    "license": r"^license: (.+)$",
    "base": r"^base_model: (.+)$",
    "language": r"^language:\n- (.+)$",
    "pipeline": r"^pipeline_tag: (.+)$",
    "library": r"^library_name: (.+)$",
    "average": r"^   <td><strong>(\d+\.\d+)</strong>",
    "recovery": r"^   <td>(?:<strong>)?(\d+\.\d+%)",
    "score": r"^   <td>(\d\d\.\d\d)$",
    "said-average": r"(?:average score of|model achieves) (\d+\.\d+)",
    "bits": r"quantization:\*\* (FP8)$",
    "title": r"^# (\S+)$",
    "command": r'pretrained="([\w./-]+)"',
    "import": r"^from transformers import (AutoTokenizer)$",
    "requirement": r"`transformers(>=4[\d.]+)`",
}


def there() -> bool:
    """Return whether the cards are on this machine."""
    return FOLDER.is_dir()


def real(name: str) -> Repo:
    """Return a real card with its marked places."""
    text = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    owner, _, model = name.partition("_")
    spots = [
        Spot(label, found.start(1), found[1])
        for label, pattern in _PLACES.items()
        for found in re.finditer(pattern, text, re.MULTILINE)
    ]
    return Repo(id=f"{owner}/{model}", card=text, spots=tuple(spots))
