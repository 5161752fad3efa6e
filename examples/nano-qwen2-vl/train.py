"""Trains the nano Qwen2-VL from nothing on one CPU core and writes its model folder.

    python train.py --out model

The order matters more than the size.  First the vision tower alone learns what a cell shows, with a
throw-away linear head; then the whole model transcribes pictures, which ties image tokens to words;
only then do questions follow that need a look at the right cell.  Every item comes from the
training part of all contents (``items.py``).
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tasks
import torch
from drawing import CONTENTS, draw, to_patches
from items import Item, Task, draw_item, free_form
from network import IMAGE_TOKENS, WIDTH, build_config, build_model, build_tokenizer, chat_text, save
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import nn
from torch.nn import functional
from transformers import Qwen2VLForConditionalGeneration

SEED = 20261121
BATCH = 64
ADAMW_SHARE = 1 / 3  # of Muon's rate
WARM_UP = 30
TOKEN_SIZE = 0.3  # root mean square of an image token
THOUGHT_LAYER = 3  # the layer after which the answer's content should be known
THOUGHT_BEFORE = 5  # tokens from the end of the question to where the answer starts
THOUGHT_WEIGHT = 0.3
REPORT_EVERY = 100
SAVE_EVERY = 400


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A stretch of training: steps, rates of Muon at both ends, largest difficulty, tasks."""

    name: str
    steps: int
    rates: tuple[float, float]
    level: float = 1.0
    mixture: tuple[tuple[Task, float], ...] = ()


def _even(drawn: tuple[Task, ...], share: float) -> tuple[tuple[Task, float], ...]:
    return tuple((task, share / len(drawn)) for task in drawn)


_ASKED = tuple(free_form(task) for task in tasks.PERCEPTION)
_WORDS = (tasks.text_copy, tasks.text_reverse)
STAGES = (
    Stage(name="cells", steps=450, rates=(6e-3, 2e-3)),
    Stage(
        name="transcribe",
        steps=250,
        rates=(5e-3, 4e-3),
        level=0.4,
        mixture=((tasks.read_all, 0.5), *_even(tasks.DOCUMENTS[:2], 0.2), *_even(_WORDS, 0.3)),
    ),
    Stage(
        name="find",
        steps=600,
        rates=(4e-3, 4e-3),
        level=0.5,
        mixture=(
            *_even(tasks.DOCUMENTS, 0.2),
            *_even(_ASKED, 0.3),
            *_even(tasks.DISCIPLINES, 0.15),
            *_even(tasks.NUMBERS, 0.15),
            *_even(tasks.TEXTS, 0.2),
        ),
    ),
    Stage(
        name="all",
        steps=2600,
        rates=(4e-3, 0.0),
        mixture=(
            *_even(tasks.DOCUMENTS, 0.16),
            *_even(tasks.DISCIPLINES, 0.28),
            *_even(_ASKED, 0.06),
            *_even(tasks.NUMBERS, 0.28),
            *_even(tasks.TEXTS, 0.22),
        ),
    ),
    Stage(
        name="carry",
        steps=350,
        rates=(2.5e-3, 0.0),
        mixture=(
            *_even(tasks.DOCUMENTS, 0.16),
            *_even(tasks.DISCIPLINES, 0.22),
            *_even(tasks.NUMBERS, 0.2),
            *_even(tasks.TEXTS, 0.12),
            (tasks.text_large_sum, 0.3),
        ),
    ),
)


def draw_items(stage: Stage, count: int, rng: np.random.Generator) -> list[Item]:
    """Draw training items from a stage's mixture."""
    drawn, weights = zip(*stage.mixture, strict=True)
    chances = np.array(weights) / sum(weights)
    return [
        draw_item(drawn[index], "train", rng) for index in rng.choice(len(drawn), count, p=chances)
    ]


