"""hubq's keys follow the card; what a person wrote stays."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hubq.markdown import frontmatter
from hubq.markdown.header import Uneditable, written
from hubq.markdown.ownership import Owned, is_own, own
from tests.markdown.test_header import LINES

ENTRY = {
    "name": "Small-AWQ",
    "results": [
        {
            "task": {"type": "text-generation"},
            "dataset": {"name": "Words", "type": "words"},
            "metrics": [{"type": "accuracy", "value": 83.33}],
            "source": {"name": "hubq", "url": "https://x.y"},
        }
    ],
}
OURS: dict[str, Any] = {
    "license": "apache-2.0",
    "language": ["en"],
    "library_name": "transformers",
    "pipeline_tag": "text-generation",
    "base_model": "acme/Small",
    "base_model_relation": "quantized",
    "tags": ["quantized", "awq", "hubq"],
    "model-index": [ENTRY],
}


def owned(front: str, ours: dict[str, Any] = OURS, known: dict[str, Any] | None = None) -> Owned:
    """Return a README with this front matter, owned."""
    return own(f"---\n{front}---\n# T\n", ours, known or {})


def data_of(result: Owned) -> dict[str, Any]:
    return frontmatter.parse(result.text).data


def reasons(result: Owned) -> dict[str, str]:
    return {one.key: one.reason for one in result.kept}


def test_a_card_of_its_own_stays_as_it_is() -> None:
    card = written(OURS) + "# T\n"
    assert own(card, OURS) == Owned(text=card)


def test_a_readme_without_keys_gets_all() -> None:
    result = own("# Mine\n", OURS)
    assert result.text == written(OURS) + "# Mine\n"
    assert result.changed == tuple(OURS)


def test_where_the_weights_come_from_is_always_ours() -> None:
    result = owned("base_model: acme/Other # old\nbase_model_relation: finetune\n")
    assert "base_model: acme/Small # old\nbase_model_relation: quantized\n" in result.text
    assert data_of(owned("base_model: [acme/Small]\n"))["base_model"] == ["acme/Small"]


def test_what_a_person_wrote_stays_and_is_reported() -> None:
    front = "pipeline_tag: any-to-any\nlibrary_name: vllm\nlanguage: de\n"
    result = owned(front)
    assert front in result.text
    assert set(reasons(result)) == {"pipeline_tag", "library_name", "language"}
    assert [one.line for one in result.kept] == [4, 3, 2]


def test_what_we_wrote_last_time_follows_the_card() -> None:
    known = OURS | {"pipeline_tag": "image-text-to-text", "datasets": ["a/b"]}
    result = owned("pipeline_tag: image-text-to-text\ndatasets:\n- a/b\n", OURS, known)
    assert data_of(result)["pipeline_tag"] == "text-generation"
    assert "datasets" not in data_of(result)


def test_a_key_that_a_person_removed_stays_away() -> None:
    result = owned("license: apache-2.0\n", OURS, OURS)
    assert "language" not in data_of(result)
    assert reasons(result)["language"] == "a person removed it"
    assert data_of(result)["base_model"] == "acme/Small"


def test_a_license_is_taken_or_left_whole() -> None:
    ours = OURS | {"license": "other", "license_name": "qwen", "license_link": "LICENSE"}
    left = owned("license: mit\n", ours)
    assert {"license_name", "license_link"} & data_of(left).keys() == set()
    assert reasons(left)["license_name"] == "it goes with the license"
    assert data_of(owned("license: other\n", ours))["license_name"] == "qwen"
    named = owned("license: other\nlicense_name: mine\n", ours)
    assert "license_link" not in data_of(named)
    assert reasons(named)["license_name"] == "a person wrote it"


def test_tags_are_united_and_only_our_own_go() -> None:
    front = "tags:\n- mine # first\n- gptq\n- awq\n"
    known = OURS | {"tags": ["gptq", "quantized"]}
    result = owned(front, OURS, known)
    assert "tags:\n- mine # first\n- awq\n- hubq\n" in result.text
    assert data_of(owned(front))["tags"] == ["mine", "gptq", "awq", "quantized", "hubq"]
    assert data_of(owned("tags: solo\n"))["tags"] == ["solo", "quantized", "awq", "hubq"]
    assert data_of(owned("tags: [solo]\n"))["tags"] == ["solo", "quantized", "awq", "hubq"]


def test_results_of_others_stay_and_ours_are_replaced() -> None:
    other = "- name: X\n  results: # by hand\n  - source: {name: Board, url: 'https://b.c'}\n"
    mine = written({"model-index": [ENTRY]}).replace("83.33", "10.5").split("---\n")[1]
    result = owned(mine + other)
    assert other in result.text
    assert [is_own(entry) for entry in data_of(result)["model-index"]] == [False, True]
    assert data_of(result)["model-index"][1] == ENTRY
    assert own(result.text, OURS).changed == ()


def test_results_go_when_nothing_was_measured() -> None:
    ours = {key: value for key, value in OURS.items() if key != "model-index"}
    assert "model-index" not in data_of(owned(written(OURS)[4:-4], ours, OURS))
    assert "model-index" in data_of(owned("model-index:\n- name: x\n", ours))


def test_a_value_is_not_written_where_a_comment_would_be_lost() -> None:
    front = "tags: [a, # why\n  b]\nbase_model: # two\n- x/y # really\n- z/w\n"
    result = owned(front)
    assert front in result.text
    assert reasons(result)["base_model"] == "a comment stands in its lines"
    assert reasons(result)["tags"] == "it is written in brackets"


def test_results_of_no_list_are_not_ours() -> None:
    assert not is_own({"results": 5})
    assert not is_own({"results": []})
    assert not is_own("x")


@given(
    lines=st.lists(st.sampled_from(LINES), max_size=8),
    newline=st.sampled_from(["\n", "\r\n"]),
    known=st.sampled_from([{}, OURS, OURS | {"tags": ["one", "a"], "license": "mit"}]),
)
def test_any_front_matter_is_owned_once_or_refused(
    *, lines: list[str], newline: str, known: dict[str, Any]
) -> None:
    text = newline.join(["---", *lines, "---", "# T", ""])
    try:
        result = own(text, OURS, known)
    except Uneditable:
        return
    before, after = frontmatter.parse(text), frontmatter.parse(result.text)
    assert after.body == before.body
    others = before.data.keys() - OURS.keys()
    assert {key: after.data[key] for key in others} == {key: before.data[key] for key in others}
    assert after.data.keys() <= before.data.keys() | OURS.keys()
    assert own(result.text, OURS, known).text == result.text
