"""Cards take what was measured since they were made, and start nothing."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from hubq.cli.main import cli
from hubq.errors import BadInput, Refused
from hubq.model.stage import Kind
from hubq.release.updating import Update, update_cards
from hubq.store import Store
from tests.release.releases import Releases
from tests.release.stand_in import StandInExecutor

pytestmark = pytest.mark.long

ASKING = (Kind.GENERATE, Kind.SCORE)
ANSWERS, SPEED = "generate/AWQ/Words", "bench/sitting"


@pytest.fixture(scope="module")
def with_gaps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the runs folder of a release whose cards lack AWQ's answers and a speed."""
    folder = tmp_path_factory.mktemp("gaps")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUBQ_CACHE", str(folder / "cache"))
        fail = {ANSWERS: "out of ideas", SPEED: "no kernel"}
        Releases(folder).run(StandInExecutor(fail=fail), [Kind.CARD])
    return folder / "runs"


@pytest.fixture
def lacking(releases: Releases, with_gaps: Path) -> Releases:
    """Return a release with cards on which the answers of AWQ and a speed are missing."""
    shutil.copytree(with_gaps, releases.folder / "runs")
    return releases


@pytest.fixture
def measured(lacking: Releases) -> Releases:
    """Return the same after AWQ was evaluated again."""
    lacking.run(kinds=ASKING)
    return lacking


def update(releases: Releases, **how: bool) -> Update:
    with releases.session([Kind.CARD]) as session:
        return update_cards(session, **how)


def readme(releases: Releases, variant: str) -> str:
    store = Store(releases.folder / "runs")
    keys = json.loads(store.index("Small").read_bytes())["keys"]
    return (store.folder(keys[f"card/{variant}"]) / "README.md").read_text()


def test_what_was_measured_since_is_on_the_card_and_other_gaps_stay(lacking: Releases) -> None:
    before = readme(lacking, "AWQ")
    lacking.run(kinds=ASKING)
    found = {card.stage: card.changes for card in update(lacking).cards}
    changes = found["card/AWQ"]
    assert changes is not None
    cells = {change.name: (change.before, change.after) for change in changes.cells}
    assert cells["score.AWQ.Words"] == ("failed", "83.33")
    assert changes.measured == (ANSWERS, "score/AWQ/Words")
    after = readme(lacking, "AWQ")
    assert "out of ideas" in before
    assert "out of ideas" not in after
    assert "Timing failed: RuntimeError: no kernel." in after
    changed = {line for part in changes.lines for line in part.before}
    kept = [line for line in before.splitlines() if line not in changed]
    assert [line for line in kept if line not in after and "hubq:begin" not in line] == []


def test_nothing_expensive_is_started_and_a_push_takes_the_new_card(measured: Releases) -> None:
    update(measured)
    executor = StandInExecutor(fail={SPEED: "no kernel"})
    report = measured.run(executor, [Kind.PUSH], allow_gaps=True)
    assert executor.started == [SPEED]
    assert report.ran == ("push",)
    assert report.unchanged == ()


def test_gaps_that_the_index_forgot_keep_their_state_and_reason(lacking: Releases) -> None:
    said = "Answering the items failed: RuntimeError: out of ideas."
    assert said in readme(lacking, "AWQ")
    lacking.run(kinds=[Kind.BENCH])
    found = {card.stage: card.changes for card in update(lacking).cards}["card/AWQ"]
    assert found is not None
    assert found.measured == ("bench/AWQ", "bench/BF16", "bench/GPTQ-Int8", SPEED)
    assert not any(cell.name.startswith("score.") for cell in found.cells)
    assert said in readme(lacking, "AWQ")


