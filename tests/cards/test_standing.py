"""The Hub gets the card's own scores, and what it cannot show rightly it does not get."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from huggingface_hub.repocard_data import model_index_to_eval_results

from hubq.cards.comparison import compare
from hubq.cards.family import Family
from hubq.cards.gathering import card_facts
from hubq.cards.metadata import front_matter, metadata_of
from hubq.cards.standing import standing_of
from hubq.markdown.lint import lint
from hubq.markdown.ownership import is_own
from hubq.model.recipe import LoadedRecipe
from hubq.model.suite import JudgeSpec
from tests.cards.factory import Factory
from tests.cards.nano import TASKS, loaded_recipe, source

VARIANT = "GPTQ-Int4"


def standing(family: Family, **changes: Any) -> list[dict[str, Any]]:
    """Return the model-index, with some entries of the comparisons changed."""
    document = compare(family, family.published)
    scores = {name: entry | changes.get(name, {}) for name, entry in document["scores"].items()}
    return standing_of(family, VARIANT, document | {"scores": scores}, "image-text-to-text")


def with_tasks(**changes: Any) -> LoadedRecipe:
    """Return the nano recipe with the first task changed."""
    loaded = loaded_recipe()
    first, *rest = loaded.suite.tasks
    tasks = (msgspec.structs.replace(first, **changes), *rest)
    suite = msgspec.structs.replace(loaded.suite, tasks=tasks)
    return msgspec.structs.replace(loaded, suite=suite)


def test_every_score_is_the_one_on_the_card(family: Family) -> None:
    (entry,) = standing(family)
    assert entry["name"] == "nano-qwen2-vl-GPTQ-Int4"
    shown = {claim.id: claim.shown for claim in card_facts(family, VARIANT).claims}
    values = {one["dataset"]["name"]: one["metrics"][0]["value"] for one in entry["results"]}
    assert {name: f"{value:.2f}" for name, value in values.items()} == {
        task: shown[f"score.{VARIANT}.{task}"] for task in TASKS
    }


def test_the_hubs_library_and_our_lint_read_it(family: Family) -> None:
    data = metadata_of(family, VARIANT, compare(family, family.published))
    name, results = model_index_to_eval_results(data["model-index"])
    assert name == "nano-qwen2-vl-GPTQ-Int4"
    assert [one.dataset_name for one in results] == list(TASKS)
    assert all(one.verified is None and one.source_name == "hubq" for one in results)
    assert is_own(data["model-index"][0])
    assert lint(front_matter(data)) == ()


def test_a_suspect_score_is_left_out_until_it_is_explained(whole: Factory) -> None:
    task = TASKS[1]
    gain = {task: {"variants": {VARIANT: {"verdict": "gain"}}, "floor": False}}
    (entry,) = standing(whole.family(), **gain)
    assert task not in [one["dataset"]["name"] for one in entry["results"]]
    explained = loaded_recipe(explained={f"{VARIANT}/{task}": "the answers are shorter"})
    (entry,) = standing(whole.family(loaded=explained), **gain)
    assert task in [one["dataset"]["name"] for one in entry["results"]]


def test_a_floor_is_said_in_the_metrics_name(family: Family) -> None:
    (entry,) = standing(family, **{TASKS[0]: {"floor": True}})
    names = [one["metrics"][0]["name"] for one in entry["results"]]
    assert names[0] == f"{TASKS[0]} (anls, %): no better than guessing"
    assert not any("guessing" in name for name in names[1:])


def test_a_draw_says_of_how_many_questions_it_is(tmp_path: Path) -> None:
    factory = Factory(tmp_path).everything()
    path = factory.folders[f"score/{VARIANT}/{TASKS[0]}"] / "scores.json"
    scores = msgspec.json.decode(path.read_bytes())
    path.write_bytes(msgspec.json.encode(scores | {"drawn": {"population": 5349}}))
    (entry,) = standing(factory.family())
    assert entry["results"][0]["metrics"][0]["name"].endswith("(anls, %, 400 of 5,349 questions)")


def test_a_harness_with_a_limit_says_that_it_drew(whole: Factory) -> None:
    loaded = with_tasks(harness="lm-eval", harness_task="docs", limit=400)
    (entry,) = standing(whole.family(loaded=loaded))
    name = entry["results"][0]["metrics"][0]["name"]
    assert name == f"{TASKS[0]} (anls, %, a draw of 400 questions)"
    assert entry["results"][0]["metrics"][0]["args"]["harness"].startswith("lm-eval ")


def test_a_data_set_of_the_hub_is_named_by_its_id(whole: Factory) -> None:
    judge = JudgeSpec(model="judge-7b", endpoint="http://127.0.0.1:1/v1", kind="vllm")
    loaded = with_tasks(address="hub:acme/docs@abc/val.tsv", judge=judge)
    (entry,) = standing(whole.family(loaded=loaded))
    first, second, *_ = entry["results"]
    assert first["dataset"] == {"name": TASKS[0], "type": "acme/docs", "revision": "abc"}
    assert first["metrics"][0]["args"]["judge"] == "judge-7b"
    assert second["dataset"] == {"name": TASKS[1], "type": "nanomath_mini"}


def test_what_was_not_measured_is_not_there(gappy: Family, family: Family) -> None:
    (entry,) = standing(gappy)
    assert "NanoMulti_VAL" not in [one["dataset"]["name"] for one in entry["results"]]
    document = compare(family, family.published)
    bare = msgspec.structs.replace(
        family, results={k: v for k, v in family.results.items() if not k.startswith("score/")}
    )
    assert standing_of(bare, VARIANT, document, "text-generation") == []


def test_without_a_repo_there_is_no_address(whole: Factory) -> None:
    (entry,) = standing(whole.family(source=source(repo=None, commit=None), repos={}))
    assert entry["name"] == f"nano-qwen2-vl-{VARIANT}"
    assert "source" not in entry["results"][0]


def test_on_an_embedded_hub_the_evidence_is_named_without_an_address(family: Family) -> None:
    (entry,) = standing(msgspec.structs.replace(family, site=""))
    assert {one["source"]["url"] for one in entry["results"]} == {"hubq.json"}
    assert is_own(entry)
    (entry,) = standing(family)
    found = {one["source"]["url"] for one in entry["results"]}
    assert found == {"https://huggingface.co/hubq/nano-qwen2-vl-GPTQ-Int4/blob/main/hubq.json"}
