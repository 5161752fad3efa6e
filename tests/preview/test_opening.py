from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hubq.cards.rendering import render_card, render_report
from hubq.errors import BadInput
from hubq.preview.opening import open_release, release_name
from hubq.recipes import recipe_digest
from hubq.release.status import load_release
from hubq.store import Store
from tests.preview.releases import COMMAND, NAME, TEMPLATES, lose
from tests.release.releases import Releases

pytestmark = pytest.mark.long


def test_the_family_from_the_runs_folder_gives_the_cards_that_were_published(
    finished: Releases,
) -> None:
    runs = finished.folder / "runs"
    opened = open_release(runs, "Small", Path(finished.source))
    assert opened.variants == ("GPTQ-Int8", "AWQ")
    assert opened.endpoint == "local"
    for variant in opened.variants:
        new = render_card(opened.family, variant, TEMPLATES, charts=False)
        for name, content in new.items():
            assert content == (opened.cards[variant] / name).read_bytes(), (variant, name)
    report = render_report(opened.family, TEMPLATES, charts=False)
    assert report["report.md"] == (opened.cards[""] / "report.md").read_bytes()


def test_settings_of_the_card_stages_and_the_recipe_of_the_evidence_are_used(runs: Path) -> None:
    opened = open_release(runs, NAME)
    assert opened.family.command == COMMAND
    assert [task.limit for task in opened.family.tasks] == [400] * 5
    assert opened.done == len(opened.family.results) + len(opened.cards)


def test_without_any_card_the_recipe_is_read_from_its_file(finished: Releases) -> None:
    runs = finished.folder / "runs"
    release = load_release(runs, "Small")
    store = Store(runs)
    hidden = [key for name, key in release.keys.items() if name.startswith(("card/", "report"))]
    folders = [store.folder(key) for key in hidden if store.has(key)]
    for folder in folders:
        folder.rename(folder.with_suffix(".hidden"))
    try:
        family = open_release(runs, "Small").family
    finally:
        for folder in folders:
            folder.with_suffix(".hidden").rename(folder)
    assert family.published == ("GPTQ-Int8", "AWQ")
    known = open_release(runs, "Small").family.loaded
    assert recipe_digest(family.loaded) == recipe_digest(known)
    assert [task.name for task in family.tasks] == ["Words"]


def test_a_stage_without_a_result_is_a_gap(runs: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(runs, tmp_path / "runs"))
    lose(copy, "score/GPTQ-Int4/NanoMulti_VAL")
    family = open_release(copy, NAME).family
    assert family.gap("score/GPTQ-Int4/NanoMulti_VAL").reason.endswith("the batch was too large")


@pytest.mark.parametrize(
    ("source", "name", "wanted"),
    [
        (None, None, NAME),
        ("hubq/nano-qwen2-vl", None, NAME),
        ("hubq/nano-qwen2-vl@main", None, NAME),
        ("nano-qwen2-vl", None, NAME),
        ("other", "given", "given"),
    ],
)
def test_a_release_is_found_by_its_source(
    runs: Path, source: str | None, name: str | None, wanted: str
) -> None:
    assert release_name(runs, source, name) == wanted


def test_an_unknown_release_is_refused_with_those_there_are(runs: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="there are: nano-qwen2-vl"):
        open_release(runs, "other")
    with pytest.raises(BadInput, match="holds no release"):
        release_name(tmp_path, None, None)
