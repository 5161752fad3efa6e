"""A card merged into a README changes its own blocks and nothing that a person wrote."""

from __future__ import annotations

import subprocess
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from hubq.markdown.blocks import block_hashes, find_blocks, seal
from hubq.markdown.merging import Merged, merge

NAMES = ("a", "b", "c", "d", "e")


def card(**texts: str) -> str:
    """Return a sealed card: a title, and each block under a heading."""
    blocks = (
        f"## About {name}\n\n<!-- hubq:begin {name} -->\n{text}\n<!-- hubq:end {name} -->\n"
        for name, text in texts.items()
    )
    return seal("# Title\n\n" + "\n".join(blocks))


def outside(text: str) -> str:
    """Return a text without its blocks and the line ends behind them."""
    parts, last = [], 0
    for block in find_blocks(text):
        parts.append(text[last : block.start])
        last = block.end
        for newline in ("\r\n", "\n", "\r"):
            if text.startswith(newline, last):
                last += len(newline)
                break
    return "".join([*parts, text[last:]])


def test_blocks_nobody_edited_are_replaced_and_the_rest_stays() -> None:
    old = card(a="1", b="2").replace("## About b", "My words, \t \n\n### B by me")
    merged = merge(old, card(a="1", b="3"))
    assert merged.updated == ("b",)
    assert merged.text == seal(old.replace("\n2\n", "\n3\n"))
    assert merged.conflicts == ()


def test_a_card_merged_with_itself_is_the_same_to_the_byte() -> None:
    text = card(a="1", b="2").replace("\n", "\r\n").rstrip() + "  "
    assert merge(text, card(a="1", b="2")) == Merged(text=text, offered=text)


def test_a_block_edited_by_hand_is_left_and_offered_as_a_diff(tmp_path: Path) -> None:
    old = card(a="1", b="2").replace("\n2\n", "\n2, which I doubt\n")
    merged = merge(old, card(a="5", b="3"))
    (conflict,) = merged.conflicts
    assert (conflict.block, conflict.reason) == ("b", "edited by hand")
    assert merged.text.splitlines()[conflict.line - 1].startswith("<!-- hubq:begin b ")
    assert "-2, which I doubt\n+3\n" in conflict.diff
    assert "2, which I doubt" in merged.text
    assert merged.updated == ("a",)
    assert merged.offered == card(a="5", b="3")


def test_an_edit_that_says_what_the_card_says_is_no_conflict() -> None:
    old = card(a="1").replace("\n1\n", "\n2\n")
    merged = merge(old, card(a="2"))
    assert merged.conflicts == ()
    assert merged.text == card(a="2")


def test_a_block_that_a_person_removed_stays_away() -> None:
    published = card(a="1", b="2")
    merged = merge(card(a="1"), card(a="1", b="3", c="4"), block_hashes(published))
    assert merged.removed == ("b",)
    assert merged.inserted == ("c",)
    assert list(block_hashes(merged.text)) == ["a", "c"]


def test_markers_alone_bring_a_block_back_where_they_stand() -> None:
    old = card(a="1") + "\nMore\n<!-- hubq:begin b -->\n\n<!-- hubq:end b -->\nMy end"
    merged = merge(old, card(a="1", b="3"), block_hashes(card(a="1", b="2")))
    assert merged.updated == ("b",)
    assert merged.text.endswith("-->\n3\n<!-- hubq:end b -->\nMy end")
    assert merged.text.startswith(card(a="1") + "\nMore\n")


def test_a_new_block_comes_behind_its_neighbour_with_its_heading() -> None:
    old = card(a="1", c="3") + "\nMy last words"
    merged = merge(old, card(a="1", b="2", c="3"), block_hashes(old))
    assert merged.inserted == ("b",)
    assert merged.text == card(a="1", b="2", c="3") + "\nMy last words"


def test_a_heading_that_stands_there_already_is_not_said_twice() -> None:
    both, one = card(a="1", b="2"), card(a="1")
    left = merge(both, one, block_hashes(both))
    assert left.dropped == ("b",)
    assert "## About b" in left.text
    again = merge(left.text, both, block_hashes(one))
    assert again.text.count("## About b") == 1
    assert list(block_hashes(again.text)) == ["a", "b"]


