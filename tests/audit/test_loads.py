from __future__ import annotations

import pytest

from hubq.audit.document import Document
from hubq.audit.loads import is_within, kinship, loads
from tests.audit.cases import case
from tests.rows import each_row

OWN = "acme/Tern-VL-7B-Instruct-AWQ"
FRONT = "---\nbase_model: origin/Tern-VL-7B-Instruct\n---\n\n# Tern\n"


@each_row(
    ("repo", "kin"),
    [
        (OWN, "own"),
        ("origin/Tern-VL-7B-Instruct", "base"),
        ("mirror/Tern-VL-7B-Instruct", "base"),
        ("acme/Tern-VL-7B-Instruct", "base"),
        ("acme/Tern-VL-7B-Instruct-AWQ-v2", "family"),
        ("acme/Tern-VL-2B-Instruct-AWQ", "family"),
        ("acme/otter-12b-AWQ", "other"),
        ("acme/7B", "family"),
    ],
)
def test_kinship_is_told_by_names(repo: str, kin: str) -> None:
    assert kinship(repo, case(FRONT, repo=OWN)) == kin


def test_an_id_is_no_part_of_a_longer_one() -> None:
    assert is_within("a/b", "see a/b.")
    assert not is_within("a/b", "see a/b-AWQ")
    assert not is_within("a/b", "see a/b.w4a16")
    assert not is_within("a/b", "see x-a/b")


def test_loads_come_in_the_order_of_the_card_with_their_places() -> None:
    text = (
        "```bash\nvllm serve a/b\n```\n\n"
        '```python\nname = "c/d"\nx = LLM(model=name)\ny = A.from_pretrained("e/f")\n```\n'
    )
    found = [(one.repo, one.spot, one.how) for one in loads(Document(text))]
    assert found == [
        ("a/b", (2, 12), "command"),
        ("c/d", (6, 9), "code"),
        ("e/f", (8, 24), "code"),
    ]


@pytest.mark.parametrize("text", ["--model " * 20_000, "a/" * 50_000, "vllm serve " * 10_000])
def test_hostile_commands_end(text: str) -> None:
    assert loads(Document(f"```bash\n{text}\n```\n")) == ()
