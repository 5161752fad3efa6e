from __future__ import annotations

from typing import Any

import msgspec

from hubq.cards.family import Family
from hubq.cards.gathering import card_facts, report_facts
from hubq.model.card import CellState
from hubq.model.gap import Gap
from tests.cards.factory import Factory
from tests.cards.nano import loaded_recipe, source, with_serving
from tests.cards.timings import told


def gaps(family: Family, start: str = "") -> list[str]:
    found = card_facts(family, "GPTQ-Int4").coverage
    return [text for text in found if text.startswith(f"**{start}")]


def test_a_missing_score_is_named_with_state_reason_and_command(gappy: Family) -> None:
    (said,) = gaps(gappy, "GPTQ-Int4 on NanoMulti")
    assert said == (
        "**GPTQ-Int4 on NanoMulti_VAL** (OOM): Scoring ran out of memory: the batch was too "
        "large. It needs more memory, or a smaller `batch_size` in the suite: `hubq evaluate "
        "hubq/nano-qwen2-vl --recipe nano --variant GPTQ-Int4 --task NanoMulti_VAL`."
    )


def test_a_variant_that_was_not_made_is_one_gap(gappy: Family) -> None:
    (said,) = [text for text in gaps(gappy) if "AWQ" in text]
    assert said.startswith("**AWQ** (failed): Quantizing failed: calibration rows of unequal")
    assert said.endswith("`hubq release hubq/nano-qwen2-vl --recipe nano --variant AWQ`.")


def test_scores_missing_for_one_reason_are_one_gap(whole: Factory) -> None:
    gap = Gap(state=CellState.FAILED, reason="it broke")
    lost = {f"score/AWQ/{task.name}": gap for task in whole.loaded.suite.tasks}
    (said,) = gaps(whole.family(gaps=lost), "AWQ on")
    assert said.startswith("**AWQ on every task** (failed): Scoring failed: it broke.")
    assert said.endswith("`hubq evaluate hubq/nano-qwen2-vl --recipe nano --variant AWQ`.")


def test_variants_that_lack_the_same_are_named_together(whole: Factory) -> None:
    gap = Gap(state=CellState.PENDING, reason="Not run yet.")
    family = whole.family(gaps={f"score/{n}/NanoMath_MINI": gap for n in ("GPTQ-Int8", "AWQ")})
    (said,) = gaps(family, "GPTQ-Int8 and AWQ")
    assert said.startswith("**GPTQ-Int8 and AWQ on NanoMath_MINI** (pending): Not run yet.")
    assert "--variant GPTQ-Int8 --variant AWQ --task NanoMath_MINI" in said


def test_a_missing_speed_names_the_bench(gappy: Family) -> None:
    (said,) = gaps(gappy, "Speed of GPTQ-Int8")
    assert "(pending): Waiting for a free GPU." in said
    assert "`hubq bench run hubq/nano-qwen2-vl --recipe nano --variant GPTQ-Int8`" in said


def test_a_workload_that_did_not_fit_is_named_with_what_it_needs(family: Family) -> None:
    lost = told(
        family, "AWQ", states={"text": "measured", "image": "oom"}, why={"image": "No room"}
    )
    (said,) = [text for text in card_facts(lost, "GPTQ-Int4").coverage if "on image" in text]
    assert said == (
        "**Speed of AWQ on image** (OOM): No room. It needs more memory, or smaller workloads: "
        "`hubq bench run hubq/nano-qwen2-vl --recipe nano --variant AWQ`."
    )


def test_a_workload_that_took_too_long_is_named_with_the_limit(family: Family) -> None:
    states, why = {"text": "measured", "image": "timeout"}, {"image": "a call took longer than 9 s"}
    lost = told(family, "AWQ", states=states, why=why)
    (said,) = [text for text in card_facts(lost, "GPTQ-Int4").coverage if "on image" in text]
    assert said.startswith(
        "**Speed of AWQ on image** (timeout): A call took longer than 9 s. It needs a larger "
        "`limit_seconds` in the workloads, or smaller ones: `hubq bench run "
    )


def test_workloads_missing_for_one_reason_are_one_gap(family: Family) -> None:
    states, why = {"text": "failed", "image": "failed"}, {"text": "It broke", "image": "It broke"}
    lost = told(told(family, "AWQ", states=states, why=why), "BF16", states=states, why=why)
    (said,) = [text for text in card_facts(lost, "GPTQ-Int4").coverage if "It broke" in text]
    assert said.startswith("**Speed of BF16 and AWQ** (failed): It broke.")


