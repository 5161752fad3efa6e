from __future__ import annotations

from hubq.audit.rules.card_older_than_weights import RULE
from hubq.audit.subject import Subject
from tests.audit.cases import case, findings

_TABLE = "# X\n\n| Task | Score |\n|---|---|\n| A | 71.25 |\n"


def _subject(card: str, weights: str, text: str = _TABLE) -> Subject:
    changed = {"README.md": card, "model.safetensors": weights}
    return case(text, files={"model.safetensors": 9}, changed=changed)


def test_weights_that_came_after_the_numbers_are_found() -> None:
    (found,) = findings(RULE, _subject("2024-01-02T10:00:00Z", "2024-03-04T10:00:00Z"))
    assert found.severity == "info"
    assert "2024-03-04" in found.found


def test_one_release_in_several_commits_is_fine() -> None:
    assert not findings(RULE, _subject("2024-01-02T10:00:00Z", "2024-01-02T18:00:00Z"))
    assert not findings(RULE, _subject("2024-05-02T10:00:00Z", "2024-01-02T18:00:00"))


def test_a_card_without_numbers_and_odd_dates_are_fine() -> None:
    assert not findings(
        RULE, _subject("2024-01-02T10:00:00Z", "2024-03-04T10:00:00Z", "# X\n\nHi.\n")
    )
    assert not findings(RULE, _subject("yesterday", "2024-03-04T10:00:00Z"))
    assert not findings(RULE, case(_TABLE, files={"model.safetensors": 9}))
