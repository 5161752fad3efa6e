from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hubq.evaluate.scorers.tables import (
    LARGEST_TREE,
    from_rows,
    read_html,
    read_markdown,
    steds,
    teds,
)
from hubq.evaluate.scorers.trees import Tree, tree_distance
from tests.rows import each_row

Forest = tuple[Tree[str], ...]
PLAIN = "<table><tr><td>a</td><td>b</td></tr><tr><td>1</td><td>2</td></tr></table>"

trees = st.recursive(
    st.builds(Tree, st.sampled_from("ab")),
    lambda children: st.builds(Tree, st.sampled_from("ab"), st.lists(children, max_size=3)),
    max_leaves=5,
)


def slow(first: Tree[str], second: Tree[str]) -> float:
    """The recursive definition over forests."""

    def size(forest: Forest) -> int:
        return sum(tree.size() for tree in forest)

    @cache
    def far(left: Forest, right: Forest) -> float:
        if not left or not right:
            return size(left) + size(right)
        one, other = left[-1], right[-1]
        return min(
            far((*left[:-1], *one.children), right) + 1,
            far(left, (*right[:-1], *other.children)) + 1,
            far(tuple(one.children), tuple(other.children))
            + far(left[:-1], right[:-1])
            + (one.label != other.label),
        )

    return far((first,), (second,))


@settings(max_examples=50)
@given(trees, trees)
def test_the_distance_is_that_of_the_recursive_definition(
    first: Tree[str], second: Tree[str]
) -> None:
    rename = lambda a, b: float(a != b)  # noqa: E731 - one line
    assert tree_distance(first, second, rename) == slow(first, second)
    assert tree_distance(first, first, rename) == 0


@each_row(
    ("said", "score"),
    [
        (PLAIN, 1), (PLAIN.replace(">2<", ">x<"), 5 / 6), (PLAIN.replace("<td>2</td>", ""), 5 / 6),
        (PLAIN.replace("td>", "th>"), 1), ("<TABLE><TR><TD>a<TD>b<TR><TD>1<TD> 2 </TABLE>", 1),
        (PLAIN.replace("<td>1", "<td colspan=2>1"), 5 / 6),
        (PLAIN.removesuffix("</tr></table>"), 1),
        (PLAIN.replace("<td>a</td>", "<td><b>a</b></td>"), 1), ("<table></table>", 0),
    ],
)  # fmt: skip
def test_teds_counts_what_must_change(said: str, score: float) -> None:
    table, gold = read_html(said), read_html(PLAIN)
    assert table is not None
    assert gold is not None
    assert teds(table, gold) == pytest.approx(score)


def test_a_markdown_table_is_the_same_table() -> None:
    table, gold = read_markdown("So:\n| a | b |\n|---|:-:|\n| 1 | 2 |\n\nend | x"), read_html(PLAIN)
    assert table is not None
    assert gold is not None
    assert teds(table, gold) == 1.0
    assert read_markdown("no table") is None
    assert read_html("no table") is None


def test_a_runaway_table_is_not_compared() -> None:
    runaway = from_rows([["x"] * LARGEST_TREE])
    assert teds(runaway, from_rows([["x"]])) == 0.0


def test_steds_looks_at_structure_only() -> None:
    page = "# Title\n\nOne.\nTwo.\n## Part\nThree."
    assert steds(page, page) == 1.0
    assert steds(page.replace("Two", "2"), page) == 1.0
    assert steds("One.\nTwo.\nThree.", page) < 0.8
    assert steds("# A\nx\n# A\ny", "# A\nx\n# B\ny") == 1.0


@given(st.text("|<>-# \nabtdr/", max_size=40))
def test_reading_a_table_never_fails(text: str) -> None:
    read_html(text)
    read_markdown(text)
    assert steds(text, text) == 1.0
