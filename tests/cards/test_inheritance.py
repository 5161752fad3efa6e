"""A card takes over from its source what the Hub can read, and nothing else."""

from __future__ import annotations

from typing import Any

from hubq.cards import inheritance
from tests.rows import each_row


@each_row(
    ("card", "wanted"),
    [
        ({"license": "mit"}, {"license": "mit"}),
        ({"license": ["mit", "gpl"]}, {"license": ["mit", "gpl"]}),
        ({"license": "Qwen Research!"}, {"license": "other", "license_name": "qwen-research"}),
        (
            {"license": "x", "license_name": "Y", "license_link": "LICENSE"},
            {"license": "other", "license_name": "Y", "license_link": "LICENSE"},
        ),
        ({"license": {"a": 1}}, {}),
        ({"license": 5, "license_name": "x"}, {}),
        ({"license": "mit", "license_link": ["a"]}, {"license": "mit"}),
        ({"license": "<b>"}, {"license": "other", "license_name": "b"}),
    ],
)
def test_a_license_is_said_as_the_hub_reads_it(card: dict[str, Any], wanted: Any) -> None:
    assert inheritance.license_of(card) == wanted


@each_row(
    ("said", "wanted"),
    [("en", "en"), (["en", "zh-CN", 7, "code"], ["en", "code"]), (7, ""), ("english", "")],
)
def test_languages_are_codes(said: Any, wanted: Any) -> None:
    assert inheritance.languages_of({"language": said}) == wanted


def test_what_is_no_value_of_the_hub_is_left_out() -> None:
    assert inheritance.pipeline_tag_of_source({"pipeline_tag": 3}) == ""
    assert inheritance.pipeline_tag_of_source({"pipeline_tag": "any-to-any"}) == "any-to-any"
    assert inheritance.datasets_of({"datasets": ["a/b", "free text", 5]}) == ["a/b"]
    assert inheritance.datasets_of({"datasets": "a/b"}) == ["a/b"]
    assert inheritance.tags_of({"tags": {"a": 1}}) == []
    assert inheritance.tags_of({"tags": ["a\nb", "c\ue000", 4]}) == ["a b", "c"]
