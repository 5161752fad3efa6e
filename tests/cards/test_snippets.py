from __future__ import annotations

import ast
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hubq.cards.family import Family
from hubq.cards.gathering import card_facts
from hubq.cards.ledger import Ledger
from hubq.cards.rendering import render_card
from hubq.cards.scripts import Script, scripts_of
from hubq.cards.show import trace
from hubq.cards.snippets import draft_of, failing_of, outcomes_of, snippet_stage
from hubq.markdown.fences import Fence, fences
from hubq.model.card import Evidence
from hubq.model.result import Collected
from hubq.model.stage import Kind
from hubq.release import snippets
from tests.cards.factory import Factory
from tests.cards.nano import loaded_recipe

_TEMPLATES = ("vision-language.md.j2", "text.md.j2")
Templates = tuple[Path, ...]


def card(family: Family, templates: Templates, template: str = _TEMPLATES[0]) -> str:
    spec = msgspec.structs.replace(loaded_recipe().recipe.card, template=template)
    changed = msgspec.structs.replace(family, loaded=loaded_recipe(card=spec))
    return render_card(changed, "AWQ", templates, charts=False)["README.md"].decode()


def programs(text: str) -> list[Script]:
    return [one for one in scripts_of(text) if one.kind in {"python", "server"}]


def python(script: Script) -> str:
    return "".join(fence.code for fence in script.fences if fence.language == "python")


@pytest.mark.parametrize("template", _TEMPLATES)
def test_python_snippets_parse_and_name_the_repo(
    family: Family, templates: Templates, template: str
) -> None:
    found = programs(card(family, templates, template))
    assert [one.kind for one in found] == ["python", "server"]
    for script in found:
        ast.parse(python(script))
        assert '"hubq/nano-qwen2-vl-AWQ"' in python(script)


@pytest.mark.parametrize("template", _TEMPLATES)
def test_commands_pin_what_was_measured_with(
    family: Family, templates: Templates, template: str
) -> None:
    text = card(family, templates, template)
    found = {one.kind: one for one in scripts_of(text)}
    pinned = ("transformers==5.23.0", "optimum==2.3.0", "gptqmodel==7.7.0")
    assert found["install"].requirements[:3] == pinned
    served = ("vllm", "serve", "hubq/nano-qwen2-vl-AWQ", "--dtype", "float16")
    assert found["server"].command == served
    commands = {words for one in scripts_of(text) for words in one.commands}
    assert tuple(family.command.split()) in commands


def test_a_repo_name_cannot_leave_its_string(whole: Factory, templates: Templates) -> None:
    repos = {"AWQ": 'a/"+exec("x")+"', "GPTQ-Int8": "a/b", "GPTQ-Int4": "a/c"}
    text = card(whole.family(repos=repos), templates)
    trees = [ast.parse(fence.code) for fence in fences(text) if fence.language == "python"]
    calls = [
        node.func.id
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]
    assert trees
    assert "exec" not in calls


@pytest.mark.parametrize("template", _TEMPLATES)
def test_the_code_on_a_draft_is_the_code_on_the_card(
    family: Family, templates: Templates, template: str
) -> None:
    whole = card(family, templates, template)
    draft = card(draft_of(family, "AWQ"), templates, template)
    assert draft != whole

    def code(text: str) -> list[tuple[str, str]]:
        return [(f.language, f.code) for f in fences(text) if "hubq show" not in f.code]

    assert code(draft) == code(whole)


def test_a_draft_knows_of_nothing_that_is_measured(family: Family) -> None:
    draft = draft_of(family, "AWQ")
    assert set(draft.results) == {"quantize/AWQ", "certify/AWQ"}
    assert set(draft.results) == set(draft.folders) == set(draft.environments)


Tell = Callable[[Script, Fence], dict[str, Any]]


def run(factory: Factory, text: str, tell: Tell, engine: str = "transformers") -> Family:
    """Return a family of which the code on AWQ's card was run."""
    scripts = []
    for script in scripts_of(text):
        told = [{**tell(script, fence), "seconds": 2.5} for fence in script.fences]
        known = [
            {"sha256": f.sha256, "language": f.language, "title": f.title, "line": f.line, **said}
            for f, said in zip(script.fences, told, strict=True)
        ]
        scripts.append({"kind": script.kind, "seconds": 12.25, "fences": known})
    task = snippet_stage("AWQ", engine).removeprefix("card/AWQ/")
    files = {"snippets.json": json.dumps({"schema": 1, "scripts": scripts})}

    def collect(work: Path, out: Any) -> Collected:
        return snippets.collect(work, out)

    factory.commit(Kind.CARD, "AWQ", {}, collect, files, task=task)
    return factory.family()


def says(state: str, said: str, *, kinds: tuple[str, ...] = ("python", "server")) -> Tell:
    def tell(script: Script, _fence: Fence) -> dict[str, Any]:
        if script.kind in kinds:
            return {"state": state, "said": said}
        return {"state": "checked", "said": "as it should be"}

    return tell


