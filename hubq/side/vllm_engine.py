"""Load a checkpoint in vLLM, ask it questions, look at what runs it: a program of its own.

    python -I side/vllm_engine.py REQUEST.json REPLY.json

The request: `checkpoint` (a folder), `dtypes` (tried in turn while vLLM refuses one), `device`,
`prompts` (`text`, `images`: files, `max_new_tokens`). The reply is written as far as it goes:
`engine` (`name`, `version`) once vLLM is imported, `dtype`, `kernels`, `quantized` and `unfilled`
once the checkpoint is loaded, `answers` at last; or `causes`, the chain of exceptions that ended
it. `peak_resident_bytes` and `peak_device_bytes` come with either.
"""

from __future__ import annotations

import json
import math
import os
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.append(str(Path(__file__).resolve().parent))

import certify_probes
import conversation
import events
import loading
import vllm_launch
import vllm_loading
import vllm_refusals

#: How many prompts there is room for, and the tokens of each. A picture of `LONGEST_SIDE` takes up
#: to 3,700 of them in the families that hubq knows.
PROMPTS, LONGEST_PROMPT = 2, 8192
#: Pictures are shrunk to this many pixels a side: a question is asked, no score is taken.
LONGEST_SIDE = 448

Reply = dict[str, Any]


def main(arguments: Sequence[str]) -> int:
    """Answer one request; return the exit status."""
    request, place = json.loads(Path(arguments[0]).read_bytes()), Path(arguments[1])
    vllm_launch.connect()
    # It would stand over the engine's argument, which is made to measure.
    os.environ.pop("VLLM_CPU_KVCACHE_SPACE", None)
    reply: Reply = {}
    try:
        engine, sampling = _load(request, reply, place)
        events.phase("ask the checkpoint")
        reply["answers"] = ask(engine, _prompts(request), sampling)
    except Exception as error:
        traceback.print_exc()
        reply["causes"] = [asdict(cause) for cause in vllm_refusals.causes(error)]
    reply |= _memory()
    _keep(reply, place)
    return 0


def _load(
    request: Mapping[str, Any], reply: Reply, place: Path
) -> tuple[Any, Callable[[int], Any]]:
    """Import vLLM and load the checkpoint; keep in the reply what it has become."""
    started = time.monotonic()
    events.phase("import vLLM")
    from vllm import LLM, SamplingParams

    imported = time.monotonic()
    name, version = vllm_launch.distribution()
    reply["engine"] = {"name": name, "version": version}
    _keep(reply, place)
    events.phase("load the checkpoint")
    checkpoint = Path(request["checkpoint"])
    fixed = vllm_loading.arguments(checkpoint, request["device"], PROMPTS, PROMPTS * LONGEST_PROMPT)
    engine = vllm_loading.load(LLM, fixed, request["dtypes"])
    reply["dtype"] = str(engine.model_config.dtype).removeprefix("torch.")
    reply["seconds"] = {
        "import": round(imported - started, 3),
        "load": round(time.monotonic() - imported, 3),
    }
    events.memory(*loading.device_bytes())
    reply |= engine.apply_model(vllm_loading.describe)[0]
    reply["unfilled"] = vllm_loading.unfilled(checkpoint, reply.pop("fused"))
    _keep(reply, place)
    return engine, lambda most: SamplingParams(temperature=0, max_tokens=most, logprobs=1)


def ask(
    engine: Any, prompts: Sequence[Mapping[str, Any]], sampling: Callable[[int], Any]
) -> list[dict[str, Any]]:
    """Return the greedy answer to each prompt.

    Returns:
        For each: `question`, `pictures`, `answer`, `tokens` (without the end of turn), and
        `finite`, whether every token's log-probability is a number: a single logit that is not
        makes all of them NaN.
    """
    special = set(engine.get_tokenizer().all_special_ids)
    answers = []
    for done, prompt in enumerate(prompts):
        events.progress(done, len(prompts), "prompts")
        content = [{"type": "image_pil", "image_pil": picture} for picture in prompt["images"]]
        turn = [*content, {"type": "text", "text": prompt["text"]}] if content else prompt["text"]
        messages = [{"role": "user", "content": turn}]
        said = engine.chat(messages, sampling(prompt["max_new_tokens"]), use_tqdm=False)
        output = said[0].outputs[0]
        tokens = list(output.token_ids)
        known = [step[token].logprob for step, token in zip(output.logprobs, tokens, strict=True)]
        answers.append(
            {
                "question": prompt.get("name", prompt["text"]),
                "pictures": len(content),
                "answer": output.text,
                "tokens": [token for token in tokens if token not in special],
                "finite": all(map(math.isfinite, known)),
            }
        )
    return answers


def _prompts(request: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what the model is asked, a question about a picture first if it takes pictures.

    Where the request has no such question, or none without a picture, a fixed one is asked.
    """
    takes_pictures = loading.is_vision_language(request["checkpoint"])
    canaries = [
        {"text": probe.text, "images": probe.images, "max_new_tokens": probe.max_new_tokens}
        for probe in certify_probes.canaries(pictures=takes_pictures)
    ]
    prompts = []
    for pictured in (True, False) if takes_pictures else (False,):
        fitting = (p for p in (*request["prompts"], *canaries) if bool(p["images"]) == pictured)
        prompt = next(fitting)
        prompts.append({**prompt, "images": [_open(data) for data in prompt["images"]]})
    return prompts


def _open(data: str | bytes) -> Any:
    """Return a picture from a file's path or from its content, not too large."""
    picture = conversation.open_image(Path(data) if isinstance(data, str) else data)
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    return picture


def _memory() -> Reply:
    return {
        "peak_resident_bytes": events.resident_bytes()[1],
        "peak_device_bytes": loading.device_bytes()[1] if "torch" in sys.modules else 0,
    }


def _keep(reply: Reply, place: Path) -> None:
    temporary = place.with_name(f"{place.name}.part")
    temporary.write_text(json.dumps(reply), encoding="utf-8")
    temporary.replace(place)


if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    # An engine's threads and exit handlers can hang; the reply is on the disk.
    os._exit(status)
