"""Scores a model folder on the nano sets through processor, chat template and generation.

    python score.py --model model --data data

The scores are those of the four suites whose form the sets have: ANLS (mean over items), circular
multiple choice (an item counts when all four rotations of its options are answered rightly), exact
number, exact option, exact text. The model answers a choice with the text of the option.
"""

from __future__ import annotations

import argparse
import ast
import base64
import csv
import io
import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from items import SUFFIXES
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor

BATCH = 64
MAX_NEW_TOKENS = 16
ANLS_THRESHOLD = 0.5
Row = dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Query:
    """One prompt: its row, its picture in base64 (or empty) and its accepted answers."""

    row: int
    category: str
    image: str
    prompt: str
    answers: tuple[str, ...]


def _read(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as stream:
        if path.suffix == ".jsonl":
            return [json.loads(line) for line in stream]
        csv.field_size_limit(1 << 24)
        return list(csv.DictReader(stream, delimiter="\t"))


def choice_query(number: int, row: Row, rotation: int) -> Query:
    """Return a multiple-choice query whose options are moved on by ``rotation`` letters."""
    moved = [row["ABCD"[(place - rotation) % 4]] for place in range(4)]
    hint = f"Hint: {row['hint']}\n" if row.get("hint") else ""
    listed = "".join(f"\n{letter}. {text}" for letter, text in zip("ABCD", moved, strict=True))
    return Query(
        row=number,
        category=row["category"],
        image=row["image"],
        prompt=hint + row["question"] + listed + SUFFIXES["choice"],
        answers=(row[row["answer"]],),
    )


def _plain(number: int, row: Row, suffix: str, answers: tuple[str, ...]) -> Query:
    category = row.get("task") or row.get("category") or row["question"].split(" ", 1)[0]
    image = row.get("image", "")
    return Query(
        row=number, category=category, image=image, prompt=row["question"] + suffix, answers=answers
    )


def queries(path: Path) -> list[Query]:
    """Read a set and return its prompts; a circular set has four for each row."""
    rows = list(enumerate(_read(path)))
    name = path.stem
    if name == "NanoBench_DEV":
        return [
            choice_query(number, row, rotation) for number, row in rows for rotation in range(4)
        ]
    if name == "NanoMMU_VAL":
        return [choice_query(number, row, 0) for number, row in rows]
    if name == "NanoDocVQA_VAL":
        return [
            _plain(number, row, SUFFIXES["short"], tuple(ast.literal_eval(row["answer"])))
            for number, row in rows
        ]
    suffix = SUFFIXES["number" if name == "NanoVista_MINI" else "text"]
    return [_plain(number, row, suffix, (row["answer"],)) for number, row in rows]


def edit_distance(first: str, second: str) -> int:
    """Return the Levenshtein distance."""
    above = list(range(len(second) + 1))
    for row, left in enumerate(first, start=1):
        here = [row]
        for column, right in enumerate(second, start=1):
            here.append(min(above[column] + 1, here[-1] + 1, above[column - 1] + (left != right)))
        above = here
    return above[-1]


def anls(answer: str, accepted: tuple[str, ...]) -> float:
    """Return the normalised Levenshtein similarity, 0 below one half (the DocVQA measure)."""
    words = answer.strip().lower()
    best = 0.0
    for wanted in accepted:
        longest = max(len(words), len(wanted)) or 1
        best = max(best, 1 - edit_distance(words, wanted.lower()) / longest)
    return best if best >= ANLS_THRESHOLD else 0.0


def exact(answer: str, accepted: tuple[str, ...]) -> float:
    """Return 1 for one of the accepted answers, else 0."""
    return float(answer.strip() in accepted)


class Answerer:
    """A loaded model that answers queries greedily."""

    def __init__(self, folder: Path) -> None:
        self.processor = AutoProcessor.from_pretrained(folder)
        self.processor.tokenizer.padding_side = "left"
        self.model = AutoModelForImageTextToText.from_pretrained(
            folder, dtype="auto", device_map="cpu"
        ).eval()

    @torch.inference_mode()
    def batch(self, asked: list[Query]) -> list[str]:
        """Answer some queries at once; all of them with a picture or none."""
        texts, images = [], []
        for query in asked:
            content: list[dict[str, str]] = [{"type": "text", "text": query.prompt}]
            if query.image:
                content.insert(0, {"type": "image"})
                images.append(Image.open(io.BytesIO(base64.b64decode(query.image))).convert("RGB"))
            turn = [{"role": "user", "content": content}]
            texts.append(
                self.processor.apply_chat_template(turn, add_generation_prompt=True, tokenize=False)
            )
        inputs = self.processor(
            text=texts, images=images or None, padding=True, return_tensors="pt"
        )
        out = self.model.generate(**inputs, do_sample=False, max_new_tokens=MAX_NEW_TOKENS)
        new = out[:, inputs["input_ids"].shape[1] :]
        return self.processor.batch_decode(new, skip_special_tokens=True)

    def answers(self, asked: list[Query], size: int = BATCH) -> list[str]:
        """Answer all queries in batches of similar length; return answers in the given order."""
        order = sorted(range(len(asked)), key=lambda index: len(asked[index].prompt))
        found: dict[int, str] = {}
        for start in range(0, len(order), size):
            chunk = order[start : start + size]
            found.update(zip(chunk, self.batch([asked[index] for index in chunk]), strict=True))
        return [found[index] for index in range(len(asked))]


def score(
    asked: list[Query], answers: list[str], measure: Callable[[str, tuple[str, ...]], float]
) -> dict[str, float]:
    """Return the score of each category and of the whole set ("all"), in percent.

    Prompts of one row count together: the row scores its worst prompt, which makes rotated choices
    circular.
    """
    rows: dict[int, float] = {}
    categories: dict[int, str] = {}
    for query, answer in zip(asked, answers, strict=True):
        rows[query.row] = min(rows.get(query.row, 1.0), measure(answer, query.answers))
        categories[query.row] = query.category
    grouped: dict[str, list[float]] = defaultdict(list)
    for number, value in rows.items():
        grouped[categories[number]].append(value)
        grouped["all"].append(value)
    return {
        name: round(100 * sum(values) / len(values), 1) for name, values in sorted(grouped.items())
    }


def main() -> None:
    """Score every set and print one JSON line for each."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument(
        "--limit", type=int, default=None, help="score only the first rows of each set"
    )
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    answerer = Answerer(arguments.model)
    for path in sorted(arguments.data.glob("Nano*")):
        asked = [
            query
            for query in queries(path)
            if arguments.limit is None or query.row < arguments.limit
        ]
        answers = answerer.answers(asked)
        measure = anls if path.stem == "NanoDocVQA_VAL" else exact
        scores = score(asked, answers, measure)
        print(
            json.dumps(
                {"set": path.stem, "n": len({query.row for query in asked}), "scores": scores}
            ),
            flush=True,
        )


if __name__ == "__main__":
    main()
