from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from hubq.cards.comparison import compare
from hubq.cards.family import Family
from hubq.cards.gathering import card_facts, report_facts
from hubq.cards.rendering import render_card
from hubq.evaluate.samples import Sample
from tests.cards.factory import Factory, made_up_samples
from tests.cards.nano import loaded_recipe
from tests.cards.reading import cell_text, texts

TASK = "NanoMath_MINI"


def two(folder: Path, baseline: list[float], variant: list[float], **changes: Any) -> Family:
    """Return a family with one variant and one task, scored as given."""
    loaded = loaded_recipe(variants=loaded_recipe().recipe.variants[1:2])
    tasks = (msgspec.structs.replace(loaded.suite.tasks[1], **changes),)
    suite = msgspec.structs.replace(loaded.suite, tasks=tasks)
    factory = Factory(folder, msgspec.structs.replace(loaded, suite=suite))
    factory.quantize("GPTQ-Int4")
    for name, scores in (("BF16", baseline), ("GPTQ-Int4", variant)):
        factory.score(name, TASK, samples(scores))
    return factory.family()


def samples(scores: list[float]) -> tuple[Sample, ...]:
    first = made_up_samples("BF16", TASK)[0]
    return tuple(
        msgspec.structs.replace(
            first, key=f"q{number}", cluster=f"c{number}", prompt_hash=f"h{number}", score=score
        )
        for number, score in enumerate(scores)
    )


def pair(family: Family) -> dict[str, Any]:
    found: dict[str, Any] = compare(family, ("GPTQ-Int4",))["scores"][TASK]["variants"]["GPTQ-Int4"]
    return found


def test_a_clear_loss_is_a_loss(tmp_path: Path) -> None:
    family = two(tmp_path, [1.0] * 90 + [0.0] * 10, [1.0] * 60 + [0.0] * 40)
    assert pair(family)["verdict"] == "loss"
    assert pair(family)["lost"] == 30
    assert pair(family)["delta"] == pytest.approx(-0.3)


def test_a_clear_gain_is_suspect(tmp_path: Path) -> None:
    family = two(tmp_path, [1.0] * 60 + [0.0] * 40, [1.0] * 90 + [0.0] * 10)
    assert pair(family)["verdict"] == "gain"
    facts = card_facts(family, "GPTQ-Int4")
    assert (
        cell_text(facts.scores[0].rows[1].cells[0])
        == "90.00 (+30.00\N{NO-BREAK SPACE}▲) (suspect)†"
    )
    assert facts.footnotes[0]["sign"] == "†"
    assert facts.footnotes[0]["cells"][0] == f"score.GPTQ-Int4.{TASK}"
    assert "better than BF16" in facts.footnotes[0]["text"]


def test_no_flips_in_many_items_stay_within_the_margin(tmp_path: Path) -> None:
    scores = [1.0] * 200 + [0.0] * 100
    assert pair(two(tmp_path, scores, scores))["verdict"] == "within"


def test_no_flips_in_few_items_decide_nothing(tmp_path: Path) -> None:
    scores = [1.0] * 20 + [0.0] * 10
    found = pair(two(tmp_path, scores, scores))
    assert found["verdict"] == "open"
    assert found["detectable"] is None


def test_other_prompts_are_not_compared(tmp_path: Path) -> None:
    family = two(tmp_path / "a", [1.0, 0.0, 1.0], [1.0, 0.0, 1.0])
    factory = Factory(tmp_path / "b", family.loaded)
    factory.quantize("GPTQ-Int4")
    factory.score("BF16", TASK, samples([1.0, 0.0, 1.0]))
    other = tuple(msgspec.structs.replace(s, prompt_hash="other") for s in samples([1.0, 0.0, 1.0]))
    factory.score("GPTQ-Int4", TASK, other)
    facts = card_facts(factory.family(), "GPTQ-Int4")
    assert cell_text(facts.scores[0].rows[1].cells[0]) == "66.67¹"
    assert facts.footnotes[0]["state"] == "not-comparable"
    assert "Not compared with BF16: the prompts of 3 items differ." in facts.footnotes[0]["text"]
    assert facts.differences == ()
    assert facts.scores[0].rows[1].average is None


def test_a_baseline_no_better_than_guessing_is_a_floor(tmp_path: Path) -> None:
    family = two(tmp_path, [1.0] * 25 + [0.0] * 75, [1.0] * 20 + [0.0] * 80, chance=0.25)
    facts = card_facts(family, "GPTQ-Int4")
    assert facts.footnotes[0]["state"] == "floor"
    assert facts.verdicts[0].sentences == ()
    assert any("guessing scores 25.00" in caveat for caveat in texts(facts.caveats))


