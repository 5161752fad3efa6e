"""The code on a release's cards is run before they are published, and what came of it is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hubq.cards.snippets import NEVER_RUN
from hubq.markdown.fences import fences
from hubq.model.card import CellState
from hubq.model.gap import Gap
from hubq.model.result import Result
from hubq.model.stage import Kind
from hubq.release import snippets
from hubq.release.snippet_tests import try_release
from hubq.release.status import load_release
from hubq.store import Store
from tests.factory import a_plan
from tests.release.releases import Releases
from tests.release.stand_in import StandInExecutor

pytestmark = pytest.mark.long

OWN = """{% extends "text.md.j2" %}
{% block extra %}
## Own

```python
print({{ differences | length }})
```
{% endblock %}
"""


def result(releases: Releases, stage: str) -> Result:
    store = Store(releases.folder / "runs")
    return store.load(load_release(releases.folder / "runs", "Small").keys[stage])


def text(releases: Releases, found: Result) -> str:
    return (Store(releases.folder / "runs").folder(found.key) / "README.md").read_text()


def test_every_fence_of_a_card_has_an_outcome_in_its_evidence(finished: Releases) -> None:
    card = result(finished, "card/AWQ")
    folder = Store(finished.folder / "runs").folder(card.key)
    known = {
        one["sha256"]: one for one in json.loads((folder / "hubq.json").read_text())["snippets"]
    }
    states = {
        fence.language: known[fence.sha256]["state"]
        for fence in fences((folder / "README.md").read_text())
        if fence.sha256 in known
    }
    assert {"ran", "checked", "not-run"} >= set(states.values())
    ran = [f for f in fences(text(finished, card)) if f.language == "python"]
    assert all(fence.sha256 in known for fence in ran)
    assert card.facts["failing_snippets"] == []


def test_a_card_says_what_became_of_its_code(finished: Releases) -> None:
    card = text(finished, result(finished, "card/AWQ"))
    assert "The code under Transformers was run on these files" in card
    assert "and printed first `red`" in card
    assert "The code under vLLM was not run on these files: the recipe does not name vLLM" in card


def test_a_release_refuses_a_card_whose_code_fails(releases: Releases) -> None:
    report = releases.run(StandInExecutor(wrong="ValueError: no such thing"))
    assert report.exit_code == 3
    gap = report.gaps["push"]
    assert gap.refused
    assert "ValueError: no such thing" in gap.reason
    failing = result(releases, "card/AWQ").facts["failing_snippets"]
    assert {one["state"] for one in failing} == {"failed"}
    assert {one["title"] for one in failing} == {"Transformers"}


def test_a_card_with_code_that_fails_is_published_when_asked_for_and_marked(
    releases: Releases,
) -> None:
    report = releases.run(StandInExecutor(wrong="ValueError: no"), allow_failing_snippets=True)
    assert report.exit_code == 0
    card = text(releases, result(releases, "card/AWQ"))
    assert "> [!WARNING]\n> The code under Transformers failed" in card
    assert "`ValueError: no`" in card


def test_code_that_was_never_run_is_no_missing_number_but_stands_in_the_way(
    releases: Releases,
) -> None:
    report = releases.run(StandInExecutor(fail={"card/AWQ/snippets": "no memory"}))
    card = result(releases, "card/AWQ")
    assert card.facts["gaps"] == {}
    said = {(one["state"], one["said"]) for one in card.facts["failing_snippets"]}
    assert said == {("not-run", "RuntimeError: no memory")}
    assert report.gaps["push"].refused
    assert "acme/Small-AWQ: 1 snippets" in report.gaps["push"].reason


def test_code_that_depends_on_scores_was_never_run(releases: Releases, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "vision-language.md.j2").write_text(OWN)
    changes: dict[str, Any] = {"templates": own, "kinds": [Kind.CARD], "variants": ("AWQ",)}
    assert releases.run(**changes).exit_code == 0
    (failing,) = result(releases, "card/AWQ").facts["failing_snippets"]
    assert (failing["state"], failing["said"], failing["title"]) == ("not-run", NEVER_RUN, "Own")


def test_speed_runs_no_code_again_and_an_earlier_runs_cards_stay_in_the_index(
    releases: Releases,
) -> None:
    releases.run(StandInExecutor(fail={"bench/sitting": "no timer"}), kinds=[Kind.CARD])
    before = result(releases, "card/AWQ").key
    releases.run(kinds=[Kind.SCORE])
    assert result(releases, "card/AWQ").key == before
    assert "bench/sitting" in load_release(releases.folder / "runs", "Small").gaps
    again = StandInExecutor()
    releases.run(again, kinds=[Kind.CARD])
    assert again.started == ["bench/sitting"]
    assert result(releases, "card/AWQ").key != before


def test_testing_a_release_runs_what_its_code_needs_and_nothing_else(releases: Releases) -> None:
    executor = StandInExecutor()
    with releases.session([Kind.CARD]) as session:
        tested, report = try_release(session, releases._watching, lambda _: executor)
    assert report.exit_code == 0
    kinds = {stage.partition("/")[0] for stage in executor.started}
    assert kinds == {"quantize", "certify", "card"}
    assert {one.card for one in tested} == {"GPTQ-Int8", "AWQ"}
    lines = [one.line for one in tested if one.card == "AWQ"]
    assert lines == sorted(lines)
    assert {one.state for one in tested} == {"ran", "checked", "not-run"}


@pytest.mark.parametrize(
    ("facts", "gaps", "said"),
    [
        ({}, {}, ""),
        ({"certify/A/vllm": {"state": "loads", "reason": ""}}, {}, ""),
        ({"certify/A/vllm": {"state": "infeasible", "reason": "no kernel"}}, {}, "no kernel"),
        ({}, {"certify/A/vllm": "broken"}, "the checkpoint has no certificate: broken"),
        ({}, {"certify/A": "broken"}, ""),
    ],
)
def test_what_an_engine_cannot_load_is_not_run_with_it(
    facts: dict[str, Any], gaps: dict[str, str], said: str
) -> None:
    stage = msgspec.structs.replace(
        a_plan().stage("card/AWQ/snippets"), backend="vllm", variant="A"
    )
    known = {n: Gap(state=CellState.FAILED, reason=reason) for n, reason in gaps.items()}
    assert snippets.unable(stage, facts, known) == said


def test_hubqs_commands_are_read_by_hubq() -> None:
    good, bad = snippets.check_commands((("hubq", "release", "x"), ("hubq", "reales", "x")))
    assert good == ""
    assert "reales" in bad
