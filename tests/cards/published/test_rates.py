"""Tests of the request rates that rows of published tables are of."""

from __future__ import annotations

import pytest

from hubq.cards.published.rates import is_load, rates_of
from hubq.evaluate.published import PublishedTable, tables_of

LOAD = ("| 1 | 21.5 | 11.9 |", "| 4 | 30.1 | 18.7 |", "| 0.5 | 20.9 | 11.5 |")


def table(*rows: str, head: str = "Requests/s") -> PublishedTable:
    lines = (f"| {head} | BF16 | INT W4A16 |", "|---|---|---|", *rows)
    (found,) = tables_of("\n".join(lines) + "\n", "page.md", baseline="BF16")
    return found


def test_rows_are_of_the_rates_that_they_are_labelled_with() -> None:
    assert rates_of(table(*LOAD)) == {1: 1, 2: 4, 3: 0.5}
    assert is_load(table(*LOAD))


@pytest.mark.parametrize("name", ["QPS", "RPS", "req/s", "Request rate (req/s)", "Requests per s"])
def test_rates_have_many_names(name: str) -> None:
    assert is_load(table(*LOAD, head=name))


@pytest.mark.parametrize("name", ["Input length", "Batch size", "Model", "Task"])
def test_other_labels_are_no_rates(name: str) -> None:
    assert rates_of(table(*LOAD, head=name)) == {}
    assert not is_load(table(*LOAD, head=name))


def test_a_table_at_one_rate_is_no_load() -> None:
    found = table("| 2 | 61.5 | 24.1 |")
    assert rates_of(found) == {1: 2}
    assert not is_load(found)


def test_one_rate_said_twice_is_one() -> None:
    found = table("| 2 | 61.5 | 24.1 |", "| 2.0 | 61.2 | 24.3 |")
    assert set(rates_of(found).values()) == {2}
    assert not is_load(found)


def test_a_row_whose_rate_is_a_word_has_none() -> None:
    found = table(*LOAD, "| max | 99.0 | 79.9 |")
    assert 4 in {one.row for one in found.measures}
    assert rates_of(found) == {1: 1, 2: 4, 3: 0.5}


def test_rates_in_front_of_another_label_are_none() -> None:
    lines = (
        "| Requests/s | Variant | TTFT | E2E |",
        "|:--|:--|--:|--:|",
        *("| 1 | BF16 | 61.5 | 2.41 |", "| 1 | AWQ | 44.2 | 1.80 |"),
        *("| 4 | BF16 | 88.0 | 3.90 |", "| 4 | AWQ | 59.7 | 2.75 |"),
    )
    (found,) = tables_of("\n".join(lines) + "\n", "page.md", baseline="BF16")
    assert found.heads == ("Requests/s", "Variant")
    assert rates_of(found) == {}