def test_a_task_at_the_floor_is_left_out_of_averages(whole: Factory) -> None:
    loaded = loaded_recipe()
    tasks = list(loaded.suite.tasks)
    tasks[3] = msgspec.structs.replace(tasks[3], chance=0.99)
    suite = msgspec.structs.replace(loaded.suite, tasks=tuple(tasks))
    family = whole.family(loaded=msgspec.structs.replace(loaded, suite=suite))
    averages = compare(family, ("AWQ",))["averages"]
    assert averages["AWQ"]["tasks"] == 4
    facts = card_facts(family, "AWQ")
    assert facts.verdicts[0].overall.startswith("Over all tasks above the floor together, AWQ")


def test_a_loss_smaller_than_the_margin_is_both(tmp_path: Path) -> None:
    family = two(tmp_path, [1.0] * 3000, [1.0] * 2980 + [0.0] * 20)
    found = pair(family)
    assert (found["verdict"], found["non_inferiority"]) == ("loss", "non-inferior")
    facts = card_facts(family, "GPTQ-Int4")
    said = texts(facts.verdicts[0].sentences)[0]
    assert said.endswith("which is less than the 2.00 points that were declared to matter.")
    assert any(
        caveat.startswith("**Ceiling.** BF16 scores 100.00") for caveat in texts(facts.caveats)
    )


def test_items_of_one_cluster_are_not_compared(tmp_path: Path) -> None:
    family = two(tmp_path / "a", [1.0, 0.0], [1.0, 0.0])
    factory = Factory(tmp_path / "b", family.loaded)
    one = tuple(msgspec.structs.replace(s, cluster="c") for s in samples([1.0, 0.0]))
    for name in ("BF16", "GPTQ-Int4"):
        factory.score(name, TASK, one)
    found = pair(factory.family())
    assert found["comparable"] is False
    assert "share one image" in found["reason"]


def test_items_that_decide_nothing_on_several_tasks_are_said_at_once(tmp_path: Path) -> None:
    loaded = loaded_recipe(variants=loaded_recipe().recipe.variants[1:2])
    suite = msgspec.structs.replace(loaded.suite, tasks=loaded.suite.tasks[:2])
    factory = Factory(tmp_path, msgspec.structs.replace(loaded, suite=suite))
    factory.quantize("GPTQ-Int4")
    for task in suite.tasks:
        factory.score("BF16", task.name, samples([1.0] * 20 + [0.0] * 10))
        factory.score("GPTQ-Int4", task.name, samples([1.0] * 19 + [0.0] * 11))
    sentence = card_facts(factory.family(), "GPTQ-Int4").verdicts[0].sentences[0]
    assert sentence.startswith("These items cannot separate GPTQ-Int4 from BF16 on NanoDocs_VAL (")


def test_holm_runs_over_published_variants_and_over_each_control_by_itself(
    family: Family,
) -> None:
    card = compare(family, family.published)
    report = compare(family, (*family.published, *family.controls))
    for task, entry in card["scores"].items():
        for name, found in entry["variants"].items():
            assert report["scores"][task]["variants"][name] == found
    assert card["compared"] == report["compared"] == 15


def test_recovery_is_the_ratio_of_averages(family: Family) -> None:
    averages = compare(family, family.published)["averages"]
    scores = [family.results[f"score/AWQ/{t.name}"].measure("score").value for t in family.tasks]
    base = [family.results[f"score/BF16/{t.name}"].measure("score").value for t in family.tasks]
    assert averages["AWQ"]["recovery"] == pytest.approx(sum(scores) / sum(base))
    assert averages["AWQ"]["low"] < averages["AWQ"]["delta"] < averages["AWQ"]["high"]


def test_a_missing_score_leaves_no_average(gappy: Family) -> None:
    assert list(compare(gappy, gappy.published)["averages"]) == ["BF16", "GPTQ-Int8"]


def test_a_control_is_told_apart(family: Family) -> None:
    found = [d for d in report_facts(family).differences if d.variant == "RTN-Int3"]
    assert {d.verdict for d in found} == {"loss"}


def test_scores_of_two_harnesses_never_stand_in_one_table(
    whole: Factory, templates: tuple[Path, ...]
) -> None:
    loaded = loaded_recipe()
    *rest, last = loaded.suite.tasks
    other = msgspec.structs.replace(last, harness="lm-eval", harness_task="text")
    suite = msgspec.structs.replace(loaded.suite, tasks=(*rest, other))
    family = whole.family(loaded=msgspec.structs.replace(loaded, suite=suite))
    tables = card_facts(family, "AWQ").scores
    assert [(table.harness, len(table.tasks)) for table in tables] == [("hubq", 4), ("lm-eval", 1)]
    assert all(row.average is None for row in tables[1].rows)
    assert compare(family, family.published)["averages"]["AWQ"]["tasks"] == 4
    text = render_card(family, "AWQ", templates)["README.md"].decode()
    assert "By hubq's own runner:" in text
    assert "By lm-eval:" in text
