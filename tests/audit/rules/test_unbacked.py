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
    card = shop.files["README.md"].decode()
    told = next(line for line in card.splitlines() if line.startswith("| AWQ"))
    number = next(word for word in told.split() if "." in word and word.replace(".", "").isdigit())
    shop.edit("README.md", told, told.replace(number, "99.99", 1))
    folder = write_files(tmp_path / "AWQ", shop.files)
    found = findings(RULE, subject_of(folder))
    assert any(one.severity == "error" and "99.99" in one.quote for one in found)
    assert all(one.rule == "unbacked" for one in found)
