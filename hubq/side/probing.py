"""Probes: what two models predict for the same answers, and how far they are apart.

Both models read the question and the gold answer; at each token of the answer (its end of turn
included) the Kullback-Leibler divergence of the second model's distribution from the first's is
taken over the whole vocabulary, in nats: sum p log(p / q).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import conversation
import events

RESAMPLES = 2000
CONFIDENCE_Z = 1.959963984540054


@dataclass(frozen=True, kw_only=True)
class Probe:
    """A prepared item used as a probe.

    Attributes:
        task, key: where it is from.
        text: the prompt.
        images: files, or their bytes.
        answer: the first gold answer.
        max_new_tokens: where the task cuts answers.
    """

    task: str
    key: str
    text: str
    images: tuple[Path | bytes, ...]
    answer: str
    max_new_tokens: int

    @property
    def name(self) -> str:
        """What it is called among the probes of all tasks."""
        return f"{self.task}/{self.key}"


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """A probe as a processor makes it: tensors for a model, and its answer's length in tokens."""

    probe: Probe
    inputs: dict[str, Any]
    length: int


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """A model's log-probabilities over the answer of one probe, [tokens, vocabulary], float32."""

    probe: Probe
    log_probabilities: Any
    finite: bool


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """How far two models are apart on one probe: means over its answer's tokens."""

    task: str
    key: str
    tokens: int
    kl: float
    top1_agreement: float


def read_probes(folders: Mapping[str, Path], count: int) -> list[Probe]:
    """Return the first `count` items of each task, tasks in order of their names."""
    probes = []
    for task in sorted(folders):
        with (folders[task] / "items.jsonl").open(encoding="utf-8") as lines:
            for _, line in zip(range(count), lines, strict=False):
                item = json.loads(line)
                probes.append(
                    Probe(
                        task=task,
                        key=str(item["key"]),
                        text=item["text"],
                        images=tuple(folders[task] / name for name in item["images"]),
                        answer=str(item["gold"][0]),
                        max_new_tokens=item["max_new_tokens"],
                    )
                )
    return probes


def shown(probes: Sequence[Probe]) -> Probe:
    """Return the first probe with a picture, or the first of all."""
    return next((probe for probe in probes if probe.images), probes[0])


def encode(processor: Any, probes: Sequence[Probe]) -> list[Encoded]:
    """Return probes as a processor makes them, question and answer.

    Without a chat template the question stands before its answer as it is.
    """
    encoded = []
    for probe in probes:
        images = [conversation.open_image(image) for image in probe.images]
        make = conversation.forced if has_template(processor) else _plain
        inputs, length = make(processor, probe.text, images, probe.answer)
        encoded.append(Encoded(probe=probe, inputs=inputs, length=length))
    return encoded


def has_template(processor: Any) -> bool:
    """Return whether a processor has a chat template, of its own or of its tokenizer."""
    tokenizer = conversation.tokenizer_of(processor)
    return any(getattr(one, "chat_template", None) for one in (processor, tokenizer))


def _plain(
    processor: Any, text: str, images: Sequence[Any], answer: str
) -> tuple[dict[str, Any], int]:
    """Return the tensors of a text followed by its answer; pictures need a template."""
    import torch

    if images:
        raise ValueError("there is no chat template to put a picture into")
    tokenizer = conversation.tokenizer_of(processor)
    question = tokenizer(f"{text}\n", return_tensors="pt")["input_ids"]
    ids = tokenizer(answer, add_special_tokens=False, return_tensors="pt")["input_ids"]
    return {"input_ids": torch.cat([question, ids], dim=1)}, int(ids.shape[1])


def predict(model: Any, encoded: Sequence[Encoded]) -> list[Prediction]:
    """Return what a model predicts for each probe's answer."""
    import torch

    predictions = []
    for done, one in enumerate(encoded):
        events.progress(done, len(encoded), "probes")
        inputs = _on(one.inputs, model.device)
        with torch.inference_mode():
            logits = model(**inputs, logits_to_keep=one.length + 1, use_cache=False).logits
        answer = logits[0, -one.length - 1 : -1].float().cpu()
        finite = bool(torch.isfinite(answer).all())
        logged = torch.log_softmax(answer, dim=-1)
        predictions.append(Prediction(probe=one.probe, log_probabilities=logged, finite=finite))
    events.progress(len(encoded), len(encoded), "probes")
    return predictions


