"""True repos: in the styles of well-known publishers, with numbers that hold; and our own cards."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tests.audit.planting import models
from tests.audit.planting.layers import Scheme, one_header, shards, tensors
from tests.audit.planting.models import Config
from tests.audit.planting.repos import Repo, unmarked

HERE = Path(__file__).parent
GOLDENS = HERE.parents[1] / "goldens" / "cards"
_TOKENIZER = ("tokenizer.json", "vocab.json", "merges.txt")
_QWEN = {"chat_template": "{% for message in messages %}{{ message['content'] }}{% endfor %}"}
_PIXELS = {"image_processor_type": "Qwen2VLImageProcessor", "patch_size": 14}


def digest(text: str) -> str:
    """Return what stands in for a file's SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()


def card(name: str, **words: str) -> Any:
    """Return a card of this folder with its words put in, and its marked places."""
    text = (HERE / "cards" / f"{name}.md").read_text(encoding="utf-8")
    for word, value in words.items():
        text = text.replace(f"@{word}@", value)
    return unmarked(text)


def small(config: Config, *, pictures: bool = False) -> dict[str, Any]:
    """Return the small files of a model."""
    found: dict[str, Any] = {
        "config.json": config,
        "generation_config.json": {"do_sample": True, "temperature": 0.7},
        "tokenizer_config.json": {"model_max_length": 32768, **_QWEN},
    }
    return {**found, "preprocessor_config.json": _PIXELS} if pictures else found


def original(repo: str, config: Config, license_: str, *, pictures: bool = False) -> Repo:
    """Return the model that a repo was quantized from."""
    text = f"---\nlicense: {license_}\n---\n\n# {repo.partition('/')[2]}\n\nA language model.\n"
    headers, index = shards(tensors(config, "plain", 16, 0), 2)
    files: dict[str, int | str] = dict.fromkeys(_TOKENIZER, 7000000)
    files |= {"LICENSE": 11_343}
    if license_.startswith("llama"):
        files |= {"USE_POLICY.md": 4_712}
    return Repo(
        id=repo,
        card=text,
        texts={**small(config, pictures=pictures), "model.safetensors.index.json": index},
        headers=headers,
        files=files,
    )


def quantized(
    repo: str,
    marked: Any,
    base: Repo,
    quantization: Config,
    scheme: Scheme,
    **changes: Any,
) -> Repo:
    """Return a quantized repo, its files and shapes worked out from its configuration.

    Args:
        repo: its id.
        marked: its card and marked places.
        base: what it was made from.
        quantization: what its configuration says of that.
        scheme: how its layers are packed.
        changes: of the configuration; `bits`, `group`, `count` of files.
    """
    bits, group = changes.pop("bits", 4), changes.pop("group", 128)
    count = changes.pop("count", 1)
    config = {**base.texts["config.json"], **changes, "quantization_config": quantization}
    found = tensors(config, scheme, bits, group)
    texts = small(config, pictures="vision_config" in config)
    if count > 1:
        headers, texts["model.safetensors.index.json"] = shards(found, count)
    else:
        headers = {"model.safetensors": one_header(found)}
    files: dict[str, int | str] = {**base.files}
    for path, one in headers.items():
        files[path] = f"{one.size} {digest(repo + path)}"
    text, spots = marked
    dates = {"README.md": "2025-06-02T10:00:00Z"}
    dates |= dict.fromkeys(headers, "2025-06-01T09:00:00Z")
    return Repo(
        id=repo,
        card=text,
        spots=spots,
        texts=texts,
        headers=headers,
        files=files,
        base=base,
        changed=dates,
    )


@cache
def vision_family() -> tuple[Repo, ...]:
    """Return three precisions of Qwen2-VL-2B, in the style of their makers."""
    base = original("Qwen/Qwen2-VL-2B-Instruct", models.QWEN2_VL_2B, "apache-2.0", pictures=True)
    ways: tuple[tuple[str, str, str, str, Scheme, int, Config], ...] = (
        ("GPTQ-Int4", "INT4", "GPTQ", "optimum auto-gptq", "gptq", 4, models.gptq(4)),
        ("GPTQ-Int8", "INT8", "GPTQ", "optimum auto-gptq", "gptq", 8, models.gptq(8)),
        ("AWQ", "INT4", "AWQ", "autoawq", "awq", 4, models.awq("visual")),
    )
    names = [way[0] for way in ways]
    found = []
    for name, bits, method, packages, scheme, width, quantization in ways:
        others = [one for one in names if one != name]
        words = {"VARIANT": name, "INT": bits, "METHOD": method, "PACKAGES": packages}
        marked = card("qwen2-vl", **words, OTHER1=others[0], OTHER2=others[1])
        made = quantized(
            f"acme-vl/Qwen2-VL-2B-Instruct-{name}",
            marked,
            base,
            quantization,
            scheme,
            bits=width,
            torch_dtype="float16",
            transformers_version="4.46.3",
        )
        found.append(made)
    for one in found:
        one.siblings = [other for other in found if other is not one]
    return tuple(found)


def _gptq_vision() -> Repo:
    repo = vision_family()[0]
    said = dict(repo.texts["config.json"]["quantization_config"])
    kept = {key: said[key] for key in ("bits", "group_size", "damp_percent", "desc_act", "sym")}
    found = repo.copy()
    found.texts["quantize_config.json"] = kept
    return found


