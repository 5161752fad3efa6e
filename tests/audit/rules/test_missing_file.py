from __future__ import annotations

from typing import Any

from hubq.audit.rules.missing_file import RULE
from hubq.audit.subject import Subject
from tests.audit.cases import case, findings
from tests.rows import each_row

_FILES = {
    "model.safetensors": 9_000,
    "tokenizer.json": 9,
    "tokenizer_config.json": 9,
    "preprocessor_config.json": 9,
    "chat_template.jinja": 9,
    "generation_config.json": 9,
}
_CONFIG = {
    "config.json": {"architectures": ["XForConditionalGeneration"], "vision_config": {"depth": 2}}
}
_BASE = case(repo="acme/Small", files=_FILES, texts=_CONFIG)


def _without(*paths: str, **more: Any) -> Subject:
    files = {path: size for path, size in _FILES.items() if path not in paths}
    return case(**{"repo": "acme/Small-AWQ", "files": files, "texts": _CONFIG, **more})


@each_row(
    ("path", "severity"),
    [
        ("preprocessor_config.json", "warning"),
        ("tokenizer_config.json", "warning"),
        ("tokenizer.json", "warning"),
        ("chat_template.jinja", "info"),
        ("generation_config.json", "info"),
    ],
)
def test_what_the_base_has_is_missed(path: str, severity: str) -> None:
    more = {"texts": {**_CONFIG, "tokenizer_config.json": {}}} if "chat" in path else {}
    (found,) = findings(RULE, _without(path, base=_BASE, **more))
    assert (found.part, found.severity) == (path, severity if "chat" not in path else "warning")


def test_no_base_is_needed_to_miss_tokenizer_and_processor() -> None:
    found = findings(
        RULE,
        _without("tokenizer.json", "tokenizer_config.json", "preprocessor_config.json"),
    )
    assert [one.part for one in found] == ["tokenizer.json", "preprocessor_config.json"]


def test_whole_repos_are_fine() -> None:
    assert not findings(RULE, _without(base=_BASE))


def test_a_template_within_the_tokenizers_configuration_is_one() -> None:
    texts = {**_CONFIG, "tokenizer_config.json": {"chat_template": "{{ x }}"}}
    assert not findings(RULE, _without("chat_template.jinja", base=_BASE, texts=texts))
    # A configuration that was not read may hold it.
    assert not findings(RULE, _without("chat_template.jinja", base=_BASE))


def test_other_names_for_the_same_are_fine() -> None:
    files = {"model.safetensors": 9, "processor_config.json": 9, "vocab.json": 9, "merges.txt": 9}
    assert not findings(RULE, case(repo="a/Small-AWQ", files=files, texts=_CONFIG))


def test_other_kinds_of_repos_are_left_alone() -> None:
    assert not findings(RULE, case(repo="a/Small-GGUF", files={"x.gguf": 9}, base=_BASE))
    assert not findings(
        RULE, case(repo="a/x", files={"adapter_model.safetensors": 9}, texts=_CONFIG)
    )
    encoder = {"config.json": {"architectures": ["ViTForImageClassification"]}}
    assert not findings(RULE, case(repo="a/x", files={"model.safetensors": 9}, texts=encoder))
