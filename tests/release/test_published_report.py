"""Tests of hubq.release.published_report and `hubq card render` on an import."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from hubq.cards.show import trace
from hubq.cli.main import cli
from hubq.errors import BadInput
from hubq.model.card import Evidence
from hubq.release.importing import INDEX
from hubq.release.published_report import published_sources

PAGE = """
| Model | Variant | MMMU_VAL | MathVista_MINI |
|---|---|---|---|
| Small | BF16 | 41.88 | 44.40 |
| | AWQ | 41.33 | 39.90 |
"""
FILES = ["comparison.json", "hubq.json", "report.html", "report.md"]


def hubq(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a runs folder with an import `small`, in a working folder of its own."""
    monkeypatch.chdir(tmp_path)
    page = tmp_path / "page.md"
    page.write_text(PAGE, encoding="utf-8")
    folder = tmp_path / "runs"
    found = hubq(
        *("import", "table", page, "--into", "small", "--runs-dir", folder),
        *("--source", "https://example.org/small"),
    )
    assert found.exit_code == 0, found.output
    return folder


def test_an_import_is_rendered_into_a_folder_of_its_name(runs: Path, tmp_path: Path) -> None:
    found = hubq("card", "render", "small", "--runs-dir", runs)
    assert found.exit_code == 0, found.output
    folder = tmp_path / "small-card"
    assert sorted(path.name for path in folder.iterdir() if path.is_file()) == FILES
    assert (folder / "charts" / "deltas-1-1.svg").is_file()
    text = (folder / "report.md").read_text(encoding="utf-8")
    first = text.splitlines()[2]
    assert first.startswith("Every number here was published by <https://example.org/small>")
    assert "hubq has neither measured nor verified it" in first
    assert "−4.50" in text


def test_another_folder_can_be_named(runs: Path, tmp_path: Path) -> None:
    found = hubq(
        "card", "render", "small", "--runs-dir", runs, "--out", "there", "--format", "json"
    )
    assert json.loads(found.output)["files"][0] == "there/report.md"
    assert (tmp_path / "there" / "report.html").is_file()


def test_every_number_leads_to_the_import(runs: Path, tmp_path: Path) -> None:
    assert hubq("card", "render", "small", "--runs-dir", runs).exit_code == 0
    folder = tmp_path / "small-card"
    evidence = msgspec.json.decode((folder / "hubq.json").read_bytes(), type=Evidence)

    def folder_of(key: str) -> Path:
        return folder if key == "self" else runs / "imports" / "small" / key

    traces = [trace(evidence, claim.id, folder_of) for claim in evidence.claims]
    assert traces
    assert [found.problem for found in traces if not found.agrees] == []


def test_of_a_table_imported_again_the_last_counts(runs: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    again = hubq(
        "import", "table", page, "--into", "small", "--runs-dir", runs, "--n", "MMMU_VAL=100"
    )
    assert again.exit_code == 0
    (source,) = published_sources(runs, "small")
    assert source.tables[0].measures[0].certainty is not None
    assert source.tables[0].measures[0].certainty.n == 100


def test_a_page_without_an_address_is_named_by_its_file(runs: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    hubq("import", "table", page, "--into", "own", "--runs-dir", runs)
    assert hubq("card", "render", "own", "--runs-dir", runs).exit_code == 0
    folder = tmp_path / "own-card"
    assert "published by page.md;" in (folder / "report.md").read_text(encoding="utf-8")
    assert str(tmp_path) not in (folder / "hubq.json").read_text(encoding="utf-8")


def test_an_import_without_tables_is_refused(runs: Path) -> None:
    folder = runs / "imports" / "bare"
    folder.mkdir()
    (folder / INDEX).write_text("{}", encoding="utf-8")
    found = hubq("card", "render", "bare", "--runs-dir", runs)
    assert isinstance(found.exception, BadInput)
    assert found.exception.message == "import bare holds no published tables"


def test_a_users_own_template_goes_before_ours(runs: Path, tmp_path: Path) -> None:
    own = tmp_path / "templates"
    own.mkdir()
    (own / "published.md.j2").write_text("# Mine: {{ sheets | length }}\n", encoding="utf-8")
    found = hubq("card", "render", "small", "--runs-dir", runs, "--templates", own)
    assert found.exit_code == 0, found.output
    assert (tmp_path / "small-card" / "report.md").read_text(encoding="utf-8") == "# Mine: 1\n"


def test_a_folder_for_the_cards_of_a_release_is_refused(runs: Path) -> None:
    found = hubq("card", "render", "org/name", "--runs-dir", runs, "--out", "there")
    assert found.exit_code == 2
    assert "--out is for imports" in found.output
