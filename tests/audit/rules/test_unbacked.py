from __future__ import annotations

from pathlib import Path

import pytest

from hubq.audit.gathering import gather_folder
from hubq.audit.rule import lacking
from hubq.audit.rules.unbacked import RULE
from hubq.audit.subject import Subject
from hubq.verify.place import FolderPlace
from tests.audit.cases import case, findings
from tests.fakes import write_files
from tests.release.releases import Releases
from tests.verify.publishing import AWQ, Repos, Shop, published


def subject_of(folder: Path) -> Subject:
    return Subject(gather_folder(folder), place=FolderPlace(folder))


def test_without_evidence_nothing_is_said() -> None:
    assert lacking(case("# X\n", texts={"config.json": {}}), RULE.needs)
    assert not findings(RULE, case("# X\n", texts={"hubq.json": {}}))


def test_evidence_that_cannot_be_read_is_found(tmp_path: Path) -> None:
    (tmp_path / "hubq.json").write_text("{}", encoding="utf-8")
    (tmp_path / "README.md").write_text("# X\n", encoding="utf-8")
    found = findings(RULE, subject_of(tmp_path))
    assert found
    assert {one.rule for one in found} == {"unbacked"}
    assert {one.severity for one in found} <= {"error", "warning"}


@pytest.fixture(scope="module")
def repos(finished: Releases) -> Repos:
    return published(finished.folder / "runs" / "hub")


def test_a_release_of_our_own_is_backed(repos: Repos, tmp_path: Path) -> None:
    folder = write_files(tmp_path / "AWQ", repos[AWQ])
    assert findings(RULE, subject_of(folder)) == []


def test_a_number_that_was_edited_is_found_where_it_stands(repos: Repos, tmp_path: Path) -> None:
    shop = Shop(repos, tmp_path / "hub")
    lines = shop.files["README.md"].decode().splitlines(keepends=True)
    number = next(n for n, line in enumerate(lines) if line.startswith("| ") and "83.33" in line)
    lines[number] = lines[number].replace("83.33", "93.33", 1)
    shop.files["README.md"] = "".join(lines).encode()
    folder = write_files(tmp_path / "AWQ", shop.files)
    found = findings(RULE, subject_of(folder))
    (changed,) = [one for one in found if one.part.startswith("number-changed")]
    assert (changed.path, changed.line, changed.said) == ("README.md", number + 1, "93.33")
    assert "93.33" in changed.quote
    assert all(one.rule == "unbacked" for one in found)
