"""Markdown becomes the same HTML as cmarkgfm makes, and nothing of it stays in memory."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options

from hubq.markdown.cmark import github_html, to_html
from tests.rows import each_row

CARDS = Path(__file__).parents[1] / "goldens" / "cards"
TEXT = (CARDS / "AWQ.md").read_text(encoding="utf-8")
EXTENSIONS = ("table", "autolink", "strikethrough", "tasklist")
OPTIONS = Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_FOOTNOTES | Options.CMARK_OPT_SOURCEPOS


@each_row("text", ["", "a", "# A\n\n[^1]\n\n[^1]: x\n", "|a|\n|-|\n|é|\n", TEXT])
def test_it_makes_what_cmarkgfm_makes(text: str) -> None:
    told = cmarkgfm.markdown_to_html_with_extensions(text, OPTIONS, list(EXTENSIONS))
    assert to_html(text, OPTIONS, EXTENSIONS) == told
    assert github_html(text) == cmarkgfm.github_flavored_markdown_to_html(text)


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_it_leaves_nothing_in_memory() -> None:
    def taken() -> int:
        gc.collect()
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096

    for _ in range(10):
        to_html(TEXT, OPTIONS, EXTENSIONS)
    before = taken()
    for _ in range(40):
        to_html(TEXT, OPTIONS, EXTENSIONS)
    assert taken() - before < 3 << 20
