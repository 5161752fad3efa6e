from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubq.audit.auditing import audit
from hubq.audit.repairs import Repair, mended, repairs, suggestions
from hubq.audit.rule import all_rules
from hubq.audit.subject import Subject
from hubq.markdown import frontmatter
from hubq.markdown.header import Uneditable
from hubq.model.finding import Finding
from tests.audit.cases import case
from tests.rows import each_row

SHAPE = {"model_type": "zeta", "hidden_size": 64, "num_hidden_layers": 4}
OWN = {
    **SHAPE,
    "architectures": ["ZetaForCausalLM"],
    "transformers_version": "4.45.0",
    "quantization_config": {"quant_method": "awq", "bits": 4, "group_size": 128},
}
BASE = """---
license: other
license_name: zeta-license
license_link: LICENSE
pipeline_tag: text-generation
library_name: transformers
---

# Zeta-7B
"""
CARD = "---\nlanguage: en\n---\n\n# Zeta-7B-AWQ\n\nText.\n"
KEYS = {
    *("base_model", "base_model_relation", "library_name", "license", "license_name"),
    *("license_link", "pipeline_tag"),
}


def _base(card: str = BASE, **config: Any) -> Subject:
    return case(card, repo="acme/Zeta-7B", texts={"config.json": SHAPE | config})


def _subject(
    card: str = CARD,
    *,
    base: Subject | None = None,
    config: dict[str, Any] | None = None,
    repo: str = "acme/Zeta-7B-AWQ",
) -> Subject:
    return case(
        card, repo=repo, texts={"config.json": OWN if config is None else config}, base=base
    )


def _findings(subject: Subject) -> tuple[Finding, ...]:
    rules = [rule for rule in all_rules() if rule.group in ("metadata", "arithmetic")]
    return audit(subject, rules).findings


def _repairs(subject: Subject) -> dict[str, Any]:
    return {one.key: one.value for one in repairs(subject, _findings(subject))}


def test_everything_that_the_base_and_the_configuration_tell_is_added() -> None:
    assert _repairs(_subject(base=_base())) == {
        "base_model": "acme/Zeta-7B",
        "base_model_relation": "quantized",
        "library_name": "transformers",
        "license": "other",
        "license_name": "zeta-license",
        "license_link": "https://huggingface.co/acme/Zeta-7B/blob/main/LICENSE",
        "pipeline_tag": "text-generation",
    }


def test_without_a_base_only_the_own_configuration_speaks() -> None:
    assert _repairs(_subject()) == {"library_name": "transformers"}


def test_a_stated_base_gets_its_relation() -> None:
    card = CARD.replace("language", "base_model: acme/Zeta-7B\nlanguage")
    assert _repairs(_subject(card, config={}))["base_model_relation"] == "quantized"
    two = CARD.replace("language", "base_model: [acme/a, acme/b]\nlanguage")
    assert "base_model_relation" not in _repairs(_subject(two))


def test_a_base_that_is_in_doubt_gets_no_relation() -> None:
    card = CARD.replace("language", "base_model: acme/Zeta-7B-Chat\nlanguage")
    subject = _subject(card, config={})
    assert "base-differs" in {one.rule for one in _findings(subject)}
    assert "base_model_relation" not in _repairs(subject)


@pytest.mark.parametrize(
    "base",
    [
        _base(hidden_size=128),
        case(BASE, repo="acme/Zeta-72B", texts={"config.json": SHAPE}),
        case(BASE, repo="acme/Zeta-7B"),
        case("---\nlicense: [\n---\n", repo="acme/Zeta-7B", texts={"config.json": {}}),
    ],
    ids=["shapes", "name", "unread", "broken"],
)
def test_a_base_that_may_be_another_model_gives_nothing(base: Subject) -> None:
    assert _repairs(_subject(base=base)) == {"library_name": "transformers"}


@each_row(
    "config",
    [
        OWN | {"auto_map": {"AutoModel": "x.Y"}},
        OWN | {"quantization_config": {"quant_method": "modelopt"}},
        {key: value for key, value in OWN.items() if key != "transformers_version"},
        {},
    ],
)
def test_a_library_that_is_not_certain_is_not_added(config: dict[str, Any]) -> None:
    assert "library_name" not in _repairs(_subject(config=config))


def test_a_wrong_task_is_changed_to_the_base_models() -> None:
    card = CARD.replace("language", "pipeline_tag: text-generation\nlanguage")
    base = _base(BASE.replace("text-generation", "image-text-to-text"))
    subject = _subject(card, base=base)
    (found,) = (one for one in repairs(subject, _findings(subject)) if one.key == "pipeline_tag")
    assert (found.before, found.value) == ("text-generation", "image-text-to-text")
    assert found.said.startswith("change `text-generation`: `pipeline_tag: image-text-to-text`")


def test_what_is_there_is_left_alone() -> None:
    card = CARD.replace(
        "language",
        "license: mit\nlibrary_name: vllm\npipeline_tag: any-to-any\nbase_model: acme/Zeta-7B\n"
        "base_model_relation: finetune\nlanguage",
    )
    assert _repairs(_subject(card, base=_base())) == {}


def test_findings_that_are_not_given_are_not_mended() -> None:
    subject = _subject(base=_base())
    only = [one for one in _findings(subject) if one.rule == "library-name"]
    assert [one.key for one in repairs(subject, only)] == ["library_name"]
    assert repairs(subject, ()) == ()


