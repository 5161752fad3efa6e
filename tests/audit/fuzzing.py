"""Inputs that nobody wrote: soups of mark-up, spoiled cards, spoiled headers and configurations."""

from __future__ import annotations

import json
import random
import signal
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from hubq.audit.auditing import audit
from hubq.audit.headers import Header, parse_header
from hubq.audit.rule import all_rules
from hubq.audit.subject import Subject
from hubq.markdown import frontmatter
from hubq.markdown.lint import lint
from hubq.model.audit import Audited
from tests.audit.cases import case
from tests.audit.planting import bases

_BITS = (
    *("\n", "\n\n", " ", "  ", "    ", "\t", "\r\n", "\r", "\x00", "\ufeff", "\u2028", "\x0c"),
    *("|", "||", "| a | b |\n", "|---|---|\n", "| 1.0 | 2.0 |\n", "|:-:|", "\\|", "`|`", "---\n"),
    *("<table>", "</table>", "<tr>", "<td>", "</td>", "<th>", "th>", "<td rowspan=2>", "<thead>"),
    *("<td colspan=999999999>", "<td rowspan=-1>", "<caption>", "<a href=", "<img src='", "<p>"),
    *(
        "<!--",
        "-->",
        "<details>",
        "<summary>",
        "<script>",
        "<br>",
        "<sup>1</sup>",
        "<",
        ">",
        "&amp;",
    ),
    *(
        "&#0;",
        "&#x110000;",
        "[a](b)",
        "[](",
        "![",
        "](",
        ")",
        "[",
        "]",
        "[^1]",
        "[^1]: x\n",
        "<a><b>",
    ),
    *(
        "```",
        "```python\n",
        "~~~",
        "`",
        "``",
        "import torch\n",
        "from x import (\n",
        "f(",
        "}",
        "'''",
    ),
    *(
        "# ",
        "## A\n",
        "=====\n",
        "- ",
        "1. ",
        "> ",
        "> [!NOTE]\n",
        "**",
        "__",
        "*",
        "_",
        "~~",
        "\\",
    ),
    *("41.69", "100%", "-2.71", "98.47%", "1.75x", "1e309", "9" * 40, "0.1", "NaN", "±", "∞", "−5"),
    *("INT4", "INT8", "GPTQ", "AWQ", "W4A16", "BF16", "group size of 128", "4-bit", "Average", "Δ"),
    *(
        "MMMU_VAL",
        "MathVista",
        "DocVQA",
        "GSM8K (8-shot)",
        "Recovery",
        "Speed (tokens/s)",
        "GPU GB",
    ),
    *("Transformers 4.38.2", "CUDA 11.8", "torch==2.2.1+cu118", "vLLM 0.6.3", ">=", "pip install "),
    *("{{", "}}", "{REPO_ID}", "To be filled", "[More Information Needed]", "?x", "TBD", "wait, "),
    *(
        "acme/Model-7B-GPTQ-Int4",
        "Qwen/Qwen2-VL-2B-Instruct",
        "https://huggingface.co/a/b",
        "a/b/c",
    ),
    *(
        "lossless",
        "outperforms",
        "an average score of 75.95",
        "lengths of 1, 6144 and 30720",
        "é😀中",
    ),
    *(
        "license: mit\n",
        "base_model:\n- a/b\n",
        "tags: [a, b\n",
        "model-index:\n",
        "&a [*a]\n",
        "? :\n",
    ),
    *(
        "!!python/object:os.system x\n",
        "x: &x {y: *x}\n",
        "2024-01-01",
        "0x1F",
        "1_000",
        "~",
        "null",
    ),
)
_JSON: tuple[Any, ...] = (
    *(None, True, 0, -1, 4, 8, 128, 2**63, 2**70, 1e308, "", "gptq", "awq", "4", [], {}, [[]]),
    *({"bits": 4}, {"quant_method": "gptq"}, "../../etc/passwd", "\x00", "a" * 300, [1, [2, {}]]),
)
_KEYS = (
    *("quantization_config", "bits", "group_size", "quant_method", "desc_act", "config_groups"),
    *("model_type", "architectures", "torch_dtype", "transformers_version", "vision_config", "a"),
    *("weight_map", "metadata", "total_size", "_name_or_path", "modules_to_not_convert", "ignore"),
    *(
        "hidden_size",
        "num_hidden_layers",
        "vocab_size",
        "quant_type",
        "weights",
        "group_0",
        "format",
    ),
)
_PATHS = (
    *(
        "config.json",
        "quantize_config.json",
        "model.safetensors.index.json",
        "hf_quant_config.json",
    ),
    *("generation_config.json", "preprocessor_config.json", "tokenizer_config.json"),
)


