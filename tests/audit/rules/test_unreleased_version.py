from __future__ import annotations

import pytest

from hubq.audit.rules.unreleased_version import RULE
from tests.audit.cases import case, findings
from tests.rows import each_row


@pytest.mark.parametrize(
    "card",
    ["- Transformers 4.38.7\n", "```\npip install transformers==4.38.7\n```\n"],
)
def test_a_version_between_two_releases_is_found(card: str) -> None:
    (found,) = findings(RULE, case(card))
    assert found.severity == "warning"
    assert found.found == (
        "there is no transformers 4.38.7; around it were released 4.38.2 (2024-03-01) and "
        "4.39.0 (2024-03-21)"
    )


def test_a_version_younger_than_the_card_is_found() -> None:
    changed = {"README.md": "2024-03-01T10:00:00Z"}
    (found,) = findings(RULE, case("- Transformers 4.45.0\n", changed=changed))
    assert "was released on 2024-09-25; the card was last changed on 2024-03-01" in found.found


@each_row(
    "card",
    [
        "- Transformers 4.38.2\n",
        "- Transformers 4.46.0\n",  # withdrawn
        "- Transformers 4.45.0.dev0\n",
        "- Transformers 4.38\n",
        "- Transformers 999.0.1\n",  # newer than the table
        "- Pytorch 2.2.1+cu118\n",
        "- torch 2.3.0a0+ebedce2\n",
        "- vLLM 0.6.3.post1\n",
        "- AutoGPTQ 0.6.9\n",  # not every release is on the index
        "- transformers 0.0.1\n",
    ],
)
def test_versions_that_may_exist_are_silent(card: str) -> None:
    assert not findings(RULE, case(card))


def test_dates_that_agree_are_silent() -> None:
    for day in ("2024-09-25", "2025-01-01", "2024-09-24T23:00:00Z", "no date", ""):
        subject = case("- Transformers 4.45.0\n", changed={"README.md": day})
        assert not findings(RULE, subject)
    minimum = case("Needs transformers>=4.45.0.\n", changed={"README.md": "2024-01-01"})
    assert not findings(RULE, minimum)