def test_what_another_process_is_measuring_is_running(lacking: Releases) -> None:
    with lacking.session([Kind.CARD]) as session:
        key = session.plan.keys()[SPEED]
    store = Store(lacking.folder / "runs")
    (store.root / "work" / key).mkdir(parents=True)
    left_by_a_kill = update(lacking)
    assert not left_by_a_kill.running
    with store.locked("an evaluation", lambda _: None):
        found = update(lacking)
    assert found.running == (SPEED,)
    changes = next(card.changes for card in found.cards if card.stage == "card/GPTQ-Int8")
    assert changes is not None
    assert ("failed", "running") in [(cell.before, cell.after) for cell in changes.cells]
    assert re.search("running[¹²³]", readme(lacking, "GPTQ-Int8"))
    assert "Being measured while this card was written." in readme(lacking, "GPTQ-Int8")


def test_other_templates_are_refused_unless_taken(lacking: Releases, tmp_path: Path) -> None:
    before = readme(lacking, "AWQ")
    lacking.run(kinds=ASKING)
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "vision-language.md.j2").write_text(
        '{% extends "base.md.j2" %}{% block license %}Ask us.\n{% endblock %}'
    )
    with lacking.session([Kind.CARD], templates=mine) as session:
        with pytest.raises(Refused, match="other templates") as refused:
            update_cards(session)
        assert "hubq card render" in refused.value.remedy
        assert "Ask us." not in before
        update_cards(session, anyway=True)
    assert "Ask us." in readme(lacking, "AWQ")


def test_another_recipe_is_no_update(lacking: Releases) -> None:
    recipe = yaml.safe_load(lacking.recipe.read_text())
    recipe["variants"][0]["damp"] = 0.1
    lacking.recipe.write_text(yaml.safe_dump(recipe))
    with pytest.raises(Refused, match="its result is on the card and is not there now"):
        update(lacking)


def test_without_a_card_there_is_nothing_to_update(releases: Releases) -> None:
    releases.run(kinds=[Kind.QUANTIZE])
    with pytest.raises(BadInput, match="no card was made") as told:
        update(releases)
    assert "hubq card render" in told.value.remedy


def test_a_card_that_never_was_is_made(releases: Releases) -> None:
    fail = {"quantize/AWQ": "rows of unequal length"}
    releases.run(StandInExecutor(fail=fail), [Kind.CARD])
    problems = {card.stage: card.problem for card in update(releases).cards}
    assert "rows of unequal length" in problems["card/AWQ"]
    # All variants are timed in one sitting, so those that were are timed again beside it.
    releases.run(kinds=[Kind.BENCH])
    cards = {card.stage: card for card in update(releases).cards}
    assert (cards["card/AWQ"].changes, cards["card/AWQ"].problem) == (None, "")
    assert cards["card/GPTQ-Int8"].changes is not None
    assert "pending" in readme(releases, "AWQ")


def command(releases: Releases, *words: str) -> Result:
    options = releases.options()
    chosen = ["--recipe", str(options.recipe), "--runs-dir", str(options.runs_dir)]
    chosen += ["--namespace", "acme", "--hub", "local", "--device", "cpu"]
    chosen += ["--interpreter", f"gptqmodel={sys.executable}"]
    return CliRunner().invoke(cli, ["card", "update", options.source, *chosen, *words])


def test_a_dry_run_writes_nothing_and_a_second_run_finds_nothing(measured: Releases) -> None:
    runs = measured.folder / "runs"
    before = {path for path in runs.rglob("*") if path.name != "lock"}
    told = command(measured, "--dry-run")
    assert told.exit_code == 0
    assert {path for path in runs.rglob("*") if path.name != "lock"} == before
    rows = [line.split() for line in told.stdout.splitlines()]
    assert ["card/AWQ", "score.AWQ.Words", "failed", "83.33"] in rows
    assert "card/GPTQ-Int8: " in told.stderr
    assert "Nothing was written" in told.stderr
    assert json.loads(command(measured, "--format", "json").stdout)["written"]
    again = command(measured)
    assert again.stdout == ""
    assert "card/AWQ: nothing changed" in again.stderr
