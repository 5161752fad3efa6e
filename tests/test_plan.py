"""Plans are pure; keys change with what can change a result, and with nothing else."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from hubq.model.recipe import LoadedRecipe
from hubq.model.stage import Kind, Plan
from hubq.model.suite import Engine, FidelitySpec, JudgeSpec, RepeatSpec, TaskSpec
from hubq.model.workload import Load, Price, Rounds, ServingWorkload, WarmUp
from hubq.plan import environments, make_plan, repo_names, sittings_told, targets, until
from tests.factory import a_context, a_plan, a_recipe, a_source


def with_variant(loaded: LoadedRecipe, index: int, **changes: Any) -> LoadedRecipe:
    variants = list(loaded.recipe.variants)
    variants[index] = msgspec.structs.replace(variants[index], **changes)
    recipe = msgspec.structs.replace(loaded.recipe, variants=tuple(variants))
    return msgspec.structs.replace(loaded, recipe=recipe)


def changed(before: Plan, after: Plan) -> set[str]:
    old, new = before.keys(), after.keys()
    return {name for name in old if old[name] != new[name]}


def test_every_stage_comes_after_those_it_needs() -> None:
    seen: set[str] = set()
    for stage in a_plan().stages:
        assert {need.stage for need in stage.needs} <= seen
        seen.add(stage.id)


def test_the_same_recipe_and_source_give_the_same_plan() -> None:
    assert a_plan() == a_plan()
    assert a_plan().keys() == a_plan().keys()


def test_names_and_places_are_in_no_key() -> None:
    loaded = a_recipe()
    here = make_plan(a_source(path="/here"), loaded, a_context(loaded))
    there = make_plan(a_source(path="/there", endpoint="x"), loaded, a_context(loaded))
    assert here.keys() == there.keys()


def test_an_edit_of_one_variant_runs_that_variant_again_and_the_tables() -> None:
    loaded = a_recipe()
    name = loaded.recipe.variants[1].name
    again = changed(a_plan(loaded), a_plan(with_variant(loaded, 1, damp=0.2)))
    kinds = {stage.split("/")[0] for stage in again if stage.split("/")[1:2] == [name]}
    assert kinds == {"quantize", "certify", "generate", "score", "bench", "card"}
    assert {"push", "verify"} <= again
    others = {s for s in again if name not in s.split("/")}
    # All variants take turns in one sitting, so all of them are timed again.
    kinds = {other.split("/")[0] for other in others}
    assert kinds == {"bench", "card", "push", "verify", "report"}
    assert "bench/sitting" in others


def test_a_looser_certificate_does_not_quantize_again() -> None:
    loaded = a_recipe()
    again = changed(a_plan(loaded), a_plan(with_variant(loaded, 0, max_kl=9.0)))
    name = loaded.recipe.variants[0].name
    assert f"certify/{name}" in again
    assert not {s for s in again if s.startswith(("quantize/", "generate/", "score/", "bench/"))}


def test_an_edit_of_the_card_renders_and_publishes_and_runs_nothing_else() -> None:
    again = changed(a_plan(), a_plan(templates="other"))
    assert {s.split("/")[0] for s in again} == {"card", "report", "push", "verify"}


def test_a_better_scorer_never_generates_again() -> None:
    loaded = a_recipe()
    programs = a_context(loaded).programs | {"score/hubq": "better"}
    again = changed(a_plan(loaded), a_plan(loaded, programs=programs))
    assert {s.split("/")[0] for s in again} == {"score", "card", "report", "push", "verify"}


def test_a_change_of_a_workers_code_runs_what_it_made_again() -> None:
    loaded = a_recipe()
    programs = a_context(loaded).programs | {"bench/transformers": "other"}
    again = changed(a_plan(loaded), a_plan(loaded, programs=programs))
    assert {s.split("/")[0] for s in again} == {"bench", "card", "report", "push", "verify"}


def test_another_host_is_timed_again_but_not_quantized_again() -> None:
    again = changed(a_plan(), a_plan(host="other"))
    assert not {s for s in again if s.startswith(("quantize/", "generate/"))}
    assert "bench/BF16" in again


def test_a_gap_changes_the_keys_of_what_rests_on_it_only() -> None:
    plan = a_plan()
    whole, torn = plan.keys(), plan.keys({"bench/AWQ": "oom: memory"})
    differ = {name for name in whole if whole[name] != torn[name]}
    assert "bench/AWQ" not in differ
    assert {name.split("/")[0] for name in differ} == {"card", "report", "push", "verify"}


def with_workloads(loaded: LoadedRecipe, **changes: Any) -> LoadedRecipe:
    workloads = msgspec.structs.replace(loaded.workloads, **changes)
    return msgspec.structs.replace(loaded, workloads=workloads)


SERVING = ServingWorkload(
    name="chat", input_tokens=8, output_tokens=8, loads=(Load(requests=4, concurrency=2),)
)


def served(loaded: LoadedRecipe, workload: ServingWorkload = SERVING) -> LoadedRecipe:
    recipe = msgspec.structs.replace(loaded.recipe, engines=("transformers", "vllm"))
    return with_workloads(msgspec.structs.replace(loaded, recipe=recipe), serving=(workload,))


def a_serving_plan(loaded: LoadedRecipe, **changes: Any) -> Plan:
    context = a_context(loaded)
    return a_plan(loaded, environments=context.environments | {"vllm": "v"}, **changes)


def test_all_variants_are_timed_in_one_sitting_and_each_is_measured_from_it() -> None:
    plan = a_plan()
    names = [variant.name for variant in a_recipe().recipe.variants]
    sitting = plan.stage("bench/sitting")
    assert [(need.stage, need.required) for need in sitting.needs] == [
        ("resolve", True),
        *((f"quantize/{name}", False) for name in names),
    ]
    assert (sitting.backend, sitting.variant, sitting.exclusive) == ("transformers", "", True)
    own = plan.stage(f"bench/{names[1]}")
    assert (own.backend, own.variant, own.exclusive) == ("hubq", names[1], False)
    assert own.settings == {"position": 2}
    assert [need.stage for need in own.needs] == ["bench/sitting", f"quantize/{names[1]}"]
    assert [need.stage for need in plan.stage("bench/BF16").needs] == ["bench/sitting"]


def test_a_family_without_serving_workloads_is_not_served() -> None:
    # Nor is one whose recipe does not name the engine, whatever workloads it shares with others.
    for loaded in (a_recipe(), with_workloads(a_recipe(), serving=(SERVING,))):
        assert not [s for s in a_plan(loaded).stages if "bench" in s.id and "vllm" in s.id]
        assert "vllm" not in environments(loaded, "transformers")


def test_a_family_with_serving_workloads_has_a_second_sitting() -> None:
    loaded = served(a_recipe())
    assert "vllm" in environments(loaded, "transformers")
    plan = a_serving_plan(loaded)
    sitting = plan.stage("bench/sitting/vllm")
    assert (sitting.backend, sitting.environment, sitting.exclusive) == ("vllm", "v", True)
    assert "workloads" not in sitting.settings
    assert "serving" not in plan.stage("bench/sitting").settings
    own = plan.stage("bench/AWQ/vllm")
    assert [need.stage for need in own.needs] == ["bench/sitting/vllm", "quantize/AWQ"]
    card = {need.stage: need.required for need in plan.stage("card/AWQ").needs}
    assert card["bench/AWQ"] is card["bench/AWQ/vllm"] is card["bench/BF16/vllm"] is False
    assert not [name for name in card if "sitting" in name]


def test_a_plan_says_who_takes_turns_and_how_often() -> None:
    loaded = with_workloads(served(a_recipe()), rounds=Rounds(least=3, most=9, processes=2))
    plan, context = a_serving_plan(loaded), a_context(loaded)
    told = sittings_told(plan, loaded, context)
    ending = "3 to 9 rounds each, loaded 2 times"
    assert told == {
        "bench/sitting": f"BF16 and 4 variants take turns on 3 workloads, {ending}",
        "bench/sitting/vllm": f"BF16 and 4 variants take turns on 1 load of 1 workload, {ending}",
    }
    assert sittings_told(targets(plan, [Kind.SCORE]), loaded, context) == {}


def test_a_serving_workload_times_no_plain_generation_again() -> None:
    loaded = a_recipe()
    before, after = a_plan(loaded), a_serving_plan(served(loaded))
    assert not {name for name in changed(before, after) if name.startswith("bench/")}
    other = msgspec.structs.replace(SERVING, output_tokens=9)
    again = changed(after, a_serving_plan(served(loaded, other)))
    assert {name for name in again if name.startswith("bench/")} == {
        f"bench/{name}/vllm" for name in ("sitting", "BF16", *_names(loaded))
    }


def _names(loaded: LoadedRecipe) -> list[str]:
    return [variant.name for variant in loaded.recipe.variants]


def test_a_price_or_a_title_or_a_variants_name_times_nothing_again() -> None:
    loaded = a_recipe()
    priced = with_workloads(loaded, price=Price(per_hour=2.0), title="other", name="other")
    assert not {s for s in changed(a_plan(loaded), a_plan(priced)) if s.startswith("bench/")}
    renamed = with_variant(loaded, 0, name="Other")
    old, new = a_plan(loaded).keys(), a_plan(renamed).keys()
    assert old["bench/sitting"] == new["bench/sitting"]
    assert old[f"bench/{loaded.recipe.variants[0].name}"] == new["bench/Other"]


def test_another_workload_or_rule_for_rounds_times_all_again() -> None:
    loaded = a_recipe()
    first = loaded.workloads.workloads[0]
    longer = (msgspec.structs.replace(first, output_tokens=99), *loaded.workloads.workloads[1:])
    for other in (
        with_workloads(loaded, workloads=longer),
        with_workloads(loaded, rounds=Rounds(least=2)),
        with_workloads(loaded, warm_up=WarmUp(least=3)),
    ):
        again = {s for s in changed(a_plan(loaded), a_plan(other)) if s.startswith("bench/")}
        assert again == {f"bench/{name}" for name in ("sitting", "BF16", *_names(loaded))}


def test_better_arithmetic_works_measures_out_again_and_times_nothing() -> None:
    loaded = a_recipe()
    programs = a_context(loaded).programs | {"bench/hubq": "better"}
    again = changed(a_plan(loaded), a_plan(loaded, programs=programs))
    assert "bench/sitting" not in again
    assert {"bench/BF16", *(f"bench/{name}" for name in _names(loaded))} <= again


def test_a_variant_that_could_not_be_made_leaves_the_sitting_another_key() -> None:
    plan = a_plan()
    whole, torn = plan.keys(), plan.keys({"quantize/AWQ": "failed: no"})
    assert whole["bench/sitting"] != torn["bench/sitting"]


def test_the_baseline_is_measured_like_the_variants() -> None:
    plan = a_plan()
    ids = {stage.id for stage in plan.stages}
    assert {"generate/BF16/NanoDocVQA_VAL", "score/BF16/NanoDocVQA_VAL", "bench/BF16"} <= ids
    assert not {"quantize/BF16", "card/BF16", "push/BF16", "verify/BF16"} & ids


def test_a_control_is_measured_and_never_published() -> None:
    plan = a_plan(with_variant(a_recipe(), 1, publish=False))
    name = a_recipe().recipe.variants[1].name
    ids = {stage.id for stage in plan.stages}
    assert f"bench/{name}" in ids
    assert f"card/{name}" not in ids
    assert f"card/{name}" not in {need.stage for need in plan.stage("push").needs}
    assert name not in plan.repos
    report = plan.stage("report")
    assert f"score/{name}/NanoDocVQA_VAL" in {need.stage for need in report.needs}


def test_repos_are_named_by_the_recipe() -> None:
    names = repo_names(a_recipe("qwen2-vl"), a_source(), "acme")
    assert names["GPTQ-Int4"] == "acme/Nano-GPTQ-Int4"


def test_until_leaves_out_what_comes_later() -> None:
    kinds = {stage.kind for stage in until(a_plan(), Kind.SCORE).stages}
    assert kinds == {Kind.RESOLVE, Kind.QUANTIZE, Kind.CERTIFY, Kind.GENERATE, Kind.SCORE}


@pytest.mark.parametrize(
    ("kind", "needed"),
    [
        (Kind.QUANTIZE, {Kind.RESOLVE, Kind.QUANTIZE}),
        (Kind.BENCH, {Kind.RESOLVE, Kind.QUANTIZE, Kind.BENCH}),
        (Kind.SCORE, {Kind.RESOLVE, Kind.QUANTIZE, Kind.GENERATE, Kind.SCORE}),
    ],
)
def test_a_verb_runs_its_stages_and_what_they_need(kind: Kind, needed: set[Kind]) -> None:
    assert {stage.kind for stage in targets(a_plan(), [kind]).stages} == needed


def test_publishing_the_family_waits_for_certificates_weights_and_cards() -> None:
    plan = a_plan()
    push = plan.stage("push")
    wanted = {f"{kind}/{name}" for name in plan.repos for kind in ("quantize", "certify", "card")}
    assert {need.stage for need in push.needs} == wanted
    assert push.again
    assert push.settings["repos"] == plan.repos
    assert [need.stage for need in plan.stage("verify").needs] == ["push"]


def test_a_family_of_which_nothing_is_published_has_no_publication() -> None:
    loaded = a_recipe()
    variants = tuple(msgspec.structs.replace(v, publish=False) for v in loaded.recipe.variants)
    recipe = msgspec.structs.replace(loaded.recipe, variants=variants)
    plan = a_plan(msgspec.structs.replace(loaded, recipe=recipe))
    assert not {"push", "verify"} & {stage.id for stage in plan.stages}


def with_engines(*engines: Engine) -> Plan:
    loaded = a_recipe()
    recipe = msgspec.structs.replace(loaded.recipe, engines=engines)
    return a_plan(msgspec.structs.replace(loaded, recipe=recipe))


def test_the_code_on_a_card_is_run_once_for_each_engine_before_the_card() -> None:
    plan = with_engines("transformers", "vllm")
    stages = {s.backend: s for s in plan.stages if s.id.startswith("card/AWQ/snippets")}
    assert {name: stage.id for name, stage in stages.items()} == {
        "transformers": "card/AWQ/snippets",
        "vllm": "card/AWQ/snippets/vllm",
    }
    card = plan.stage("card/AWQ")
    needs = {need.stage: need.required for need in card.needs}
    assert {stage.id: needs[stage.id] for stage in stages.values()} == {
        "card/AWQ/snippets": False,
        "card/AWQ/snippets/vllm": False,
    }
    assert not [n for n in plan.stage("report").needs if "snippets" in n.stage]
    assert {s.id for s in a_plan().stages if "snippets" in s.id} == {
        f"card/{name}/snippets" for name in a_plan().repos
    }


def test_what_code_is_run_depends_on_the_checkpoint_and_its_certificates_alone() -> None:
    stage = with_engines("transformers", "vllm").stage("card/AWQ/snippets")
    assert {need.stage: need.required for need in stage.needs} == {
        "resolve": True,
        "quantize/AWQ": True,
        "certify/AWQ": False,
        "certify/AWQ/vllm": False,
    }


def test_only_a_server_runs_alone_and_on_a_gpu_all_code_does() -> None:
    loaded = a_recipe()
    assert not a_plan().stage("card/AWQ/snippets").exclusive
    assert with_engines("transformers", "vllm").stage("card/AWQ/snippets/vllm").exclusive
    assert a_plan(loaded, device="cuda").stage("card/AWQ/snippets").exclusive


def test_to_allow_code_that_fails_publishes_again_and_runs_nothing() -> None:
    again = changed(a_plan(), a_plan(allow_failing_snippets=True))
    assert {s.split("/")[0] for s in again} == {"push", "verify"}


def test_a_better_runner_of_code_runs_it_again_and_renders_the_card() -> None:
    loaded = a_recipe()
    programs = a_context(loaded).programs | {"card/transformers": "other"}
    again = changed(a_plan(loaded), a_plan(loaded, programs=programs))
    assert {s.split("/")[0] for s in again} == {"card", "push", "verify"}


def test_a_card_waits_for_everything_but_does_without_others_results() -> None:
    card = a_plan().stage("card/AWQ")
    required = {need.stage for need in card.needs if need.required}
    assert required == {"resolve", "quantize/AWQ"}
    assert "bench/BF16" in {need.stage for need in card.needs}


def with_suite(loaded: LoadedRecipe, **changes: Any) -> LoadedRecipe:
    suite = msgspec.structs.replace(loaded.suite, **changes)
    return msgspec.structs.replace(loaded, suite=suite)


def bare(loaded: LoadedRecipe) -> LoadedRecipe:
    return with_suite(loaded, fidelity=None, repeat=None)


def test_a_scorers_choice_never_generates_again() -> None:
    loaded = bare(a_recipe())
    tasks = list(loaded.suite.tasks)
    tasks[0] = msgspec.structs.replace(tasks[0], scorer="exact", cluster="none")
    again = changed(a_plan(loaded), a_plan(with_suite(loaded, tasks=tuple(tasks))))
    assert {s.split("/")[0] for s in again} == {"score", "card", "report", "push", "verify"}


def test_the_engine_is_in_every_generate_key_and_in_no_other_work() -> None:
    loaded = bare(a_recipe())
    programs = a_context(loaded).programs | {"generate/vllm": "p"}
    environments = a_context(loaded).environments | {"vllm": "v"}
    other = a_plan(loaded, engine="vllm", programs=programs, environments=environments)
    again = changed(a_plan(loaded, programs=programs, environments=environments), other)
    assert {s.split("/")[0] for s in again} == {
        *("generate", "score", "card", "report", "push", "verify")
    }


def test_a_second_run_of_the_baseline_asks_a_part_in_another_batch_size() -> None:
    loaded = with_suite(bare(a_recipe()), repeat=RepeatSpec(items=50))
    plan = a_plan(loaded)
    first = plan.stage(f"generate/BF16/{loaded.suite.tasks[0].name}")
    again = plan.stage(f"{first.id}/repeat")
    assert again.settings["part"] == 50
    assert again.settings["batch_size"] == first.settings["batch_size"] // 2
    scored = plan.stage(f"score/BF16/{loaded.suite.tasks[0].name}/repeat")
    assert scored.needs[0].stage == again.id
    assert scored.settings["part"] == 50
    assert not [s for s in plan.stages if s.id.endswith("/repeat") and s.variant != "BF16"]


def test_a_family_in_float16_measures_the_baseline_in_its_own_precision_too() -> None:
    loaded = bare(a_recipe())
    plan = a_plan(loaded, dtype="float16")
    task = loaded.suite.tasks[0].name
    assert plan.stage(f"generate/BF16/{task}").settings["dtype"] == "float16"
    assert plan.stage(f"generate/BF16/{task}/native").settings["dtype"] == "bfloat16"
    assert not [s for s in a_plan(loaded).stages if s.id.endswith("/native")]


def test_fidelity_compares_each_variant_with_the_source() -> None:
    loaded = with_suite(bare(a_recipe()), fidelity=FidelitySpec(file="fixed.jsonl", text="w.txt"))
    known = a_context(loaded).datasets | {"fixed.jsonl": "f", "w.txt": "w"}
    plan = a_plan(loaded, datasets=known)
    name = loaded.recipe.variants[0].name
    stage = plan.stage(f"generate/{name}/fidelity")
    assert [need.stage for need in stage.needs] == ["resolve", f"quantize/{name}"]
    assert stage.settings["fidelity"]["text"] == "w"
    assert plan.stage("generate/BF16/fidelity").needs[0].stage == "resolve"
    again = changed(plan, a_plan(loaded, datasets={**known, "w.txt": "other"}))
    assert {s for s in again if s.startswith("generate/")} == {
        s.id for s in plan.stages if s.id.startswith("generate/") and s.task == "fidelity"
    }


def test_an_upstream_harness_is_the_backend_of_its_tasks() -> None:
    loaded = bare(a_recipe())
    task = TaskSpec(name="GSM8K", form="text-answer", harness="lm-eval", harness_task="gsm8k")
    context = a_context(loaded)
    plan = a_plan(
        with_suite(loaded, tasks=(*loaded.suite.tasks, task)),
        programs=context.programs | {"generate/lm-eval": "p"},
        environments=context.environments | {"lm-eval": "l"},
    )
    stage = plan.stage("generate/BF16/GSM8K")
    assert (stage.backend, stage.environment) == ("lm-eval", "l")
    assert plan.stage("score/BF16/GSM8K").settings["identity"]["harness"] == "lm-eval"
    probed = plan.stage(f"certify/{loaded.recipe.variants[0].name}").settings["tasks"]
    assert len(probed) == len(loaded.suite.tasks)


def test_where_a_judge_is_asked_is_in_no_key() -> None:
    loaded = bare(a_recipe())

    def judged(model: str = "m", endpoint: str = "http://a/v1") -> Plan:
        judge = JudgeSpec(model=model, endpoint=endpoint, kind="vllm")
        tasks = list(loaded.suite.tasks)
        tasks[0] = msgspec.structs.replace(tasks[0], judge=judge)
        return a_plan(with_suite(loaded, tasks=tuple(tasks)))

    assert not changed(judged(), judged(endpoint="http://b/v1"))
    assert changed(judged(), judged(model="other"))


def test_what_is_in_a_harness_folder_counts_and_where_it_is_does_not() -> None:
    loaded = bare(a_recipe())
    context = a_context(loaded)
    programs = context.programs | {"generate/lm-eval": "p"}
    environments = context.environments | {"lm-eval": "l"}

    def planned(folder: str, digest: str) -> Plan:
        task = TaskSpec(
            name="Own",
            form="text-answer",
            harness="lm-eval",
            harness_task="own",
            harness_options={"include_path": folder, "num_fewshot": 2},
        )
        return a_plan(
            with_suite(loaded, tasks=(task,)),
            programs=programs,
            environments=environments,
            datasets=context.datasets | {folder: digest},
        )

    assert not changed(planned("/a", "same"), planned("/b", "same"))
    assert "generate/BF16/Own" in changed(planned("/a", "same"), planned("/a", "other"))
    options = planned("/a", "same").stage("generate/BF16/Own").settings["task"]["harness_options"]
    assert options == {"num_fewshot": 2}