@contextmanager
def limit(seconds: float) -> Iterator[None]:
    """Raise `TimeoutError` in a block that takes longer."""

    def ring(_number: int, _frame: object) -> None:
        raise TimeoutError(f"more than {seconds} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def soup(rng: random.Random) -> str:
    """Return pieces of mark-up in any order, some of them many times."""
    parts = [
        rng.choice(_BITS) * (rng.randrange(2, 40) if rng.random() < 0.04 else 1)
        for _ in range(rng.randrange(1, 90))
    ]
    text = rng.choice(["", "", " ", "\n"]).join(parts)
    return f"---\n{text}\n---\n{soup(rng)}" if rng.random() < 0.15 else text


def spoiled(rng: random.Random, text: str) -> str:
    """Return a piece of a text with a few places cut, doubled, exchanged or filled with pieces."""
    start = rng.randrange(max(1, len(text) - 400)) if rng.random() < 0.7 else 0
    text = text[start : start + rng.randrange(200, 3000)]
    for _ in range(rng.randrange(1, 8)):
        one, other = sorted(rng.randrange(len(text) + 1) for _ in range(2))
        other = min(other, one + 200)
        way = rng.randrange(5)
        if way == 0:
            text = text[:one] + text[other:]
        elif way == 1:
            text = text[:other] + text[one:other] * rng.randrange(1, 6) + text[other:]
        elif way == 2:
            text = text[:one] + rng.choice(_BITS) + text[one:]
        elif way == 3:
            text = text[:one] + text[one:other][::-1] + text[other:]
        else:
            text = (
                text[:one] + chr(rng.choice([0, 9, 11, 34, 39, 60, 62, 91, 124, 8232])) + text[one:]
            )
    return text


def value(rng: random.Random, depth: int = 0) -> Any:
    """Return any JSON, with keys that checks look for."""
    if depth > 3 or rng.random() < 0.4:
        return rng.choice(_JSON)
    if rng.random() < 0.2:
        return [value(rng, depth + 1) for _ in range(rng.randrange(3))]
    return {rng.choice(_KEYS): value(rng, depth + 1) for _ in range(rng.randrange(6))}


def mangled(rng: random.Random, config: Any) -> Any:
    """Return a JSON value with some of its values exchanged for others."""
    if rng.random() < 0.08:
        return value(rng, 2)
    if isinstance(config, dict):
        return {key: mangled(rng, one) for key, one in config.items() if rng.random() > 0.03}
    return [mangled(rng, one) for one in config] if isinstance(config, list) else config


def header_bytes(rng: random.Random) -> tuple[bytes, int]:
    """Return the first bytes of a file that may be a safetensors file, and its size."""
    kinds = ("F16", "I32", "BF16", "XX", "", 4, None)
    tensors = {
        f"model.layers.{number}.{rng.choice(['q_proj.qweight', 'q_proj.scales', 'w', ''])}": {
            "dtype": rng.choice(kinds),
            "shape": [
                rng.choice([0, 1, 8, 64, -1, 2**62, 2**70, "4"]) for _ in range(rng.randrange(4))
            ],
            "data_offsets": [
                rng.choice([0, 5, 2**40, -3, 2**64]) for _ in range(rng.choice([2, 2, 1]))
            ],
        }
        for number in range(rng.randrange(5))
    }
    whole: Any = tensors if rng.random() < 0.8 else value(rng)
    if isinstance(whole, dict) and rng.random() < 0.3:
        whole = {**whole, "__metadata__": rng.choice([{"format": "pt"}, {}, None, [1], {"a": 1}])}
    text = json.dumps(whole).encode()
    if rng.random() < 0.3:
        at = rng.randrange(len(text))
        text = text[:at] + rng.randbytes(rng.randrange(4)) + text[at + 1 :]
    length = rng.choice([len(text), len(text), len(text) - 1, 0, 2**63, 500_000_000, 99_999_999])
    raw = struct.pack("<Q", max(0, length)) + text
    return raw[: rng.choice([len(raw), len(raw), 7, 20])], rng.choice([len(raw), 10, 0, 2**40])


def _card(rng: random.Random) -> str:
    if rng.random() < 0.5:
        return soup(rng)
    return spoiled(rng, bases.base(rng.choice(list(bases.BASES))).card)


def _headers(rng: random.Random) -> dict[str, Header]:
    paths = ("model.safetensors", "model-00001-of-00002.safetensors")
    return {path: parse_header(*header_bytes(rng)) for path in paths if rng.random() < 0.6}


def _small(rng: random.Random) -> dict[str, Any]:
    if rng.random() < 0.5:
        return {path: value(rng) for path in _PATHS if rng.random() < 0.5}
    texts = bases.base("w4a16").texts
    return {
        path: mangled(rng, one)
        for path, one in texts.items()
        if path != "model.safetensors.index.json"
    }


def subject(rng: random.Random, *, kin: bool = True) -> Subject:
    """Return a repo of which anything may be spoiled."""
    whole = rng.random() < 0.6
    names = ("acme/Model-7B-GPTQ-Int4", "acme/Qwen2-VL-2B-Instruct-AWQ", "a/b", "", "acme/x-w4a16")
    sizes = (0, 1, 10**12, f"400 {'a' * 64}")
    files = ("README.md", "LICENSE", "pytorch_model.bin", "model.safetensors", "a/b.gguf")
    return case(
        _card(rng) if rng.random() < 0.95 else None,
        repo=rng.choice(names),
        texts=_small(rng) if whole else None,
        headers=_headers(rng) if whole else None,
        files={path: rng.choice(sizes) for path in files if rng.random() < 0.5} if whole else None,
        base=subject(rng, kin=False) if kin and rng.random() < 0.3 else None,
        siblings=(subject(rng, kin=False),) if kin and rng.random() < 0.3 else (),
    )


def read_all(one: Subject) -> Audited:
    """Read everything of a repo that rules may read, and apply every rule."""
    document = one.document
    for part in (
        "front",
        "root",
        "grids",
        "tables",
        "sheets",
        "passages",
        "links",
        "codes",
        "title",
    ):
        getattr(document, part)
    for path in ("license", "tags", "base_model", "model-index"):
        document.key_spot(path, 0)
    return audit(one, all_rules())


def _markdown(rng: random.Random) -> object:
    return read_all(case(_card(rng), repo="acme/Model-7B-GPTQ-Int4"))


def _yaml(rng: random.Random) -> object:
    text = "".join(rng.choice(_BITS) for _ in range(rng.randrange(30)))
    card = f"---\n{text}\n---\n# A\n"
    return frontmatter.parse(card), lint(card), read_all(case(card, repo="a/b"))


def _header(rng: random.Random) -> object:
    return parse_header(*header_bytes(rng))


def _repo(rng: random.Random) -> object:
    return read_all(subject(rng))


KINDS: dict[str, Callable[[random.Random], object]] = {
    "markdown": _markdown,
    "yaml": _yaml,
    "header": _header,
    "repo": _repo,
}
"""What is read of one made-up input."""


def run(kind: str, seed: int, seconds: float = 10) -> None:
    """Read one input; anything raised is a bug, and so is taking long."""
    rng = random.Random(f"{kind} {seed}")  # noqa: S311
    with limit(seconds):
        KINDS[kind](rng)
