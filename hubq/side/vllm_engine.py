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
import re
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.append(str(Path(__file__).resolve().parent))

import certify_probes
import checkpoint_files
import conversation
import events
import loading
import vllm_launch
import vllm_refusals

#: In tokens. A picture of `LONGEST_SIDE` takes up to 3,700 of them in the families that hubq knows.
LONGEST_PROMPT = 8192
#: The cache of keys and values where the configuration does not tell how much is needed, in bytes.
CACHE_BYTES = 1 << 30
LEAST_CACHE_BYTES = 1 << 27
#: Pictures are shrunk to this many pixels a side: a question is asked, no score is taken.
LONGEST_SIDE = 448
PLAIN = "UnquantizedLinearMethod"

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
    engine = load(LLM, arguments(checkpoint, request["device"]), request["dtypes"])
    reply["dtype"] = str(engine.model_config.dtype).removeprefix("torch.")
    reply["seconds"] = {
        "import": round(imported - started, 3),
        "load": round(time.monotonic() - imported, 3),
    }
    events.memory(*loading.device_bytes())
    reply |= engine.apply_model(describe)[0]
    names = checkpoint_files.tensors(checkpoint)
    reply["unfilled"] = unfilled(names, reply.pop("fused"))
    _keep(reply, place)
    return engine, lambda most: SamplingParams(temperature=0, max_tokens=most, logprobs=1)


def arguments(checkpoint: Path, device: str) -> dict[str, Any]:
    """Return the engine's arguments for a few short prompts and as little memory as can be."""
    from transformers import AutoConfig

    text = AutoConfig.from_pretrained(checkpoint).get_text_config()
    fixed: dict[str, Any] = {
        "model": str(checkpoint),
        "load_format": "safetensors",
        # Else a quantized checkpoint may lack any tensor, and what stands for it is at random.
        "model_loader_extra_config": {"enable_weights_track": True},
        "enforce_eager": True,
        # As long as the model goes and the cache lets it.
        "max_model_len": -1,
        "max_num_seqs": 2,
        "kv_cache_memory_bytes": cache_bytes(text, LONGEST_PROMPT),
        "seed": 0,
    }
    if loading.is_vision_language(checkpoint):
        fixed |= {"limit_mm_per_prompt": {"image": 1, "video": 0}, "skip_mm_profiling": True}
    if device != "cpu":
        import torch

        free, total = torch.cuda.mem_get_info()
        # More than is free would be refused, whatever the cache is given.
        fixed["gpu_memory_utilization"] = math.floor(95 * free / total) / 100
    return fixed


def cache_bytes(text: Any, tokens: int) -> int:
    """Return room for the keys and values of two prompts, in bytes.

    Two values a token, layer, key-value head and channel, of two bytes each.

    Args:
        text: the language model's configuration.
        tokens: of the longest prompt with its answer.
    """
    layers = getattr(text, "num_hidden_layers", None)
    heads = getattr(text, "num_key_value_heads", None)
    if not (layers and heads):
        return CACHE_BYTES
    width: int = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    return max(LEAST_CACHE_BYTES, 2 * tokens * int(layers) * int(heads) * width * 4)


def load(make: Callable[..., Any], fixed: Mapping[str, Any], dtypes: Sequence[str]) -> Any:
    """Make an engine with the first dtype that the kind of quantization takes.

    Args:
        make: vLLM's `LLM`.
        fixed: its arguments but for `dtype`.
        dtypes: in the order in which they are tried.
    """
    for dtype in dtypes[:-1]:
        try:
            return make(**fixed, dtype=dtype)
        except Exception as error:
            if not vllm_refusals.is_about_dtype(vllm_refusals.causes(error)):
                raise
            print(f"{dtype} is refused, trying the next: {error}")
    return make(**fixed, dtype=dtypes[-1])


def describe(model: Any) -> dict[str, Any]:
    """Return what runs each linear module of a loaded model, and what vLLM has fused in it.

    Returns:
        `kernels`: name -> how many modules; `quantized`: how many are not plain; `fused`: the
        lists of modules whose tensors fill one parameter.
    """
    counts: Counter[str] = Counter()
    fused: dict[str, list[str]] = {}
    for module in model.modules():
        method = getattr(module, "quant_method", None)
        is_linear = hasattr(module, "input_size") and not hasattr(module, "num_embeddings")
        if method is not None and is_linear:
            counts[kernel_name(module)] += 1
        fused |= getattr(module, "packed_modules_mapping", {})
    parts = [list(names) for names in fused.values() if len(names) > 1]
    quantized = counts.total() - counts[PLAIN]
    return {"kernels": dict(counts), "quantized": quantized, "fused": parts}


def kernel_name(module: Any) -> str:
    """Return the kernel that runs a linear module, and how vLLM came to it."""
    method, scheme = module.quant_method, getattr(module, "scheme", None)
    holders = [vars(holder) for holder in (method, scheme) if holder is not None]
    found = [type(value).__name__ for holder in holders for value in holder.values()]
    kernel = next((name for name in found if name.endswith("Kernel")), "")
    way = type(method if scheme is None else scheme).__name__
    if getattr(module, "use_w4a8", False):
        way += ", 8-bit activations"
    return f"{kernel} ({way})" if kernel else way


def unfilled(names: Iterable[str], fused: Iterable[Sequence[str]]) -> list[str]:
    """Return the tensors that a checkpoint lacks where vLLM fills one parameter from several.

    vLLM counts such a parameter as loaded when any of its tensors was there; the rest of it is
    what happened to lie in memory.

    Args:
        names: of the checkpoint's tensors.
        fused: lists of modules that vLLM makes one, such as q_proj, k_proj and v_proj.
    """
    there = set(names)
    lacking = set()
    for parts in fused:
        of_a_part = re.compile(rf"^(.*\.)(?:{'|'.join(map(re.escape, parts))})(\.(?!bias$).+)$")
        for found in filter(None, map(of_a_part.match, there)):
            lacking |= {f"{found[1]}{part}{found[2]}" for part in parts}
    return sorted(lacking - there)


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
                "question": prompt["text"],
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
