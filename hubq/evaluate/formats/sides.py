"""Sides: which side of a table holds tasks, and what a name is that of, by the names alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from hubq.evaluate.formats.remembering import remembered

Side = Literal["columns", "rows"]

_TASKS = re.compile(
    r"mmmu|docvqa|mmbench|mathvista|mmlu|gsm|hellaswag|\barc\b|winogrande|truthfulqa|ifeval|chartqa"
    r"|ocrbench|textvqa|scienceqa|sciqa|seed|\bmme\b|vqa|gpqa|humaneval|mbpp|\bbbh\b|musr|mgsm|eval\b"
    r"|boolq|piqa|lambada|perplexity|\bppl\b|wikitext|ai2d|\bmath\b|bench|average|\bavg\b|overall",
    re.IGNORECASE,
)
_VARIANTS = re.compile(
    r"bf16|fp16|fp32|float|fp8|nf4|int\d|w\d+a\d+|gptq|gptaq|awq|vlmq|gguf|\bq\d_|bnb|quant|base"
    r"|instruct|\bbits?\b|\d+b\b|full prec|recovery|this model|chat|ours",
    re.IGNORECASE,
)
#: What stands beside scores in tables and is none.
_NO_SCORE = re.compile(
    r"ppl|perplexity|speed|token|memory|size|time|latency|\bms\b|bits?\b|param|length|\bnum|\bgs\b"
    r"|\bratio|throughput|hours?\b|gpus?\b|\bgib?\b|group|layers?\b|flops|loss|\bkl\b|damp|\bseq|\bgbs?\b|steps?\b",
    re.IGNORECASE,
)
#: What stands beside a table's variants and is none.
_NO_VARIANT = re.compile(
    r"recover|delta|Δ|\bdiff|\bgap\b|shots?\b|relative|change|degrad|\bn\b|^#"
    r"|^(items|questions|samples|prompts)$",
    re.IGNORECASE,
)
#: A row or column of how many questions the others are over.
_COUNTS = re.compile(r"^(n|items|questions|samples|prompts|#\s?\w+)$", re.IGNORECASE)


def tasks_in(rows: Iterable[str], columns: Iterable[str]) -> Side:
    """Return whether the columns or the rows of a table are its tasks, by their names."""
    rows, columns = list(rows), list(columns)
    by_column = _share(is_task, columns) + _share(_is_variant, rows)
    by_row = _share(is_task, rows) + _share(_is_variant, columns)
    return "rows" if by_row > by_column else "columns"


def _share(named: Callable[[str], bool], labels: Sequence[str]) -> float:
    return sum(map(named, labels)) / max(1, len(labels))


@remembered
def is_task(label: str) -> bool:
    """Say whether a name is that of a benchmark, or of an average over some."""
    return bool(_TASKS.search(label))


@remembered
def _is_variant(label: str) -> bool:
    return bool(_VARIANTS.search(label))


@remembered
def names_counts(label: str) -> bool:
    """Say whether a name is that of how many questions scores are over."""
    return bool(_COUNTS.search(label))


@remembered
def names_no_variant(label: str) -> bool:
    """Say whether a name stands beside a table's variants and is none."""
    return bool(_NO_VARIANT.search(label))


@remembered
def names_no_score(label: str) -> bool:
    """Say whether a name stands beside scores and is none: speeds, sizes, settings."""
    return bool(_NO_SCORE.search(label))