def compare(first: Sequence[Prediction], second: Sequence[Prediction]) -> list[Comparison]:
    """Return the divergence of the second model from the first on each probe."""
    compared = []
    for one, other in zip(first, second, strict=True):
        p, q = one.log_probabilities, other.log_probabilities
        kl = (p.exp() * (p - q)).sum(dim=-1).double().clamp_min(0)
        agree = (p.argmax(dim=-1) == q.argmax(dim=-1)).double()
        compared.append(
            Comparison(
                task=one.probe.task,
                key=one.probe.key,
                tokens=len(kl),
                kl=float(kl.mean()),
                top1_agreement=float(agree.mean()),
            )
        )
    return compared


def summarize(items: Sequence[Comparison]) -> dict[str, Any]:
    """Return means over items with standard errors and 95 % intervals, and the items themselves."""
    kl = [item.kl for item in items]
    agreement = [item.top1_agreement for item in items]
    return {
        "kl": _mean(kl) | _bootstrap(kl),
        "top1_agreement": _mean(agreement) | _wilson(agreement),
        "items": [
            {
                "task": item.task,
                "key": item.key,
                "tokens": item.tokens,
                "kl": item.kl,
                "top1_agreement": item.top1_agreement,
            }
            for item in items
        ],
    }


def _mean(values: Sequence[float]) -> dict[str, Any]:
    count = len(values)
    mean = math.fsum(values) / count
    spread = math.fsum((value - mean) ** 2 for value in values)
    error = math.sqrt(spread / (count - 1) / count) if count > 1 else None
    return {"value": mean, "n": count, "se": error}


def _bootstrap(values: Sequence[float]) -> dict[str, float]:
    """Return the 95 % percentile interval of the mean over resampled items, seeded."""
    import numpy as np

    draw = np.random.default_rng(0)
    sample = np.asarray(values)[draw.integers(0, len(values), (RESAMPLES, len(values)))]
    low, high = np.quantile(sample.mean(axis=1), (0.025, 0.975))
    return {"low": float(low), "high": float(high)}


def _wilson(values: Sequence[float]) -> dict[str, float]:
    """Return Wilson's 95 % score interval (JASA 22, 1927) of a mean of values from 0 to 1.

    Such values vary no more than yes or no, for which the interval is made, so it is wide enough;
    and unlike mean +- 1.96 SE it says something when all values are 1.
    """
    count, mean = len(values), math.fsum(values) / len(values)
    square = CONFIDENCE_Z**2 / count
    centre = (mean + square / 2) / (1 + square)
    half = math.sqrt(square * (mean * (1 - mean) + square / 4)) / (1 + square)
    return {"low": max(0.0, centre - half), "high": min(1.0, centre + half)}


def ask(model: Any, processor: Any, probe: Probe) -> tuple[str, list[int]]:
    """Let a model answer a probe, greedily.

    Returns:
        The answer's text, and its tokens without the end of turn.
    """
    import torch

    images = [conversation.open_image(image) for image in probe.images]
    rendered = f"{probe.text}\n"
    if images or has_template(processor):
        rendered = conversation.render(processor, probe.text, len(images))
    inputs = _on(conversation.encode(processor, rendered, images), model.device)
    with torch.inference_mode():
        output = model.generate(**inputs, do_sample=False, max_new_tokens=probe.max_new_tokens)
    tokenizer = conversation.tokenizer_of(processor)
    tokens = output[0, inputs["input_ids"].shape[1] :].tolist()
    answer = tokenizer.decode(tokens, skip_special_tokens=True)
    special = set(tokenizer.all_special_ids)
    return str(answer), [token for token in tokens if token not in special]


def _on(inputs: Mapping[str, Any], device: Any) -> dict[str, Any]:
    return {name: value.to(device) for name, value in inputs.items()}