def position_ids(pictured: list[bool], length: int) -> torch.Tensor:
    """Return Qwen2-VL's rotary positions (3, batch, length); the picture comes first.

    A picture follows the three tokens of ``<|im_start|>user<|vision_start|>``; its nine tokens
    share one time and carry their row and column; words after it go on from the largest position so
    far, which is the third.
    """
    plain = torch.arange(length).expand(3, length)
    seen = plain.clone()
    first, last = 3, 3 + IMAGE_TOKENS
    cells = torch.arange(IMAGE_TOKENS)
    seen[:, first:last] = first + torch.stack((cells * 0, cells // 3, cells % 3))
    seen[:, last:] -= IMAGE_TOKENS - 3
    return torch.stack([seen if picture else plain for picture in pictured], dim=1)


class Trainer:
    """Holds the model, its optimizers and the random state of one training run."""

    def __init__(self, tokenizer: Tokenizer, out: Path) -> None:
        self.tokenizer = tokenizer
        self.out = out
        self.rng = np.random.default_rng(SEED)
        self.model = build_model(build_config(tokenizer))
        self.model.set_attn_implementation("eager")  # SDPA's CPU backward is slower at this size
        self.image_id = tokenizer.token_to_id("<|image_pad|>")
        self.head = nn.Linear(WIDTH, len(CONTENTS) + IMAGE_TOKENS)
        self.optimizers = self._build_optimizers()
        self.done = 0
        self.started = time.monotonic()

    def load(self, folder: Path) -> None:
        """Take tokenizer and weights of a checkpoint; its vision tower stays as it is."""
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.model = Qwen2VLForConditionalGeneration.from_pretrained(
            folder, dtype=torch.float32, attn_implementation="eager"
        ).train()
        self.model.model.visual.requires_grad_(requires_grad=False)
        self.optimizers = self._build_optimizers()

    def _build_optimizers(self) -> list[torch.optim.Optimizer]:
        """Muon turns the inner matrices; AdamW takes embeddings, patch filter, norms, biases."""
        named = list(self.model.named_parameters())
        inner = [value for name, value in named if value.ndim == 2 and "embed" not in name]
        kept = {id(value) for value in inner}
        outer = [value for _, value in named if id(value) not in kept] + list(
            self.head.parameters()
        )
        return [
            torch.optim.Muon(inner, lr=0.0, weight_decay=0.02, adjust_lr_fn="match_rms_adamw"),
            torch.optim.AdamW(outer, lr=0.0, betas=(0.9, 0.98), weight_decay=0.01),
        ]

    def _step(self, stage: Stage, step: int) -> None:
        """Update the weights at the rate of a step of a stage."""
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        first, last = stage.rates
        self.done += 1
        rate = (first + (last - first) * step / stage.steps) * min(1.0, self.done / WARM_UP)
        for optimizer, share in zip(self.optimizers, (1.0, ADAMW_SHARE), strict=True):
            for group in optimizer.param_groups:
                group["lr"] = rate * share
            optimizer.step()
            optimizer.zero_grad()

    def _see(self, patches: list[NDArray[np.float32]]) -> torch.Tensor:
        """Return the merged image tokens (9 per picture, 128)."""
        pixels = torch.from_numpy(np.concatenate(patches))
        grid = torch.tensor([[1, 6, 6]]).expand(len(patches), 3)
        return self.model.model.visual(pixels, grid_thw=grid).pooler_output

    def _freeze_vision(self) -> None:
        """Fix the vision tower, with image tokens brought to the size of word embeddings."""
        pages = [tuple(self.rng.choice(CONTENTS, 9)) for _ in range(BATCH)]
        with torch.no_grad():
            seen = self._see([to_patches(draw(cells, 0.5, self.rng)) for cells in pages])
            shrink = TOKEN_SIZE / seen.square().mean().sqrt()
            last = self.model.model.visual.merger.mlp[2]
            last.weight.mul_(shrink)
            last.bias.mul_(shrink)
        self.model.model.visual.requires_grad_(requires_grad=False)

    def name_cells(self, stage: Stage) -> None:
        """Teach the vision tower what every cell shows and where it stands."""
        for step in range(1, stage.steps + 1):
            contents = self.rng.integers(0, len(CONTENTS), (BATCH, 9))
            patches = [
                to_patches(draw(tuple(CONTENTS[code] for code in row), self.rng.random(), self.rng))
                for row in contents
            ]
            with torch.autocast("cpu", dtype=torch.bfloat16):
                guesses = self.head(self._see(patches)).float()
            labels = torch.from_numpy(contents.reshape(-1))
            places = torch.arange(IMAGE_TOKENS).repeat(BATCH)
            named, placed = guesses[:, : len(CONTENTS)], guesses[:, len(CONTENTS) :]
            loss = functional.cross_entropy(named, labels)
            (loss + functional.cross_entropy(placed, places)).backward()
            self._step(stage, step)
            right = (named.argmax(-1) == labels) & (placed.argmax(-1) == places)
            if step % 50 == 0:
                self._report("cells", step, loss.item(), {"cell": right.float().mean().item()})
        self._freeze_vision()

    def _encode(self, items: list[Item]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return token ids, the weight of each position whose next token is asked, and thoughts.

        A thought is the first token of the answer's content at the last token of the question,
        before the model is asked to speak (-1 elsewhere).
        """
        texts = [chat_text(item.prompt(), pictured=item.cells is not None) for item in items]
        starts = [len(code.ids) for code in self.tokenizer.encode_batch(texts)]
        whole = [f"{text}{item.answer}<|im_end|>" for text, item in zip(texts, items, strict=True)]
        codes = [code.ids for code in self.tokenizer.encode_batch(whole)]
        answers = self.tokenizer.encode_batch([item.answer for item in items])
        ids = torch.zeros((len(items), max(map(len, codes))), dtype=torch.long)
        weights, thoughts = torch.zeros(ids.shape), torch.full_like(ids, -1)
        for row, (code, start, answer) in enumerate(zip(codes, starts, answers, strict=True)):
            ids[row, : len(code)] = torch.tensor(code)
            weights[row, start - 1 : len(code) - 1] = (len(code) - start) ** -0.5
            thoughts[row, start - THOUGHT_BEFORE] = answer.ids[0]
        return ids, weights, thoughts

    def _hidden(self, ids: torch.Tensor, items: list[Item], level: float) -> list[torch.Tensor]:
        """Run the model on drawn items; return hidden states (batch, length, 128) of all layers."""
        pictures = [item.picture(self.rng.random() * level, self.rng) for item in items]
        inputs = self.model.get_input_embeddings()(ids)
        seen = [to_patches(picture) for picture in pictures if picture is not None]
        if seen:
            tokens = self._see(seen).to(inputs.dtype)
            inputs = inputs.masked_scatter((ids == self.image_id)[..., None], tokens)
        places = position_ids([picture is not None for picture in pictures], ids.shape[1])
        text = self.model.model.language_model
        states = text(
            inputs_embeds=inputs, position_ids=places, use_cache=False, output_hidden_states=True
        )
        return [*states.hidden_states]

    def _loss(self, items: list[Item], level: float) -> tuple[torch.Tensor, list[bool]]:
        """Return the summed loss of the answers and which items were answered without a fault."""
        ids, weights, thoughts = self._encode(items)
        asked, thinking = weights > 0, thoughts >= 0
        with torch.autocast("cpu", dtype=torch.bfloat16):
            states = self._hidden(ids, items, level)
            logits = self.model.lm_head(states[-1][asked]).float()
            early = self.model.model.language_model.norm(states[THOUGHT_LAYER][thinking])
            guesses = self.model.lm_head(early).float()
        wanted = ids.roll(-1, dims=1)[asked]
        losses = functional.cross_entropy(logits, wanted, reduction="none")
        thought = functional.cross_entropy(guesses, thoughts[thinking], reduction="sum")
        wrong = torch.zeros_like(asked).masked_scatter(asked, logits.argmax(-1) != wanted)
        right = (~wrong.any(1)).tolist()
        return (losses * weights[asked]).sum() + THOUGHT_WEIGHT * thought, right

    def _batches(self, stage: Stage) -> Iterator[list[list[Item]]]:
        """Yield the two halves of each batch, short prompts apart from long ones."""
        for _ in range(stage.steps):
            items = draw_items(stage, BATCH, self.rng)
            items.sort(key=lambda item: len(item.options) * 100 + (item.cells is not None))
            yield [items[: BATCH // 2], items[BATCH // 2 :]]

    def answer(self, stage: Stage) -> None:
        """Train on the questions of a stage."""
        losses: list[float] = []
        right: dict[str, list[bool]] = defaultdict(list)
        for step, halves in enumerate(self._batches(stage), start=1):
            for half in halves:
                loss, faultless = self._loss(half, stage.level)
                (loss / BATCH).backward()
                losses.append(2 * loss.item() / BATCH)
                for item, value in zip(half, faultless, strict=True):
                    right[f"{item.category}/{item.form}"].append(value)
            self._step(stage, step)
            if step % REPORT_EVERY == 0:
                means = {name: float(np.mean(values)) for name, values in sorted(right.items())}
                self._report(stage.name, step, float(np.mean(losses)), means)
                losses.clear()
                right.clear()
            if step % SAVE_EVERY == 0:
                save(self.model, self.tokenizer, self.out)
        save(self.model, self.tokenizer, self.out)

    def _report(self, name: str, step: int, loss: float, right: dict[str, float]) -> None:
        shares = {task: round(share, 2) for task, share in right.items()}
        seconds = round(time.monotonic() - self.started)
        row = {"stage": name, "step": step, "seconds": seconds, "loss": round(loss, 3)}
        print(json.dumps({**row, "right": shares}), flush=True)


def sample_texts(count: int) -> list[str]:
    """Return prompts and answers of every task, for the tokenizer."""
    rng = np.random.default_rng(SEED)
    items = [item for stage in STAGES[1:] for item in draw_items(stage, count, rng)]
    return [f"{chat_text(item.prompt(), pictured=False)}{item.answer}" for item in items]


def main() -> None:
    """Train in stages; a stopped run leaves its last checkpoint and can go on from a stage."""
    names = [stage.name for stage in STAGES]
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder to write the model to")
    parser.add_argument("--start", type=Path, help="checkpoint folder to go on from")
    parser.add_argument("--stage", choices=names[1:], help="first stage to run from --start")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    trainer = Trainer(build_tokenizer(sample_texts(3000)), arguments.out)
    first = 1
    if arguments.start:
        trainer.load(arguments.start)
        first = names.index(arguments.stage)
    else:
        trainer.name_cells(STAGES[0])
    for stage in STAGES[first:]:
        trainer.answer(stage)


if __name__ == "__main__":
    main()
