from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import yaml

from hubq.markdown import frontmatter
from hubq.markdown.frontmatter import check, parse
from tests.rows import each_row


def _card(yaml: str) -> str:
    return f"---\n{yaml}\n---\n# Title\n"


def test_a_card_is_taken_apart() -> None:
    card = parse("\ufeff---\r\nlicense: mit\r\ndate: 2026-11-21\r\n---\r\nText\n---\n")
    assert card.data == {"license": "mit", "date": "2026-11-21"}
    assert card.body == "Text\n---\n"
    assert parse("# Only text\n").present is False
    assert parse("---\n---\nText").body == "Text"


def test_broken_yaml_is_reported_and_not_raised() -> None:
    assert "mapping values" in parse(_card("a: b: c")).problem
    assert parse(_card("- a\n- b")).problem == "the front matter is not a mapping"
    assert check(_card("a: b: c"))[0][0].startswith("Metadata is not valid YAML")


def test_a_good_card_has_no_errors() -> None:
    yaml = """
license: [apache-2.0, mit]
base_model: Qwen/Qwen2-VL-2B-Instruct
base_model_relation: quantized
datasets: [acme/set]
language: en
tags: [a, b]
model-index:
- name: x
  results:
  - task: {type: t}
    dataset: {name: d, type: d}
    metrics: [{type: acc, value: 0.5}]
"""
    assert check(_card(yaml)) == ([], [])


@each_row(
    ("yaml", "words"),
    [
        ("base_model: /home/me/Llama", '"base_model" with value "/home/me/Llama" is not valid'),
        ("base_model: [a/b, ./c]", '"./c" is not valid'),
        ("datasets: [a/b/c]", '"datasets"'),
        ("license: my-own", '"license" must be one of'),
        ("base_model_relation: squeezed", '"base_model_relation" must be one of'),
        ("pipeline_tag: [a]", '"pipeline_tag" must be a string'),
        ("language: [en, no]", '"language" must be a string or an array of strings'),
        ("model-index: {}", '"model-index" must be an array'),
        ("model-index: [{results: []}]", '"model-index[0].name" is required'),
        ("model-index: [{name: x}]", '"model-index[0].results" is required'),
        ("model-index: [{name: x, results: [{}]}]", '"model-index[0].results[0].task.type"'),
        ("model-index: [{name: x, results: [1]}]", "must be an object"),
    ],
)
def test_what_the_hub_refuses_is_refused(yaml: str, words: str) -> None:
    errors, _ = check(_card(yaml))
    assert words in "\n".join(errors)


def test_an_empty_front_matter_is_only_warned_about() -> None:
    assert check("# Text\n") == ([], ["empty or missing yaml metadata in repo card"])
    assert check(_card("license: other"))[1]


def test_aliases_that_multiply_are_refused_and_not_expanded() -> None:
    layers = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    card = parse("\n".join(["---", "a0: &a0 [x]", *layers, "---", ""]))
    assert card.data == {}
    assert card.problem == "its aliases make it too large"


@each_row(
    "yaml",
    ["x: " + "[" * 50_000, "- " * 50_000 + "a", "? " * 50_000 + "a", "x: " + "{a: " * 50_000],
)
def test_yaml_of_endless_levels_is_a_problem_and_kills_nothing(yaml: str) -> None:
    assert "levels" in parse(f"---\n{yaml}\n---\n# A\n").problem


def test_long_lists_are_no_levels() -> None:
    items = "".join(f"- b{number}\n" for number in range(3000))
    assert len(parse(f"---\ntags:\n{items}---\n# A\n").items("tags")) == 3000


@each_row(
    "text",
    [
        "a: 1\nb: [2.5, ~, yes, 0x1f, 017, 1_000, .inf, 12:30:45, 2020-01-01]",
        "a: 1\na: 2\n'a': 3",
        "a: &x [1]\nb: *x",
        "<<: {a: 1}\nb: 2",
        "? [1, 2]\n: c",
        "=: a",
        "- a\n- b: c",
        "a: !!str 1",
        "d: 2020-02-30",
        "true: a\n~: b\n1: c",
        "a: 'x\ny'\nb: |\n  z\n",
        "a: b: c",
        "",
    ],
)
def test_yaml_is_read_as_its_own_safe_reader_does(text: str) -> None:
    def told(read: Callable[[str], Any]) -> str:
        try:
            return repr(read(text))
        except (yaml.YAMLError, ValueError, TypeError) as error:
            return f"{type(error).__name__}: {error}"

    plain = partial(yaml.load, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    assert told(frontmatter.loaded) == told(plain)
