from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from hubq.audit.baseline import read_baseline, write_baseline
from hubq.errors import BadInput
from hubq.model.audit import Audited
from hubq.model.finding import Finding

FIRST = Finding(rule="wrong-average", path="README.md", line=7, said="75.95", quote="| 75.95 |")
SECOND = Finding(rule="no-card", path="README.md", found="there is none")


def audited(*findings: Finding) -> Audited:
    return Audited(name="acme/nano", repo="acme/nano", findings=findings)


def test_what_was_accepted_stays_accepted_and_what_is_new_does_not(tmp_path: Path) -> None:
    path = tmp_path / "accepted.json"
    assert write_baseline(path, [audited(FIRST)]) == 1
    found = read_baseline(path).applied(audited(FIRST, SECOND))
    assert (found.findings, found.accepted) == ((SECOND,), (FIRST,))


def test_a_line_that_moves_stays_accepted_one_that_changes_does_not(tmp_path: Path) -> None:
    path = tmp_path / "accepted.json"
    write_baseline(path, [audited(FIRST)])
    moved = msgspec.structs.replace(FIRST, line=99, column=4, found="in other words")
    assert not read_baseline(path).applied(audited(moved)).findings
    changed = msgspec.structs.replace(FIRST, said="76.10", quote="| 76.10 |")
    assert read_baseline(path).applied(audited(changed)).findings == (changed,)


def test_the_same_finding_twice_is_accepted_once_for_each(tmp_path: Path) -> None:
    path = tmp_path / "accepted.json"
    write_baseline(path, [audited(FIRST)])
    twice = audited(FIRST, msgspec.structs.replace(FIRST, line=20))
    assert len(read_baseline(path).applied(twice).findings) == 1


def test_writing_again_keeps_what_was_accepted(tmp_path: Path) -> None:
    path = tmp_path / "accepted.json"
    write_baseline(path, [audited(FIRST)])
    before = path.read_text(encoding="utf-8")
    seen = read_baseline(path).applied(audited(FIRST))
    assert write_baseline(path, [seen]) == 1
    assert path.read_text(encoding="utf-8") == before


def test_another_repo_is_another_finding(tmp_path: Path) -> None:
    path = tmp_path / "accepted.json"
    write_baseline(path, [audited(FIRST)])
    other = msgspec.structs.replace(audited(FIRST), name="acme/other", repo="acme/other")
    assert read_baseline(path).applied(other).findings == (FIRST,)


@pytest.mark.parametrize("text", ["", "[]", '{"accepted": 3}', '{"schema": 99}'])
def test_a_file_that_is_no_baseline_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "accepted.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=r"accepted\.json"):
        read_baseline(path)


def test_a_baseline_that_is_not_there_says_how_to_write_it(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as error:
        read_baseline(tmp_path / "nothing.json")
    assert "--write-baseline" in error.value.remedy