@pytest.fixture
def factory(tmp_path: Path) -> Factory:
    """Return a factory of AWQ's checkpoint and certificate alone."""
    made = Factory(tmp_path)
    made.quantize("AWQ")
    made.certify("AWQ")
    return made


def test_what_ran_is_told_with_time_hardware_and_answer(
    factory: Factory, templates: Templates
) -> None:
    text = card(factory.family(), templates)
    family = run(factory, text, says("ran", "a *cat* | `3`"))
    found = outcomes_of(family, "AWQ")
    assert {one.environment for one in found.values()} == {"", "Transformers 5.23.0"}
    told = card(family, templates)
    assert "The code under Transformers was run on these files with Transformers 5.23.0" in told
    assert "printed first `` a *cat* | `3` ``" in told
    assert "[!WARNING]" not in told.partition("How to use it")[2]
    assert failing_of(told, found) == ()


def test_seconds_are_claims(factory: Factory, templates: Templates) -> None:
    family = run(factory, card(factory.family(), templates), says("ran", "3"))
    ledger = Ledger(family, card_facts(family, "AWQ").comparison)
    found = outcomes_of(family, "AWQ", ledger).values()
    took = {one.took.id: one.took.shown for one in found if one.took}
    assert set(took.values()) == {"12.2"}
    ready = [one.ready for one in found if one.ready]
    assert {claim.shown for claim in ready} == {"2.5"}
    assert {claim.file for claim in ready} == {"snippets.json"}
    assert all(
        claim.key in {r.key for r in family.results.values()} for claim in ledger.claims[-2:]
    )


def test_the_seconds_on_a_card_are_borne_out(
    factory: Factory, templates: Templates, tmp_path: Path
) -> None:
    family = run(factory, card(factory.family(), templates), says("ran", "3"))
    files = render_card(family, "AWQ", templates, charts=False)
    told = files["README.md"].decode()
    assert "; the server answered after 2.5 s, all of it took 12.2 s and printed first `3`." in told
    assert "; it took 12.2 s and printed first `3`." in told
    evidence = msgspec.json.decode(files["hubq.json"], type=Evidence)
    claims = [claim.id for claim in evidence.claims if claim.id.startswith("snippet.")]
    assert len(claims) == 3
    for claim in claims:
        found = trace(evidence, claim, factory.store.folder)
        assert found.agrees
        assert found.stage == "card/AWQ/snippets"


def test_what_failed_is_marked(factory: Factory, templates: Templates) -> None:
    text = card(factory.family(), templates)
    family = run(factory, text, says("failed", "ValueError: `x` | <b>"))
    told = card(family, templates)
    assert "> [!WARNING]\n> The code under Transformers failed" in told
    assert "``ValueError: `x` | <b>``" in told
    failing = failing_of(told, outcomes_of(family, "AWQ"))
    assert {(one.state, one.said) for one in failing} == {("failed", "ValueError: `x` | <b>")}
    assert [one.line for one in failing] == sorted(one.line for one in failing)
    assert all(fences(told)[0].line <= one.line for one in failing)


def test_what_was_not_run_says_why_and_stands_in_nobodys_way(
    factory: Factory, templates: Templates
) -> None:
    text = card(factory.family(), templates)
    family = run(factory, text, says("not-run", "no kernel for <this>."))
    told = card(family, templates)
    assert "The code under vLLM was not run on these files: no kernel for &lt;this&gt;." in told
    assert failing_of(told, outcomes_of(family, "AWQ")) == ()


def test_what_nobody_has_run_stands_in_the_way(factory: Factory, templates: Templates) -> None:
    told = card(factory.family(), templates)
    failing = failing_of(told, {}, {"vllm": "no memory"})
    assert {one.title for one in failing} == {"Transformers", "vLLM"}
    assert {one.said for one in failing if one.title == "vLLM"} == {"no memory"}
    assert {one.language for one in failing} == {"python", "bash"}
    only = failing_of(told, {}, engines=["transformers"])
    assert {one.title for one in only} == {"Transformers"}


def test_install_commands_that_do_not_fit_are_marked(
    factory: Factory, templates: Templates
) -> None:
    text = card(factory.family(), templates)
    said = "optimum 1.0 is installed, ==2.3.0 is asked for"
    family = run(factory, text, says("failed", said, kinds=("install",)))
    told = card(family, templates)
    assert (
        f"> The code under How to use it failed when it was tried on these files: `{said}`" in told
    )


def test_evidence_holds_the_run_of_the_cards_own_code_alone(
    factory: Factory, templates: Templates
) -> None:
    family = run(factory, card(factory.family(), templates), says("ran", "3"))
    files = render_card(family, "AWQ", templates, charts=False)
    evidence = json.loads(files["hubq.json"])
    stages = {result["stage"] for result in evidence["results"].values()}
    assert "card/AWQ/snippets" in stages
    assert {one["state"] for one in evidence["snippets"]} == {"ran", "checked"}
