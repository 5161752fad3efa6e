"""Lint says what is wrong with a README, on which line, and what to do."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from hubq.markdown.blocks import seal
from hubq.markdown.lint import lint
from tests.rows import each_row

GOOD = """---
license: apache-2.0
library_name: transformers
pipeline_tag: text-generation
---
"""


def found(text: str, folder: Path | None = None) -> list[tuple[str, str, int]]:
    """Return severity, rule and line of each finding."""
    return [(one.severity, one.rule, one.line) for one in lint(text, folder)]


def front(*lines: str) -> list[tuple[str, str, int]]:
    """Return the findings of a good front matter with further lines, the first on line 5."""
    return found(GOOD.removesuffix("---\n") + "\n".join([*lines, "---", ""]))


@each_row(
    "lines",
    [
        ["license: mit"],
        ["'license': mit"],
        ["license : mit"],
        ["? license", ": mit"],
        ['"license": mit'],
        ["tags:", "- a", "license: mit"],
    ],
)
def test_a_key_said_twice_is_found_however_it_is_written(lines: list[str]) -> None:
    assert [one for one in front(*lines) if one[:2] == ("error", "yaml")]


def test_keys_within_others_are_not_said_twice() -> None:
    lines = ["tags:", "- license: mit", "widget:", "  license: mit", "# license: a"]
    assert not [one for one in front(*lines) if one[:2] == ("error", "yaml")]


def test_a_good_card_has_no_findings() -> None:
    text = GOOD + "# T\n\n| a | b |\n|---|---|\n| `x` | 1 \\| 2 |\n\n```\n{{ x }}\n```\n"
    assert found(text + seal("<!-- hubq:begin a -->\n1\n<!-- hubq:end a -->\n")) == []


@each_row(
    ("lines", "wanted"),
    [
        (["base_model: a/b"], ("info", "base_model_relation", 5)),
        (["base_model: ./here", "base_model_relation: merge"], ("error", "base_model", 5)),
        (
            ["base_model:", "- a/b", "- /x", "base_model_relation: merge"],
            ("error", "base_model", 7),
        ),
        (["base_model_relation: quantized"], ("error", "base_model", 5)),
        (["base_model: a/b", "base_model_relation: q"], ("error", "base_model_relation", 6)),
        (["language: [en, english]"], ("error", "language", 5)),
        (["language:", "- en", "- zh-CN"], ("error", "language", 7)),
        (["tags: [1]"], ("error", "tags", 5)),
        (["datasets: [a/b/c]"], ("error", "datasets", 5)),
        (["new_version: /x"], ("error", "new_version", 5)),
        (["thumbnail: 5"], ("error", "thumbnail", 5)),
        (["licence: mit"], ("info", "key", 5)),
        (["tags: [a]", "tags: [b]"], ("error", "yaml", 6)),
        (["model-index: 5"], ("error", "model-index", 5)),
        (["model-index:", "- name: x", "  results:", "  - 5"], ("error", "model-index", 8)),
        (["a: b: c"], ("error", "yaml", 5)),
    ],
)
def test_the_front_matter_is_checked_line_by_line(
    lines: list[str], wanted: tuple[str, str, int]
) -> None:
    assert front(*lines) == [wanted]


@each_row(
    ("value", "level"),
    [("1.5", None), ("'1.5 ± 2'", "warning"), (".nan", "error"), ("true", "error"), ("", "error")],
)
def test_values_of_results_are_numbers(value: str, level: str | None) -> None:
    text = f"""model-index:
