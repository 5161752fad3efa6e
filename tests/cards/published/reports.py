"""Reports on the published tables that tests keep, and what stands in them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from hubq.cards.published.facts import PublishedFacts
from hubq.cards.published.gathering import published_facts
from hubq.cards.published.rendering import marked_published, render_published
from hubq.cards.published.sheets import Block, Sheet, Source, sheets_of
from hubq.evaluate.published import tables_of
from hubq.model.codec import pretty

DATA = Path(__file__).parents[2] / "published_data"
TEMPLATES = (Path(__file__).parents[3] / "card_templates",)
VERSION = "0.0"
KEY = "0123456789abcdef"
ADDRESSES = {
    "qwen2-vl.md": "https://github.com/QwenLM/Qwen2-VL",
    "red-hat.html": "https://huggingface.co/neuralmagic/Qwen2.5-VL-7B-Instruct-quantized.w4a16",
    "vlmq.md": "https://arxiv.org/abs/2508.03351",
}
QWEN3_SIZES = {
    "GSM8K (strict)": 200,
    "HellaSwag (acc)": 200,
    "HellaSwag (acc_norm)": 200,
    "IFEval (prompt-strict)": 200,
    "MMLU (acc)": 200,
}


def source_of(page: str, name: str = "page.md", sizes: Mapping[str, int] | None = None) -> Source:
    """Return the tables of a page as an import keeps them."""
    tables = tables_of(page, name, sizes=sizes, baseline="BF16")
    return Source(
        given=ADDRESSES.get(name, "https://example.org/page"),
        key=KEY,
        file="table.json",
        sha256=hashlib.sha256(table_bytes(page, name, sizes)).hexdigest(),
        page=hashlib.sha256(page.encode()).hexdigest(),
        imported="2026-11-21T00:00:00+00:00",
        tables=tables,
        shown=tuple(range(len(tables))),
    )


def table_bytes(page: str, name: str = "page.md", sizes: Mapping[str, int] | None = None) -> bytes:
    """Return `table.json` of an import of a page."""
    tables = tables_of(page, name, sizes=sizes, baseline="BF16")
    return pretty({"schema": 1, "tables": tables}).encode()


def kept(name: str, sizes: Mapping[str, int] | None = None) -> Source:
    """Return the tables of one of the pages that tests keep."""
    return _kept(name, tuple((sizes or {}).items()))


@cache
def _kept(name: str, sizes: tuple[tuple[str, int], ...]) -> Source:
    return source_of((DATA / name).read_text(encoding="utf-8"), name, dict(sizes))


def known(name: str, sizes: Mapping[str, int] | None = None) -> PublishedFacts:
    """Return the facts of one of the pages that tests keep; worked out once."""
    return _known(name, tuple((sizes or {}).items()))


@cache
def _known(name: str, sizes: tuple[tuple[str, int], ...]) -> PublishedFacts:
    return facts_of(kept(name, dict(sizes)))


def facts_of(*sources: Source) -> PublishedFacts:
    return published_facts("page", sources, VERSION)


def files_of(*sources: Source, charts: bool = False) -> dict[str, bytes]:
    return render_published("page", sources, TEMPLATES, VERSION, charts=charts)


def text_of(*sources: Source) -> str:
    return files_of(*sources)["report.md"].decode()


def marked_of(*sources: Source) -> str:
    return marked_published("page", sources, TEMPLATES, VERSION)


def sheet_of(page: str, **how: int) -> Sheet:
    (sheet,) = sheets_of((source_of(page, sizes=how),))
    return sheet


def block_of(page: str) -> Block:
    (block,) = sheet_of(page).blocks
    return block
