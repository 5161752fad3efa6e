"""Requests to a server that is timed: what vLLM's own client is asked, and what it found.

The client is that of `vllm bench serve`. All times are its own, in seconds: `ttft` and `e2e` count
from when a request was sent (a request that waits for its turn under a limit of concurrency is not
sent yet), `itl` is the time between two pieces of a streamed answer. A piece is one token; a server
that is asked for more than it can send at once may put several into one. `tpot` is not among them:
it is (e2e - ttft) / (output_tokens - 1). Counts of tokens are what the server says in `usage`.

A chat's stream opens with a piece that has no token, sent when the first token is there; vLLM's
client takes it for the first one. Here the interval after it, some microseconds, belongs to `ttft`.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import snippet_words
from bench_sitting import Lost

HOST = "127.0.0.1"
#: The name under which a server has its model.
MODEL = "model"
CHAT, TEXT = "/v1/chat/completions", "/v1/completions"
#: Rounds have the seeds from 0, warm-ups from here: no warm-up sees a round's requests.
WARM_SEED = 1 << 20
NO_PROMPT = "a request without text and pictures asks nothing"


def step_name(load: Mapping[str, Any]) -> str:
    """Return a load's name in measures: `c4` (concurrency), `r2.5` (requests/s) or `max`."""
    if load.get("rate") is not None:
        return f"r{load['rate']:g}"
    return "max" if load.get("concurrency") is None else f"c{load['concurrency']}"


def arguments(
    workload: Mapping[str, Any],
    load: Mapping[str, Any],
    *,
    port: int,
    tokenizer: Path,
    seed: int,
    result: Path,
) -> list[str]:
    """Return the arguments of `vllm bench serve` for one run.

    Every request is another one, of exactly as many text tokens and generated tokens as asked; the
    seed alone decides what they are, and when they are sent at a rate.

    Args:
        workload: a `ServingWorkload`.
        load: one of its loads.
        port: of the server on the loopback.
        tokenizer: a model folder; the baseline's for all subjects.
        seed: of the requests.
        result: the file that the client writes.

    Raises:
        Lost: such a request is none.
    """
    if not workload["images"] and not workload["input_tokens"]:
        raise Lost("infeasible", NO_PROMPT)
    found = ["--host", HOST, "--port", str(port), "--model", MODEL, "--tokenizer", str(tokenizer)]
    found += _requests(workload)
    found += ["--num-prompts", str(load["requests"]), "--seed", str(seed)]
    if load.get("concurrency") is not None:
        found += ["--max-concurrency", str(load["concurrency"])]
    if load.get("rate") is not None:
        found += ["--request-rate", f"{load['rate']:g}"]
    found += ["--ignore-eos", "--temperature", "0", "--disable-tqdm"]
    found += ["--save-result", "--save-detailed"]
    return [*found, "--result-dir", str(result.parent), "--result-filename", result.name]


def _requests(workload: Mapping[str, Any]) -> list[str]:
    found = ["--random-input-len", str(workload["input_tokens"])]
    found += ["--random-output-len", str(workload["output_tokens"])]
    if not workload["images"]:
        return ["--backend", "openai", "--endpoint", TEXT, "--dataset-name", "random", *found]
    width, height = workload["image_size"]
    count = workload["images"]
    return [
        *("--backend", "openai-chat", "--endpoint", CHAT, "--dataset-name", "random-mm", *found),
        *("--random-mm-base-items-per-request", str(count)),
        *("--random-mm-limit-mm-per-prompt", f'{{"image": {count}, "video": 0}}'),
        *("--random-mm-bucket-config", f"{{({height}, {width}, 1): 1.0}}"),
    ]


def requests(found: Mapping[str, Any]) -> list[list[Any]]:
    """Return what the client found as the `Request`s of a sample, in the order of their sending.

    Args:
        found: the content of its file.
    """
    chat = found["backend"] == "openai-chat"
    columns = ("start_times", "ttfts", "latencies", "itls", "input_lens", "output_lens", "errors")
    rows = sorted(zip(*(found[name] for name in columns), strict=True))
    first = rows[0][0] if rows else 0.0
    made: list[list[Any]] = []
    for start, ttft, latency, pieces, inputs, outputs, error in rows:
        if error or not outputs:
            said = snippet_words.last_line(snippet_words.Words({}).of_error(error))
            made.append([start - first, 0.0, 0.0, [], inputs, 0, said or "no answer came"])
            continue
        opening = pieces[:1] if chat else []
        between = pieces[len(opening) :]
        made.append([start - first, ttft + sum(opening), latency, between, inputs, outputs, ""])
    return made


def answered(made: Sequence[Sequence[Any]]) -> list[Sequence[Any]]:
    """Return the requests that were answered.

    Raises:
        Lost: none was.
    """
    good = [one for one in made if not one[6]]
    if not good:
        raise Lost("failed", made[0][6] if made else "no request was sent")
    return good


def seconds(made: Sequence[Sequence[Any]]) -> float:
    """Return the seconds from the first request to the end of the last answer."""
    return float(max(one[0] + one[2] for one in answered(made)))


def speed(step: str, sample: Mapping[str, Any]) -> float:
    """Return the primary speed of a run.

    Under a rate it is the reverse of the median latency, since all subjects answer as many requests
    a second as they get; else it is the answers a second.
    """
    good = answered(sample["requests"])
    if step.startswith("r"):
        return 1 / statistics.median(one[2] for one in good)
    return len(good) / float(sample["seconds"])
