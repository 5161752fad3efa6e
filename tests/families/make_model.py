"""Make small random-weight models of real architectures, with all the files that a real repo has.

It runs in an environment that has torch and transformers, as a program; `makers.py` starts it.

    python make_model.py ARCH OUT [--untied] [--shards N] [--seed S] [--rows R] [--and ARCH OUT ...]

OUT gets `model/` (the source), `calibration.jsonl` (rows, half of them with a picture) and
`items/questions/` (prepared items, likewise). The files of `sources/ARCH` have the form in which
the real repos have them. The same arguments make the same bytes.
"""
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import json
import math
import random
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

SOURCES = Path(__file__).resolve().parent / "sources"
TEXT_ONLY = ("qwen2", "qwen3")
SPECIAL = (
    *("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>"),
    *("<|vision_pad|>", "<|image_pad|>", "<|video_pad|>", "<image>", "<video>"),
)
#: How the newest transformers names a module -> how the repos' weight files do; the first fits.
NAMES = {
    "qwen2_vl": {"model.language_model.": "model.", "model.visual.": "visual."},
    "qwen2_5_vl": {"model.language_model.": "model.", "model.visual.": "visual."},
    "llava_onevision": {
        "model.language_model.": "language_model.model.",
        "lm_head.": "language_model.lm_head.",
        "model.vision_tower.": "vision_tower.vision_model.",
        "model.": "",
    },
}
#: The split of words that Qwen's tokenizers make before they look for pairs.
WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
EMBEDDINGS = ("embed_tokens", "lm_head", "pos_embed", "position_embedding")
#: Let the last token move the next one more than the whole context does, and a tied output layer
#: not see it again; else a random model says one token over and over.
GAINS = {"self_attn.o_proj.weight": 0.5, "mlp.down_proj.weight": 3.0}
LAST_NORMS = ("model.norm.weight", "model.language_model.norm.weight")
COLOURS = {"red": (220, 40, 40), "green": (40, 160, 60), "blue": (40, 70, 210), "black": (0, 0, 0)}
NUMBERS = ("one", "two", "three", "four", "five")
SIZES = ((56, 84), (84, 84), (84, 112), (112, 112))


def main(arguments: Sequence[str]) -> None:
    """Make every model that the arguments name, one after the other."""
    parser = argparse.ArgumentParser(prog="make_model.py")
    parser.add_argument("arch", choices=sorted(path.name for path in SOURCES.iterdir()))
    parser.add_argument("out", type=Path)
    parser.add_argument("--untied", action="store_true", help="give it an output layer of its own")
    parser.add_argument("--shards", type=int, default=1, help="how many weight files")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rows", type=int, default=16, help="of calibration, and of items")
    for asked in split(arguments, "--and"):
        options = parser.parse_args(asked)
        tied = not options.untied
        make_model(
            options.arch, options.out / "model", tied=tied, shards=options.shards, seed=options.seed
        )
        rows = list(make_rows(options.rows, pictures=options.arch not in TEXT_ONLY))
        write_rows(rows, options.out / "calibration.jsonl")
        write_items(rows, options.out / "items" / "questions")


def split(arguments: Sequence[str], at: str) -> Iterator[list[str]]:
    """Yield the stretches of a list between the places where a word stands."""
    part: list[str] = []
    for argument in [*arguments, at]:
        if argument == at:
            yield part
            part = []
        else:
            part.append(argument)