def _awq_vision() -> Repo:
    return vision_family()[2]


def _w4a16() -> Repo:
    base = original("Qwen/Qwen2.5-VL-7B-Instruct", models.QWEN25_VL_7B, "apache-2.0", pictures=True)
    said = models.compressed(4, "int", group_size=128, strategy="group")
    name = "redquant/Qwen2.5-VL-7B-Instruct-quantized.w4a16"
    return quantized(name, card("w4a16"), base, said, "packed", count=2)


def _vlmq() -> Repo:
    base = original("Qwen/Qwen2-VL-7B-Instruct", models.QWEN2_VL_7B, "apache-2.0", pictures=True)
    text, spots = card("vlmq")
    return Repo(id="acme-vl/Qwen2-VL-7B-Instruct-VLMQ-Int3", card=text, spots=spots, base=base)


def _smooth() -> Repo:
    text, spots = card("smooth")
    return Repo(id="smoothers/Qwen3-VL-2B-Instruct-W8A8-sq-ph", card=text, spots=spots)


def _branches() -> Repo:
    base = original("mistralai/Mistral-7B-Instruct-v0.2", models.MISTRAL_7B, "apache-2.0")
    said = models.gptq(4, order=True)
    changes: Mapping[str, Any] = {"torch_dtype": "float16", "transformers_version": "4.37.2"}
    name = "thequant/Mistral-7B-Instruct-v0.2-GPTQ"
    size = quantized(name, ("", ()), base, said, "gptq", **changes).headers["model.safetensors"]
    marked = card("branches", SIZE=f"{size.size / 1e9:.2f}")
    found = quantized(name, marked, base, said, "gptq", **changes)
    keys = ("bits", "group_size", "damp_percent", "desc_act", "sym", "true_sequential")
    found.texts["quantize_config.json"] = {key: said[key] for key in keys}
    return found


def _community() -> Repo:
    base = original("meta-llama/Llama-3.1-8B-Instruct", models.LLAMA_31_8B, "llama3.1")
    name = "hubquants/Llama-3.1-8B-Instruct-AWQ-INT4"
    changes: Mapping[str, Any] = {
        "torch_dtype": "float16",
        "transformers_version": "4.43.3",
        "count": 2,
    }
    sizes = quantized(name, ("", ()), base, models.awq(), "awq", **changes).headers.values()
    marked = card("community", SIZE=f"{sum(one.size for one in sizes) / 1e9:.1f}")
    found = quantized(name, marked, base, models.awq(), "awq", **changes)
    found.files |= {"NOTICE": 122}
    return found


def _fp8() -> Repo:
    base = original("meta-llama/Llama-3.1-8B-Instruct", models.LLAMA_31_8B, "llama3.1")
    said = models.compressed(8, "float", group_size=None, strategy="channel")
    name = "redquant/Llama-3.1-8B-Instruct-FP8-dynamic"
    found = quantized(name, card("fp8"), base, said, "fp8", count=2, transformers_version="4.45.2")
    found.files |= {"NOTICE": 122}
    return found


def _torchao() -> Repo:
    base = original("microsoft/Phi-4-mini-instruct", models.PHI_4_MINI, "mit")
    text, spots = card("torchao")
    config = {**models.PHI_4_MINI, "quantization_config": models.torchao()}
    return Repo(
        id="torchquant/Phi-4-mini-instruct-INT4",
        card=text,
        spots=spots,
        texts={**small(config)},
        files={**base.files, "model.safetensors": f"2980000000 {digest('torchao')}"},
        base=base,
    )


def _gguf() -> Repo:
    base = original("Qwen/Qwen2.5-7B-Instruct", models.QWEN25_7B, "apache-2.0")
    text, spots = card("gguf")
    sizes = {"Q8_0": 8_098_525_056, "Q6_K": 6_254_199_168, "Q4_K_M": 4_683_073_984}
    files: dict[str, int | str] = {
        f"Qwen2.5-7B-Instruct-{kind}.gguf": f"{size} {digest(kind)}" for kind, size in sizes.items()
    }
    name = "ggufquant/Qwen2.5-7B-Instruct-GGUF"
    return Repo(id=name, card=text, spots=spots, files=files, base=base)


@cache
def own_family() -> tuple[Repo, ...]:
    """Return the cards that the tests of `hubq card` hold fast, each with its siblings."""
    found = [
        Repo(
            id=f"hubq/nano-qwen2-vl-{name}",
            card=(GOLDENS / f"{name}.md").read_text(encoding="utf-8"),
        )
        for name in ("GPTQ-Int4", "GPTQ-Int8", "AWQ")
    ]
    for one in found:
        one.siblings = [other for other in found if other is not one]
    return tuple(found)


BASES: dict[str, Callable[[], Repo]] = {
    "gptq-vision": _gptq_vision,
    "awq-vision": _awq_vision,
    "w4a16": _w4a16,
    "vlmq": _vlmq,
    "smooth": _smooth,
    "branches": _branches,
    "community": _community,
    "fp8": _fp8,
    "torchao": _torchao,
    "gguf": _gguf,
    "own-gptq": lambda: own_family()[0],
    "own-awq": lambda: own_family()[2],
}
"""Name -> what makes a true repo."""


@cache
def base(name: str) -> Repo:
    """Return a true repo; what changes it must copy it."""
    return BASES[name]()