def test_a_server_that_was_not_up_is_named_with_its_engine(whole_served: Factory) -> None:
    gap = Gap(state=CellState.INFEASIBLE, reason="no build for this device")
    lost = {f"bench/{name}/vllm": gap for name in ("BF16", "GPTQ-Int8", "GPTQ-Int4", "AWQ")}
    (said,) = gaps(whole_served.family(gaps=lost), "Speed in vLLM")
    assert said.startswith(
        "**Speed in vLLM of BF16, GPTQ-Int8, GPTQ-Int4 and AWQ** (infeasible): Timing cannot be "
        "done here: no build for this device."
    )


def test_servers_that_were_not_asked_for_are_a_gap(whole: Factory) -> None:
    assert gaps(whole.family(), "Serving") == [
        "**Serving** was not measured: the recipe's workloads put no server under load."
    ]
    loaded = with_serving(loaded_recipe())
    plain = msgspec.structs.replace(loaded.recipe, engines=("transformers",))
    family = whole.family(loaded=msgspec.structs.replace(loaded, recipe=plain))
    assert gaps(family, "Serving") == [
        "**Serving** was not measured: the recipe does not list vLLM under `engines`."
    ]


def test_a_command_that_chose_is_narrowed_anew(whole: Factory) -> None:
    gap = Gap(state=CellState.FAILED, reason="it broke")
    family = whole.family(
        gaps={"score/AWQ/NanoMath_MINI": gap},
        command="hubq release a/b --variant GPTQ-Int4 --variant AWQ --task NanoMath_MINI",
    )
    (said,) = gaps(family, "AWQ on")
    assert said.endswith("`hubq evaluate a/b --variant AWQ --task NanoMath_MINI`.")
    assert gaps(family, "Other tasks")
    assert gaps(family, "Other variants")


def test_a_hostile_reason_starts_nothing_and_shows_no_path(whole: Factory) -> None:
    gap = Gap(state=CellState.FAILED, reason="<script> in /home/ann/secret/log.txt | *x*")
    (said,) = gaps(whole.family(gaps={"bench/AWQ": gap}), "Speed of AWQ")
    assert "&lt;script&gt;" in said
    assert "/home/ann" not in said
    assert "*x*" not in said


def test_a_speed_of_a_cpu_leaves_the_gpu_open(family: Family) -> None:
    assert "was not measured" in gaps(family, "Speed on a GPU")[0]


def test_controls_are_missing_from_cards_and_not_from_the_report(family: Family) -> None:
    assert gaps(family, "Controls")
    assert not any("Controls" in text for text in report_facts(family).coverage)
    assert "RTN-Int3" not in " ".join(gaps(family))


def test_an_engine_that_nothing_was_tried_in_is_named(family: Family) -> None:
    assert "no variant was tried in it" in gaps(family, "vLLM")[0]


def tried(whole: Factory, facts: dict[str, Any] | None) -> Family:
    family = whole.family(loaded=loaded_recipe(engines=("transformers", "vllm")))
    if facts is not None:
        for name in family.published:
            result = family.results[f"certify/{name}"]
            family.results[f"certify/{name}/vllm"] = msgspec.structs.replace(result, facts=facts)
    return family


def test_an_engine_that_cannot_run_a_variant_says_why(whole: Factory) -> None:
    facts = {"state": "infeasible", "reason": "no kernel for 8 bits"}
    (said,) = gaps(tried(whole, facts), "GPTQ-Int8 in vLLM")
    assert said == "**GPTQ-Int8 in vLLM** (infeasible): No kernel for 8 bits."


def test_an_engine_that_was_to_be_tried_and_was_not_is_a_gap(whole: Factory) -> None:
    found = gaps(tried(whole, None), "AWQ in vLLM")
    assert found[0].endswith("`hubq certify hubq/nano-qwen2-vl --recipe nano --variant AWQ`.")
    assert gaps(tried(whole, {"state": "loads"}), "AWQ in vLLM") == []


def test_what_the_suite_does_not_ask_for_is_said(whole: Factory) -> None:
    loaded = loaded_recipe()
    suite = msgspec.structs.replace(loaded.suite, fidelity=None, repeat=None)
    family = whole.family(loaded=msgspec.structs.replace(loaded, suite=suite))
    assert gaps(family, "Fidelity")
    assert gaps(family, "Noise floor")
    assert gaps(whole.family(), "Fidelity") == []


def test_the_vision_tower_is_a_gap_of_models_that_have_one(whole: Factory) -> None:
    assert gaps(whole.family(), "The vision tower")
    text = whole.family(source=source(config={"model_type": "qwen2"}))
    assert gaps(text, "The vision tower") == []
    assert gaps(text, "Other models")