def make_model(arch: str, folder: Path, *, tied: bool, shards: int, seed: int) -> None:
    """Write a model's folder.

    Args:
        arch: a folder of `sources/`.
        folder: made if it is not there.
        tied: whether the output layer is the embedding, which then is the only one in the files.
        shards: into how many files the weights go.
        seed: of the weights.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted((SOURCES / arch).glob("*.json")):
        shutil.copyfile(path, folder / path.name)
    config = json.loads((folder / "config.json").read_bytes())
    for part in (config, config.get("text_config", {})):
        if "tie_word_embeddings" in part:
            part["tie_word_embeddings"] = tied
    write_json(folder / "config.json", config)
    (folder / "LICENSE").write_text("Apache-2.0\n")
    (folder / "README.md").write_text(f"---\nlicense: apache-2.0\n---\n\n# A small {arch}\n")
    write_tokenizer(folder, (SOURCES / arch / "chat_template.jinja").read_text(), arch)
    write_weights(folder, weights(arch, folder, seed), shards)


def weights(arch: str, folder: Path, seed: int) -> dict[str, Any]:
    """Return random weights in bfloat16 by their names in a file.

    Linears keep the size of what goes through them, so that attention and logits are not flat;
    norms are not quite one and biases not quite zero, so that losing one is seen.
    """
    import torch
    import transformers

    auto = "AutoModelForCausalLM" if arch in TEXT_ONLY else "AutoModelForImageTextToText"
    config = transformers.AutoConfig.from_pretrained(folder)
    model = getattr(transformers, auto).from_config(config)
    draw = torch.Generator().manual_seed(seed)
    known = len(json.loads((folder / "tokenizer.json").read_bytes())["model"]["vocab"])
    made = {}
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=draw)
        value = (0.1 if parameter.ndim < 2 else 1 / math.sqrt(parameter[0].numel())) * noise
        if any(part in name for part in EMBEDDINGS):
            value = 0.25 * noise
        if value.shape[0] == config.get_text_config().vocab_size:
            value[known:] = 0  # as rows that only fill up the vocabulary are after training
        value *= next((gain for end, gain in GAINS.items() if name.endswith(end)), 1.0)
        if name in LAST_NORMS:
            value *= noise.sign()
        if parameter.ndim == 1 and name.endswith("weight"):
            value = 1 + value
        made[file_name(arch, name)] = value.to(torch.bfloat16).contiguous()
    return dict(sorted(made.items()))


def file_name(arch: str, name: str) -> str:
    """Return how the repos' weight files name a parameter."""
    for ours, theirs in NAMES.get(arch, {}).items():
        if name.startswith(ours):
            return theirs + name.removeprefix(ours)
    return name