def test_a_block_no_longer_rendered_goes_unless_it_was_edited() -> None:
    old = card(a="1", b="2", c="3").replace("\n3\n", "\nmine\n")
    merged = merge(old, card(a="1"), block_hashes(card(a="1", b="2", c="3")))
    assert merged.dropped == ("b",)
    assert [one.reason for one in merged.conflicts] == ["edited by hand, and no longer on the card"]
    assert list(block_hashes(merged.text)) == ["a", "c"]
    assert list(block_hashes(merged.offered)) == ["a"]


def test_a_readme_of_somebody_else_gets_the_blocks_after_its_text() -> None:
    for own in ("# My model\r\n\r\nWords", "Words\n", "Words\n\n", "Words\n\n\n\n"):
        merged = merge(own, card(a="1", b="2"))
        assert merged.text.startswith(own)
        assert merged.inserted == ("a", "b")
        rest = merged.text[len(own) :].replace("\r\n", "\n").lstrip("\n")
        assert rest == "#" + card(a="1", b="2")


def test_an_empty_readme_becomes_the_card() -> None:
    assert merge("", card(a="1")).text == card(a="1")
    assert merge("\n", card(a="1")).text == "\n" + card(a="1")


def test_a_block_without_its_neighbours_goes_to_the_end() -> None:
    old = card(b="2")
    merged = merge(old, card(a="1", b="2"))
    assert merged.text.startswith(old)
    assert list(block_hashes(merged.text)) == ["b", "a"]


def test_the_offered_diff_is_a_patch(tmp_path: Path) -> None:
    from hubq.markdown.merging import unified

    old = card(a="1", b="2").replace("\n2\n", "\nmine\n")
    merged = merge(old, card(a="1", b="3"))
    (tmp_path / "README.md").write_text(merged.text)
    patch = unified(merged.text, merged.offered).encode()
    subprocess.run(["git", "apply", "-"], input=patch, cwd=tmp_path, check=True)
    assert (tmp_path / "README.md").read_text() == merged.offered


plain = st.lists(
    st.sampled_from([*"ab#|`- \t\n\u2028", "\r\n", "<!-- x -->", "# Title\n"]), max_size=20
).map(lambda parts: "".join(parts) + "\n")


@st.composite
def readmes(draw: st.DrawFn) -> str:
    """Return a README with some blocks of hubq's, some of them edited, among any text."""
    parts = [draw(plain)]
    for name in draw(st.lists(st.sampled_from(NAMES), unique=True)):
        block = f"<!-- hubq:begin {name} -->\n{draw(plain)}<!-- hubq:end {name} -->"
        sealed = seal(block)
        if draw(st.booleans()):
            sealed = sealed.replace("-->\n", "-->\nedited ", 1)
        parts += [sealed, "\n", draw(plain)]
    text = "".join(parts)
    text = text.replace("\r\n", "\n").replace("\n", draw(st.sampled_from(["\n", "\r\n"])))
    return draw(st.sampled_from(["", "\ufeff"])) + text[: len(text) - draw(st.integers(0, 1))]


@given(old=readmes(), names=st.lists(st.sampled_from(NAMES), unique=True), all_known=st.booleans())
def test_everything_outside_our_blocks_stays(
    old: str, names: list[str], *, all_known: bool
) -> None:
    rendered = card(**{name: f"new {name}" for name in sorted(names)})
    known = dict.fromkeys(NAMES, "0" * 64) if all_known else {}
    merged = merge(old, rendered, known)
    if all_known:
        assert merged.inserted == ()
        assert outside(merged.text) == outside(old)
    place = 0
    for line in outside(old).splitlines(keepends=True):
        place = merged.text.index(line, place) + len(line)
    edited = {one.block for one in merged.conflicts}
    before, after = block_hashes(old), block_hashes(merged.text)
    assert {name: after[name] for name in edited} == {name: before[name] for name in edited}
    again = merge(merged.text, rendered, block_hashes(rendered))
    assert again.text == merged.text