@each_row(
    "front",
    ["tags: [", "{a: 1}", "a: 1\na: 2", "<<: {a: 1}\nb: 2"],
)
def test_a_front_matter_that_cannot_be_edited_is_left_alone(front: str) -> None:
    assert _repairs(_subject(f"---\n{front}\n---\n\n# x\n", base=_base())) == {}


def test_mending_what_cannot_be_edited_is_refused() -> None:
    one = Repair(rule="library-name", key="library_name", value="mlx", why="so")
    with pytest.raises(Uneditable):
        mended("---\na: 1\na: 2\n---\n", [one])


def test_a_card_without_front_matter_gets_one() -> None:
    card = "# Zeta-7B-AWQ\r\n\r\nText.\r\n"
    subject = _subject(card, base=_base())
    text = mended(card, repairs(subject, _findings(subject)))
    assert text.startswith("---\r\n")
    assert text.endswith(f"\r\n---\r\n{card}")
    assert set(frontmatter.parse(text).data) == KEYS
    alone = _subject(card)
    assert mended(card, repairs(alone, _findings(alone))) == card


_VALUES = st.one_of(
    st.sampled_from(["en", "mit", "'a: b'", '"x # y"', "12", "yes", "2024-01-01", ">-\n  folded"]),
    st.lists(st.sampled_from(["gptq", "awq", "'4-bit'"]), min_size=1, max_size=3).map(
        lambda items: "\n" + "\n".join(f"- {item}" for item in items)
    ),
    st.just("[a, b]  # kept"),
)
_NAMES = st.sampled_from(
    ["language", "tags", "datasets", "model_name", "thumbnail", "x_y", "license"]
)
_BODIES = st.text(
    st.characters(codec="utf-8", exclude_characters="\r\ufeff", exclude_categories=["Cs"]),
    max_size=60,
)


@st.composite
def _cards(draw: st.DrawFn) -> str:
    pairs = draw(st.dictionaries(_NAMES, _VALUES, max_size=5))
    lines = [f"{key}: {value}" for key, value in pairs.items()]
    at = draw(st.integers(0, len(lines)))
    lines[at:at] = draw(st.sampled_from([[], ["# a comment"], [""]]))
    text = "---\n" + "\n".join([*lines, ""]) + "---\n" + draw(_BODIES)
    text = text.replace("\n", draw(st.sampled_from(["\n", "\r\n"])))
    return draw(st.sampled_from(["", "\ufeff"])) + text


@given(_cards())
def test_only_the_wanted_keys_change_and_every_other_byte_stays(card: str) -> None:
    subject = _subject(card, base=_base())
    made = repairs(subject, _findings(subject))
    text = mended(card, made)
    before, after = frontmatter.parse(card), frontmatter.parse(text)
    wanted = {one.key: one.value for one in made}
    assert set(wanted) <= KEYS
    assert after.data == before.data | wanted
    assert after.body == before.body
    assert text.startswith("\ufeff") == card.startswith("\ufeff")
    if not card.count("\n") - card.count("\r\n"):
        assert not text.count("\n") - text.count("\r\n")
    kept = [line for line in card.splitlines(keepends=True) if not _is_key(line, wanted)]
    lines = iter(text.splitlines(keepends=True))
    assert all(line in lines for line in kept), "a line is gone, or not where it was"


@given(_cards())
def test_a_mended_card_needs_no_more_repairs(card: str) -> None:
    subject = _subject(card, base=_base())
    made = repairs(subject, _findings(subject))
    text = mended(card, made)
    assert mended(text, made) == text
    again = _subject(text, base=_base())
    assert not repairs(again, _findings(again))


def _is_key(line: str, keys: dict[str, Any]) -> bool:
    found = re.match(r"(\w+):", line)
    return bool(found and found[1] in keys)


def test_numbers_are_suggested_and_never_edited() -> None:
    table = "| Task | Zeta-7B | Zeta-7B-AWQ |\n|---|---|---|\n"
    rows = "| MMLU | 70.00 | 68.00 |\n| GSM8K | 60.00 | 56.00 |\n| Average | 65.00 | 63.00 |\n"
    subject = _subject(f"{CARD}\n## Scores\n\n{table}{rows}", base=_base())
    found = _findings(subject)
    (wrong,) = [one for one in found if one.rule == "wrong-average"]
    told = suggestions(subject, found)
    assert sum("63.00" in line for line in told) == 1
    assert any(f"README.md:{wrong.line}" in line for line in told)
    assert "| Average | 65.00 | 63.00 |" in mended(
        subject.gathered.card or "", repairs(subject, found)
    )


def test_suggestions_leave_out_what_is_mended_and_what_is_mere_information() -> None:
    subject = _subject(base=_base())
    assert not suggestions(subject, _findings(subject))
    card = CARD.replace("Text.", "[gpus.example.org](example)")
    subject = _subject(card, base=_base())
    (line,) = suggestions(subject, _findings(subject))
    assert line.startswith("README.md:7:")
    assert "dead-link" in line


def test_suggestions_are_inert_markdown() -> None:
    one = Finding(
        rule="dead-link",
        severity="warning",
        path="README.md",
        line=3,
        said="`x` <b>",
        found="<script> [a](b)",
        remedy="*do*\n# it",
    )
    (line,) = suggestions(_subject(), [one])
    assert "\n" not in line
    assert "<script>" not in line
    assert "[a](b)" not in line
