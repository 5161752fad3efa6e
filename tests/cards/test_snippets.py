from __future__ import annotations

import ast
import re
from pathlib import Path

import msgspec
import pytest

from hubq.cards.family import Family
from hubq.cards.rendering import render_card
from tests.cards.factory import Factory
from tests.cards.nano import loaded_recipe

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TEMPLATES = ("vision-language.md.j2", "text.md.j2")


def snippets(family: Family, templates: tuple[Path, ...], template: str) -> list[tuple[str, str]]:
    card = msgspec.structs.replace(loaded_recipe().recipe.card, template=template)
    changed = msgspec.structs.replace(family, loaded=loaded_recipe(card=card))
    text = render_card(changed, "AWQ", templates)["README.md"].decode()
    return [(found[1], found[2]) for found in _FENCE.finditer(text)]


@pytest.mark.parametrize("template", _TEMPLATES)
def test_python_snippets_parse_and_name_the_repo(
    family: Family, templates: tuple[Path, ...], template: str
) -> None:
    found = [code for kind, code in snippets(family, templates, template) if kind == "python"]
    assert len(found) == 2
    for code in found:
        ast.parse(code)
        assert '"hubq/nano-qwen2-vl-AWQ"' in code


@pytest.mark.parametrize("template", _TEMPLATES)
def test_commands_pin_what_was_measured_with(
    family: Family, templates: tuple[Path, ...], template: str
) -> None:
    found = [code for kind, code in snippets(family, templates, template) if kind == "bash"]
    assert found[0].startswith("pip install transformers==5.23.0 optimum==2.3.0 gptqmodel==7.7.0 ")
    assert "vllm serve hubq/nano-qwen2-vl-AWQ --dtype float16\n" in found
    assert family.command + "\n" in found


def test_a_repo_name_cannot_leave_its_string(whole: Factory, templates: tuple[Path, ...]) -> None:
    repos = {"AWQ": 'a/"+exec("x")+"', "GPTQ-Int8": "a/b", "GPTQ-Int4": "a/c"}
    found = snippets(whole.family(repos=repos), templates, _TEMPLATES[0])
    trees = [ast.parse(code) for kind, code in found if kind == "python"]
    calls = [
        node.func.id
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]
    assert "exec" not in calls
