"""Real model cards are edited exactly, each of them. They lie outside of this repo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hubq.markdown import frontmatter
from hubq.markdown.blocks import find_blocks
from hubq.markdown.header import written
from hubq.markdown.lint import lint
from hubq.markdown.merging import merge
from hubq.release.readmes import merge_readme
from tests.markdown.test_merging import card, outside
from tests.markdown.test_ownership import OURS
from tests.rows import some

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "cards" / "readme"
CARDS = sorted(FOLDER.glob("*.md"))

pytestmark = pytest.mark.skipif(not CARDS, reason="the real cards are not on this machine")


def rendered(ours: dict[str, Any] = OURS, **texts: str) -> bytes:
    return (written(ours) + card(**texts)).encode()


def without_our_lines(text: str) -> list[str]:
    """Return the lines of a front matter that are not of our keys, nor new."""
    yaml = frontmatter.BLOCK.match(text)
    kept, ours = [], False
    for line in (yaml["yaml"] if yaml else "").splitlines(keepends=True):
        if line[:1] not in (" ", "-", "#", "\n", "\r"):
            ours = line.partition(":")[0] in OURS
        if not ours:
            kept.append(line)
    return kept


def test_they_are_all_there() -> None:
    assert len(CARDS) == 83


@pytest.mark.parametrize("path", some(CARDS, 6), ids=lambda path: path.stem)
def test_a_real_card_keeps_every_byte_that_is_not_ours(path: Path) -> None:
    raw = path.read_bytes()
    first = merge_readme(raw, rendered(a="1", b="2"))
    old, new = (one.decode("utf-8", "surrogateescape") for one in (raw, first.content))
    before, after = frontmatter.parse(old), frontmatter.parse(new)
    assert without_our_lines(new) == without_our_lines(old)
    assert after.body.startswith(before.body)
    for key, value in before.data.items():
        if key not in OURS or key in {one.key for one in first.kept}:
            assert after.data[key] == value
    assert after.data.keys() - before.data.keys() <= OURS.keys()
    assert set(before.items("tags")) <= set(after.items("tags"))
    assert after.data["base_model"] == OURS["base_model"]
    assert [block.name for block in find_blocks(after.body)] == ["a", "b"]
    second = merge_readme(first.content, rendered(a="1", b="3"))
    assert second.keys == ()
    new_body = frontmatter.parse(second.content.decode("utf-8", "surrogateescape")).body
    assert outside(new_body) == outside(after.body)
    assert merge_readme(second.content, rendered(a="1", b="3")).content == second.content


@pytest.mark.parametrize("path", some(CARDS, 6), ids=lambda path: path.stem)
def test_a_real_card_is_linted_without_a_mistake_of_ours(path: Path) -> None:
    text = path.read_text(encoding="utf-8", errors="replace")
    findings = lint(text)
    assert [one for one in findings if one.severity == "error"] == []
    last = text.count("\n") + 1
    assert all(1 <= one.line <= last and one.remedy for one in findings)
    assert merge(text, text).text == text
