"""A front matter is edited in the lines of the keys that change, or refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hubq.errors import Refused
from hubq.markdown import frontmatter
from hubq.markdown.header import Header, Uneditable, dumped, written
from tests.rows import each_row

CARD = """---
# About the license: ask Ann.
license:   "mit"   # as agreed
tags:
  - one   # the first

  - 'two'
# end of tags

extra: {a: [1, 2]}
language: [en, "de"]
---
# Title
"""
LINES = (
    *("license: mit", "license: 'mit' # why", "license:", "license: &a mit", "licence: *a"),
    *("tags:", "- one", "  - two", "tags: [a, b]", "tags: [a,", "  b]", "tags: x", "- - y"),
    *("# a comment", "", "   ", "\tbad", "other: |", "  text", "  # no comment", "other: >+"),
    *("? key", ": value", "{a: b}", "<<: {x: 1}", "a: b: c", "...", "--- x", "%YAML 1.2"),
    *("other: !!str 5", "date: 2026-11-21", "ünï: \u2028", "base_model: a/b", "'base_model': c"),
    *("model-index:", "- name: x", "  results:", "  - source: {name: hubq}", "- name: y", "key: -"),
)


def edited(text: str, change: Callable[[Header], None]) -> str:
    """Return a README after a change."""
    header = Header(text)
    change(header)
    return header.text()


def test_a_scalar_is_replaced_where_it_stands() -> None:
    text = edited(CARD, lambda header: header.set("license", "apache-2.0"))
    assert text == CARD.replace('"mit"', "apache-2.0")


def test_a_key_without_a_value_gets_one() -> None:
    text = edited("---\nlicense: # ask\nx: 1\n---\n", lambda header: header.set("license", "mit"))
    assert yaml.safe_load(text.split("---\n")[1]) == {"license": "mit", "x": 1}
    assert "# ask" in text


def test_items_come_and_go_one_line_each() -> None:
    text = edited(CARD, lambda header: header.change_items("tags", {0}, ["a: b", "three"]))
    assert text == CARD.replace("  - one   # the first\n", "").replace(
        "  - 'two'\n", "  - 'two'\n  - 'a: b'\n  - three\n"
    )


def test_items_in_brackets_stay_in_brackets() -> None:
    text = edited(CARD, lambda header: header.change_items("language", {1}, ["fr"]))
    assert text == CARD.replace('[en, "de"]', "[en, fr]")


def test_a_key_goes_with_its_lines_and_comments_stay() -> None:
    text = edited(CARD, lambda header: header.remove("extra"))
    assert text == CARD.replace("extra: {a: [1, 2]}\n", "")


def test_a_new_key_comes_last_with_the_line_ends_of_the_file() -> None:
    text = edited(CARD.replace("\n", "\r\n"), lambda header: header.set("base_model", "a/b"))
    assert text == CARD.replace("---\n# Title", "base_model: a/b\n---\n# Title").replace(
        "\n", "\r\n"
    )


def test_a_readme_without_front_matter_gets_one_before_its_text() -> None:
    text = edited("\ufeff\r\n# T", lambda header: header.set("license", "mit"))
    assert text == "\ufeff---\r\nlicense: mit\r\n---\r\n\r\n# T"


def test_nothing_to_change_is_the_same_to_the_byte() -> None:
    for text in (CARD, "# T", "", "\ufeff", CARD.replace("\n", "\r\n"), "---\n---\n", CARD[:-1]):
        assert Header(text).text() == text


def test_comments_in_lines_are_told_from_signs_in_texts() -> None:
    header = Header("---\na: 'x # y'\nb: x # y\nc: [1, # z\n  2]\n---\n")
    assert [header.has_comment(key) for key in "abc"] == [False, True, True]


@each_row(
    ("yaml_text", "words"),
    [
        ("a: b: c", "mapping values"),
        ("- a", "not a mapping"),
        ("{license: mit}", "in braces"),
        ("license: mit\nlicense: gpl", "there twice"),
        ("a: &x {b: 1}\n<<: *x", "with <<"),
        ("license: &x mit", "an anchor, an alias or a tag"),
        ("x: &x mit\nlicense: *x", "an anchor, an alias or a tag"),
        ("license: !!str mit", "an anchor, an alias or a tag"),
        ("license: |\n  mit", "a block of text"),
        ("license: mit\n...", "several documents"),
        ("license: mit\n--- x", "is not valid|cannot be edited"),
        ("? license\n: mit", "shares its line"),
        ("? [a]\n: b", "cannot be edited"),
        ("license:\tmit\n\tb: c", "cannot be edited"),
        ("a: x\u2028license: mit", "cannot be edited"),
    ],
)
def test_what_cannot_be_edited_safely_is_refused(yaml_text: str, words: str) -> None:
    text = f"---\n{yaml_text}\n---\n# T\n"
    with pytest.raises(Uneditable, match=words) as caught:
        edited(text, lambda header: header.set("license", "apache-2.0"))
    assert isinstance(caught.value, Refused)
    assert caught.value.remedy


def test_a_front_matter_that_never_ends_is_refused() -> None:
    with pytest.raises(Uneditable, match="never ends"):
        Header("---\nlicense: mit\n\n# T\n")


def test_an_item_that_shares_its_line_is_refused() -> None:
    with pytest.raises(Uneditable, match="shares its line"):
        edited("---\ntags:\n-\n  a\n---\n", lambda header: header.change_items("tags", {0}, ["x"]))


def test_texts_that_some_readers_take_for_numbers_are_quoted() -> None:
    assert dumped({"a": "1e5", "b": "0o7", "c": "no", "d": "4-bit", "e": "x"}) == (
        "a: '1e5'\nb: '0o7'\nc: 'no'\nd: 4-bit\ne: x\n"
    )
    assert written({"license": "mit"}) == "---\nlicense: mit\n---\n"


@given(
    lines=st.lists(st.sampled_from(LINES), max_size=8),
    newline=st.sampled_from(["\n", "\r\n"]),
    body=st.text(st.sampled_from("# a-\n\r\u2028\ufeff"), max_size=8),
    bom=st.sampled_from(["", "\ufeff", "\n \n"]),
    key=st.sampled_from(["license", "tags", "base_model", "other"]),
    action=st.sampled_from(["set", "list", "remove", "items", "nothing"]),
)
def test_any_front_matter_is_edited_exactly_or_refused(
    *, lines: list[str], newline: str, body: str, bom: str, key: str, action: str
) -> None:
    text = bom + newline.join(["---", *lines, "---", ""]) + body
    before = frontmatter.parse(text)
    try:
        header = Header(text)
        if action == "set":
            header.set(key, "new: value")
        elif action == "list":
            header.set(key, ["a # b", "c"])
        elif action == "remove" and key in before.data:
            header.remove(key)
        elif action == "items" and isinstance(before.data.get(key), list):
            header.change_items(key, {0}, ["new", {"a": "b"}])
        after = header.text()
    except Uneditable:
        return
    if action == "nothing":
        assert after == text
    assert after.endswith(body)
    found = frontmatter.parse(after)
    assert found.body == before.body
    others = {name: value for name, value in before.data.items() if name != key}
    assert {name: value for name, value in found.data.items() if name != key} == others
    kept = [line for line in lines if line.startswith("#")]
    assert [line for line in after.splitlines() if line.startswith("#")][: len(kept)] == kept
