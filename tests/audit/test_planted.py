"""Errors planted in true repos are found, and true repos are left in peace."""

from __future__ import annotations

import os
from collections import Counter

import pytest

from tests.audit.planting import trying
from tests.audit.planting.planting import KINDS

SEEDS = range(int(os.environ.get("HUBQ_PLANTED_SEEDS", "3")))
RECALL = 0.95


@pytest.fixture(scope="module")
def trials() -> list[trying.Trial]:
    """Each kind in one repo: what every run of the suite has time for."""
    return list(trying.tries(range(1), most=1))


def test_there_are_many_kinds_of_errors_in_every_area() -> None:
    areas = Counter(kind.area for kind in KINDS.values())
    assert sum(areas.values()) >= 40
    assert min(areas.values()) >= 5


def test_every_kind_has_a_place_in_some_repo(trials: list[trying.Trial]) -> None:
    assert {one.kind.name for one in trials} == set(KINDS)


def test_every_error_changes_something(trials: list[trying.Trial]) -> None:
    for one in trials:
        repo, true = one.planted.repo, trying.true_repo(one.base)
        same = (repo.card, repo.texts, repo.files, repo.headers, repo.id)
        assert same != (true.card, true.texts, true.files, true.headers, true.id), one.kind.name


@pytest.mark.parametrize("name", trying.names())
def test_a_true_repo_is_left_in_peace(name: str) -> None:
    loud = [str(one) for one in trying.before(name) if one.severity != "info"]
    assert not loud, "\n".join(loud)


def test_planted_errors_are_found(trials: list[trying.Trial]) -> None:
    check(trials)


@pytest.mark.long
def test_planted_errors_are_found_in_every_repo() -> None:
    check(list(trying.tries(SEEDS)))


def check(trials: list[trying.Trial]) -> None:
    """Fail with how many errors of each kind were found, and which were not."""
    found = sum(one.hit for one in trials)
    assert found >= RECALL * len(trials), f"\n{trying.table(trials)}"
