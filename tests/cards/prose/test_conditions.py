from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from hubq.cards.family import Family
from hubq.cards.gathering import card_facts
from hubq.cards.locks import own_lock
from hubq.model.result import Collected
from hubq.model.stage import Kind
from hubq.model.suite import JudgeSpec
from tests.cards.factory import Factory
from tests.cards.nano import STACK, loaded_recipe, source
from tests.cards.reading import texts


def said(family: Family, title: str) -> list[str]:
    found = texts(card_facts(family, "AWQ").caveats)
    return [text for text in found if text.startswith(f"**{title}")]


def test_the_scope_of_a_model_that_sees_is_said(whole: Factory) -> None:
    assert "Only the linear layers of the language model" in said(whole.family(), "Scope")[0]
    blind = whole.family(source=source(config={"model_type": "qwen2"}))
    assert said(blind, "Scope") == []


def with_limits(
    whole: Factory, limits: dict[str, int], processor: dict[str, Any] | None = None
) -> Family:
    """Return a family whose first task has pixel limits of its own."""
    loaded = loaded_recipe()
    first, *rest = loaded.suite.tasks
    task = msgspec.structs.replace(first, **limits)
    suite = msgspec.structs.replace(loaded.suite, tasks=(task, *rest))
    return whole.family(
        loaded=msgspec.structs.replace(loaded, suite=suite), processor=processor or {}
    )


@pytest.fixture
def limited(whole: Factory, tmp_path: Path) -> Family:
    """Return a family whose first task was run with the limits that its suite gives."""
    limits = {"min_pixels": 1_003_520, "max_pixels": 12_845_056}
    family, stage = with_limits(whole, limits), "generate/BF16/NanoDocs_VAL"
    again = Factory(tmp_path)
    settings = {"task": limits}
    again.commit(
        Kind.GENERATE, "BF16", settings, lambda _work, _out: Collected(), {}, task="NanoDocs_VAL"
    )
    family.results[stage], family.folders[stage] = again.results[stage], again.folders[stage]
    return family


def test_other_pixel_limits_than_the_sources_are_said_with_the_limits(limited: Family) -> None:
    (caveat,) = said(limited, "Pictures")
    assert (
        "scaled to at least 1,003,520 and at most 12,845,056 pixels on NanoDocs_VAL, as the suite"
    ) in caveat


@pytest.mark.parametrize(
    "processor",
    [
        {"min_pixels": 1_003_520, "max_pixels": 12_845_056},
        {"size": {"shortest_edge": 1_003_520, "longest_edge": 12_845_056}},
    ],
)
def test_limits_that_are_the_sources_own_need_no_caveat(
    limited: Family, processor: dict[str, Any]
) -> None:
    assert said(msgspec.structs.replace(limited, processor=processor), "Pictures") == []
    other = {**processor, "min_pixels": 3_136}
    assert said(msgspec.structs.replace(limited, processor=other), "Pictures")


def test_tasks_without_limits_need_no_caveat(family: Family) -> None:
    assert said(family, "Pictures") == []


def run_on(whole: Factory, name: str, kernels: dict[str, int]) -> Family:
    family = whole.family()
    result = family.results[f"bench/{name}"]
    facts = {**result.facts, "kernels": kernels}
    family.results[f"bench/{name}"] = msgspec.structs.replace(result, facts=facts)
    return family


def test_a_kernel_that_unpacks_with_plain_operations_is_named(whole: Factory) -> None:
    (caveat,) = said(run_on(whole, "GPTQ-Int8", {"TorchLinear": 28, "Linear": 11}), "Kernels")
    assert caveat.startswith("**Kernels.** GPTQ-Int8 ran on `TorchLinear`, which unpacks")


def test_weights_that_unpacked_themselves_are_named(whole: Factory) -> None:
    (caveat,) = said(run_on(whole, "AWQ", {"Linear (pack-quantized)": 28}), "Kernels")
    assert "AWQ unpacked its weights before the first answer" in caveat


def test_kernels_for_packed_weights_need_no_caveat(family: Family) -> None:
    assert said(family, "Kernels") == []


def in_interpreter(whole: Factory, *, external: bool, **versions: str) -> Family:
    packages = tuple(
        msgspec.structs.replace(package, version=versions.get(package.name, package.version))
        for package in STACK.installed.packages
    )
    installed = msgspec.structs.replace(STACK.installed, packages=packages)
    stack = msgspec.structs.replace(STACK, external=external, installed=installed)
    family = whole.family()
    changed = {"generate/BF16/NanoDocs_VAL": msgspec.to_builtins(stack)}
    return msgspec.structs.replace(family, environments=family.environments | changed)


def test_a_newer_environment_is_said_with_both_versions(whole: Factory) -> None:
    lock = own_lock("gptqmodel", "cpu")
    assert lock is not None
    known = lock.versions["transformers"]
    family = in_interpreter(whole, external=True, transformers="99.1.0")
    (caveat,) = said(family, "Environment")
    assert f"Transformers `99.1.0` (newer than `{known}`)" in caveat
    assert "PyTorch" not in caveat


def test_an_older_one_is_called_older(whole: Factory) -> None:
    family = in_interpreter(whole, external=True, gptqmodel="1.0.0")
    assert "GPTQModel `1.0.0` (older than" in said(family, "Environment")[0]


def test_environments_that_hubq_built_need_no_caveat(whole: Factory) -> None:
    assert said(in_interpreter(whole, external=False, transformers="99.1.0"), "Environment") == []


def test_a_judge_is_text_and_nothing_else(whole: Factory) -> None:
    loaded = loaded_recipe()
    judge = JudgeSpec(model="<script>x</script>", endpoint="http://localhost/v1", kind="a|b")
    tasks = tuple(msgspec.structs.replace(task, judge=judge) for task in loaded.suite.tasks)
    suite = msgspec.structs.replace(loaded.suite, tasks=tasks)
    family = whole.family(loaded=msgspec.structs.replace(loaded, suite=suite))
    for name in [name for name in family.results if name.startswith("score/BF16/")]:
        del family.results[name]
    assert all("<script>" not in task.scorer for task in card_facts(family, "AWQ").tasks)