- name: x
  results:
  - task: {{type: t}}
    dataset: {{name: d, type: d}}
    metrics:
    - type: accuracy
      value: {value}"""
    assert front(*text.splitlines()) == ([(level, "model-index", 11)] if level else [])


def test_a_source_of_results_needs_an_address() -> None:
    text = "model-index: [{name: x, results: [{task: {type: t}, dataset: {name: d, type: d}, "
    text += "metrics: [], source: {name: y}}]}]"
    assert front(text) == [("error", "model-index", 5)]


def test_licenses_are_the_hubs() -> None:
    (finding,) = lint(GOOD.replace("apache-2.0", "apache2"))
    assert (finding.severity, finding.line, finding.remedy) == (
        "error",
        2,
        "Did you mean apache-2.0?",
    )
    other = GOOD.replace("apache-2.0", "other")
    assert found(other) == [("warning", "license_link", 2), ("warning", "license_name", 2)]
    named = other.replace("other", "other\nlicense_name: x\nlicense_link: LICENSE")
    assert found(named) == []


def test_what_is_not_said_is_told() -> None:
    assert found("# T\n") == [("warning", "front-matter", 1)]
    assert found("---\nlicense: mit\n# T\n") == [("error", "front-matter", 1)]
    assert [rule for _, rule, _ in found("---\ntags: [a]\n---\n")] == [
        "license",
        "library_name",
        "pipeline_tag",
    ]


def test_words_of_the_hub_are_suggested() -> None:
    text = GOOD.replace("transformers", "Transfomers").replace("text-gen", "txt-gen")
    assert [one.remedy for one in lint(text)] == [
        "Did you mean transformers?",
        "Did you mean text-generation?",
    ]


@each_row(
    ("body", "wanted"),
    [
        ("<!-- hubq:begin a -->\n", ("error", "markers", 6)),
        ("\n<!-- hubq:begin a -->\nx\n<!-- hubq:end a -->\n", ("info", "markers", 7)),
        (
            seal("<!-- hubq:begin a -->\n1\n<!-- hubq:end a -->\n").replace("\n1\n", "\n2\n"),
            ("warning", "edited-block", 6),
        ),
        ("x\n{{ name }}\n", ("error", "placeholder", 7)),
        ("{% if x %}\n", ("error", "placeholder", 6)),
        ("a \ue000 b\n", ("error", "placeholder", 6)),
        ("[More Information Needed]\n", ("warning", "placeholder", 6)),
        ("| a |\n|---|\n| To be filled |\n", ("warning", "placeholder", 8)),
        ("|a|b|\n|-|-|\n|1|2|3|\n", ("error", "table", 8)),
        ("a|b\n-|-\n1\n2|\n|3|\n", ("warning", "table", 9)),
        ("|a|b|\n|-|-|-|\n", ("error", "table", 7)),
    ],
)
def test_the_text_is_checked_line_by_line(body: str, wanted: tuple[str, str, int]) -> None:
    assert wanted in found(GOOD + body)


def test_markers_with_nothing_between_them_ask_for_the_block() -> None:
    assert found(GOOD + "<!-- hubq:begin a -->\n\n<!-- hubq:end a -->\n") == []


def test_code_and_comments_are_left_alone() -> None:
    body = "~~~\n{{ x }}\n|a|\n|-|\n|1|2|\n~~~\n`{{ x }}` ``{% y %}``\n<!--\n{{ z }}\n-->\n"
    assert found(GOOD + body) == []
    assert found(GOOD + "```\n{{ x }}\n") == []


def test_files_that_are_not_there_are_named(tmp_path: Path) -> None:
    (tmp_path / "here.png").write_bytes(b"")
    body = """![a](here.png) [b](gone.md#part "why") [c](https://x.y/z) [d](#top) [e](/acme/x)
<picture><source srcset="dark.png"><img src='here.png'></picture> `[f](no.png)`
"""
    card = GOOD.replace("---\n# ", "---\n") + body
    assert found(card) == []
    findings = lint(card, tmp_path)
    assert [(one.line, one.found) for one in findings] == [
        (6, "a link to gone.md, which is not there"),
        (7, "a link to dark.png, which is not there"),
    ]
    link = GOOD.replace("apache-2.0", "other\nlicense_name: x\nlicense_link: LICENSE")
    assert found(link, tmp_path) == [("error", "license_link", 4)]
    picture = GOOD.replace("pipeline_tag", "thumbnail: x.png\npipeline_tag")
    assert found(picture, tmp_path) == [("error", "thumbnail", 4)]


@given(st.text(st.sampled_from([*"-a:|\n\r `[](){}%<>!#\ufeff\u2028\"'*&"]), max_size=60))
def test_any_text_is_linted(text: str) -> None:
    for prefix in ("", "---\n", GOOD):
        for one in lint(prefix + text, Path("/nowhere")):
            assert 1 <= one.line <= (prefix + text).count("\n") + 1