def write_weights(folder: Path, tensors: dict[str, Any], shards: int) -> None:
    """Write tensors into one file, or into several with an index."""
    from safetensors.torch import save_file

    if shards == 1:
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
        return
    total = sum(tensor.nbytes for tensor in tensors.values())
    parts: list[dict[str, Any]] = [{} for _ in range(shards)]
    written = 0
    for name, tensor in tensors.items():
        parts[min(written * shards // total, shards - 1)][name] = tensor
        written += tensor.nbytes
    places: dict[str, str] = {}
    for number, part in enumerate(parts, start=1):
        file = f"model-{number:05}-of-{shards:05}.safetensors"
        save_file(part, folder / file, metadata={"format": "pt"})
        places |= dict.fromkeys(part, file)
    index = {"metadata": {"total_size": total}, "weight_map": dict(sorted(places.items()))}
    write_json(folder / "model.safetensors.index.json", index)


def write_tokenizer(folder: Path, template: str, arch: str) -> None:
    """Train a byte-level tokenizer on a few lines and write it as Qwen's repos have it."""
    from tokenizers import (
        AddedToken,
        Regex,
        Tokenizer,
        decoders,
        models,
        normalizers,
        pre_tokenizers,
        trainers,
    )

    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    words = pre_tokenizers.Split(Regex(WORDS), "isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([words, byte_level])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=512,
        special_tokens=[AddedToken(token, special=True) for token in SPECIAL],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    lines = [f"{row['question']} {row['answer']}" for row in make_rows(200, pictures=False)]
    tokenizer.train_from_iterator(lines, trainer)
    tokenizer.save(str(folder / "tokenizer.json"))
    model = json.loads((folder / "tokenizer.json").read_bytes())["model"]
    ordinary = {token: place for token, place in model["vocab"].items() if token not in SPECIAL}
    write_json(folder / "vocab.json", ordinary)
    pairs = "\n".join(" ".join(pair) for pair in model["merges"])
    (folder / "merges.txt").write_text(f"#version: 0.2\n{pairs}\n", encoding="utf-8")
    write_tokenizer_config(folder, template, arch)


def write_tokenizer_config(folder: Path, template: str, arch: str) -> None:
    """Write what else a tokenizer and a chat template have as files in Qwen's repos."""
    flags = dict.fromkeys(("lstrip", "normalized", "rstrip", "single_word"), False)
    added = {
        str(place): {"content": token, **flags, "special": True}
        for place, token in enumerate(SPECIAL)
    }
    about = {
        "add_bos_token": False,
        "add_prefix_space": False,
        "added_tokens_decoder": added,
        "additional_special_tokens": list(SPECIAL[1:]),
        "bos_token": None,
        "clean_up_tokenization_spaces": False,
        "eos_token": "<|im_end|>",
        "errors": "replace",
        "model_max_length": 1024,
        "pad_token": "<|endoftext|>",
        "split_special_tokens": False,
        "tokenizer_class": "Qwen2Tokenizer",
        "unk_token": None,
    }
    if arch in TEXT_ONLY:
        about["chat_template"] = template
    else:
        write_json(folder / "chat_template.json", {"chat_template": template})
    write_json(folder / "tokenizer_config.json", about)


def make_rows(count: int, *, pictures: bool) -> Iterator[dict[str, Any]]:
    """Yield questions with answers; every second one is about a picture where there are pictures.

    Args:
        count: how many.
        pictures: whether any has one.
    """
    draw = random.Random(count)  # noqa: S311 - data, not secrets
    for number in range(count):
        first, second = draw.sample(sorted(COLOURS), 2)
        how_many = draw.randrange(5)
        if pictures and number % 2:
            yield {
                "id": f"picture-{number}",
                "image": picture(draw.choice(SIZES), COLOURS[first], how_many + 1),
                "question": f"How many {first} squares are in this picture?",
                "answer": f"There are {NUMBERS[how_many]} {first} squares.",
            }
        else:
            counted = ", ".join([first] * (how_many + 1) + [second] * (1 + number % 3))
            yield {
                "id": f"text-{number}",
                "image": None,
                "question": f"Which colour comes more often: {counted}? Give number and colour.",
                "answer": f"The colour {first} comes {NUMBERS[how_many]} times, {second} less.",
            }


def picture(size: tuple[int, int], colour: tuple[int, int, int], squares: int) -> str:
    """Return a PNG file in base64: squares of one colour on white."""
    from PIL import Image, ImageDraw

    image = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(image)
    for place in range(squares):
        left, top = 4 + 18 * (place % 3), 6 + 22 * (place // 3)
        pen.rectangle((left, top, left + 11, top + 11), fill=colour)
    file = io.BytesIO()
    image.save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def write_rows(rows: Sequence[dict[str, Any]], path: Path) -> None:
    """Write one JSON object a line."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def write_items(rows: Sequence[dict[str, Any]], folder: Path) -> None:
    """Write rows as prepared items: questions with other words than the calibration's."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    items = []
    for row in rows:
        images = []
        if row["image"]:
            data = base64.b64decode(row["image"])
            images = [f"images/{hashlib.sha256(data).hexdigest()}.png"]
            (folder / images[0]).write_bytes(data)
        items.append(
            {
                "key": row["id"],
                "question_key": row["id"],
                "cluster": hashlib.sha256((images or [row["question"]])[0].encode()).hexdigest(),
                "text": f"Say it in words. {row['question']}",
                "images": images,
                "gold": [row["answer"]],
                "choices": None,
                "max_new_tokens": 12,
                "category": "",
            }
        )
    write_rows(items, folder / "items.jsonl")


def write_json(path: Path, value: Any) -> None:
    """Write indented JSON with a final newline."""
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
