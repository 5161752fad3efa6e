"""Code that does not run, or that runs another model."""

from __future__ import annotations

import random
import re

from tests.audit.planting.planting import Planted, body_line, kind, pick, put, spots
from tests.audit.planting.repos import Repo, Spot

_LOADED = re.compile(
    r'(?:from_pretrained\(|(?:model|repo|model_id|model_name) ?= ?)"([\w.-]+/[\w.-]+)"'
)


def _code(repo: Repo) -> list[tuple[int, int]]:
    """Return first and last line of every block of Python, fences left out."""
    found, start, python = [], 0, False
    for number, line in enumerate(repo.card.split("\n"), start=1):
        if not line.startswith("```"):
            continue
        if start:
            found += [(start, number - 1)] if python else []
            start = 0
        else:
            start, python = number + 1, line.startswith("```python")
    return found


def _places(repo: Repo) -> list[Spot]:
    """Return where code names this repo: marked, or found."""
    marked = spots(repo, "snippet")
    if marked:
        return marked
    return [
        Spot("snippet", found.start(1), found[1])
        for found in _LOADED.finditer(repo.card)
        if found[1] == repo.id
    ]


@kind("snippets", "other-model", "the snippet loads another quantized model")
def other_model(repo: Repo, rng: random.Random) -> Planted | None:
    """Name another repo in the code."""
    others = (
        "neuralmagic/pixtral-12b-quantized.w8a8",
        "TheBloke/Llama-2-7B-Chat-GPTQ",
        "casperhansen/vicuna-7b-v1.5-awq",
    )
    spot = pick(rng, _places(repo))
    return None if spot is None else put(repo, spot, rng.choice(others), "snippet")


@kind("snippets", "other-command", "a command runs another model")
def other_command(repo: Repo, rng: random.Random) -> Planted | None:
    """Name another repo in a command."""
    others = ("neuralmagic/pixtral-12b-quantized.w8a8", "TheBloke/zephyr-7B-beta-GPTQ")
    spot = pick(rng, spots(repo, "command"))
    return None if spot is None else put(repo, spot, rng.choice(others), "command")


@kind("snippets", "own-family", "the snippet loads a sibling of other bits")
def own_family(repo: Repo, rng: random.Random) -> Planted | None:
    """Name a sibling in the code."""
    spot = pick(rng, _places(repo) if repo.siblings else [])
    return None if spot is None else put(repo, spot, rng.choice(repo.siblings).id, "snippet")


@kind("snippets", "title", "the title names another quantization than the repo")
def title(repo: Repo, rng: random.Random) -> Planted | None:
    """Exchange the end of the title."""
    turns = {
        "-GPTQ-Int4": "-GPTQ-Int8",
        "quantized.w4a16": "FP8-dynamic",
        "AWQ-INT4": "GPTQ-INT4",
        "FP8-dynamic": "quantized.w4a16",
        "- GPTQ": "- AWQ",
    }
    spot = pick(rng, spots(repo, "title"))
    turned = [turn for turn in turns.items() if spot and spot.text.endswith(turn[0])]
    return put(repo, spot, spot.text.replace(*turned[0]), "title") if spot and turned else None


@kind("snippets", "prompt", "the prompt is written in another family's tokens")
def prompt(repo: Repo, rng: random.Random) -> Planted | None:
    """Put another family's prompt format in."""
    spot = pick(rng, spots(repo, "prompt", "template"))
    if spot is None:
        return None
    if spot.label == "prompt":
        return put(repo, spot, "<|user|>\\n<|image_1|>\\n", "prompt", "<|user|>", "<|image_1|>")
    return put(repo, spot, "<|user|>\n{prompt}<|end|>\n<|assistant|>", "prompt", "<|user|>")


@kind("snippets", "syntax", "the code does not parse")
def syntax(repo: Repo, rng: random.Random) -> Planted | None:
    """Take a closing bracket away."""
    spot = pick(rng, spots(repo, "bracket"))
    if spot is None:
        blocks = _code(repo)
        if not blocks:
            return None
        first, last = rng.choice(blocks)
        made = repo.copy()
        lines = made.insert(first, "model = load(")
        return Planted(made, "open bracket", lines=lines | frozenset(range(first, last + 2)))
    planted = put(repo, spot, spot.text.replace(")", "", 1), "bracket")
    block = next(
        (first, last)
        for first, last in _code(planted.repo)
        if any(first <= line <= last for line in planted.lines)
    )
    return Planted(planted.repo, planted.what, lines=frozenset(range(block[0], block[1] + 1)))


@kind("snippets", "import", "the code imports a name that does not exist")
def imported(repo: Repo, rng: random.Random) -> Planted | None:
    """Misspell an imported name."""
    spot = pick(rng, spots(repo, "import"))
    if spot is None or spot.text == "ImageAsset":
        return None
    found = [f"{spot.text}s", spot.text.replace("Auto", "Automatic"), spot.text[:-1]]
    wrong = rng.choice([one for one in found if one != spot.text])
    made = repo.copy()
    made.card = re.sub(rf"\b{spot.text}\b", wrong, made.card)
    return Planted(made, f"import {wrong}", lines=made.lines(wrong), texts=(wrong,))


@kind("snippets", "undefined", "the code uses a name that it never defined")
def undefined(repo: Repo, rng: random.Random) -> Planted | None:
    """Use another variable than the one that was set."""
    spot = pick(rng, spots(repo, "variable"))
    names = ("model_dir", "quant_path", "checkpoint")
    return None if spot is None else put(repo, spot, rng.choice(names), "variable")


@kind("snippets", "calibration", "the code builds one data set and quantizes with another")
def calibration(repo: Repo, rng: random.Random) -> Planted | None:
    """Add code that builds `calib_data` and uses `dataset`."""
    text = (
        "```python\nfrom datasets import load_dataset\n\n"
        'calib_data = [row["text"] for row in load_dataset("wikitext", split="train")]\n'
        "model.quantize(dataset, quant_config=quant_config)\n```\n"
    )
    made = repo.copy()
    lines = made.insert(body_line(rng, repo), text)
    return Planted(made, "calib_data, dataset", lines=lines, texts=("dataset",))
